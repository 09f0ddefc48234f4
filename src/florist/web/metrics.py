"""What is counted and timed, for Prometheus.

With several processes `PROMETHEUS_MULTIPROC_DIR` is set, and the figures of all are added up:
https://prometheus.github.io/client_python/multiprocess/.
"""

import os
from collections.abc import Iterable
from typing import Final

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

from florist.web.inference.classify import Answer

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST
_SECONDS: Final = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)


class Metrics:
    """The figures of one app."""

    def __init__(self) -> None:
        # With several processes the values live in files, and a registry of their own reads them.
        registry = self._registry = CollectorRegistry()
        self.requests = Counter(
            "florist_requests",
            "Requests, by route, method and status.",
            ["route", "method", "status"],
            registry=registry,
        )
        self.latency = Histogram(
            "florist_request_seconds",
            "Time from the request's head to its answer.",
            ["route"],
            buckets=_SECONDS,
            registry=registry,
        )
        self.places = Gauge(
            "florist_places_taken",
            "Requests that are worked on, or wait for it, late ones included.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self.step = Histogram(
            "florist_step_seconds",
            "Time that a picture spent waiting, being decoded, and in the model.",
            ["step"],
            buckets=_SECONDS,
            registry=registry,
        )
        self.predictions = Counter(
            "florist_predictions", "Pictures, by their best class.", ["label"], registry=registry
        )
        self.verdicts = Counter(
            "florist_verdicts",
            "Pictures, by verdict: answer, unsure, or none of the classes.",
            ["verdict"],
            registry=registry,
        )
        self.refused = Counter(
            "florist_refused",
            "Requests and pictures refused, by reason.",
            ["code"],
            registry=registry,
        )

    def count_answers(self, answers: Iterable[Answer]) -> None:
        """Count and time the answers of one request."""
        for answer in answers:
            result = answer.result
            if result.error is not None:
                self.refused.labels(result.error.code).inc()
                continue
            self.step.labels("queue").observe(answer.queue_ms / 1000)
            self.step.labels("decode").observe(result.decode_ms / 1000)
            self.step.labels("inference").observe(result.inference_ms / 1000)
            self.predictions.labels(result.predictions[0].label).inc()
            self.verdicts.labels(result.verdict).inc()

    def render(self) -> bytes:
        """Return all figures in Prometheus' text format."""
        if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
            return generate_latest(self._registry)
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry)
