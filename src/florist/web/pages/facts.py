"""What the model page tells: the manifest, and as much of the report as the folder holds.

A model folder may come from anywhere. Whatever in it is missing or of another shape is not shown.
"""

import csv
import json
import logging
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from io import StringIO
from typing import Any

from florist import checks
from florist.bundle import HISTORY, REPORT, REPORT_PAGE, Bundle, Provenance
from florist.confidence.refusal import Refusal
from florist.errors import BundleError
from florist.pictures import read_pictures
from florist.report import Report, read_report
from florist.web.pages.charts import Chart, line_chart
from florist.web.pages.recipe import recipe_of
from florist.web.pages.tested import Gallery
from florist.web.services import services

_log = logging.getLogger(__name__)

_known: dict[str, "Facts"] = {}  # by digest; a process serves one model, so it stays small


@dataclass(frozen=True, kw_only=True)
class Curves:
    """How training went; epochs count from 1."""

    epochs: int
    best_epoch: int
    charts: tuple[Chart, ...]


@dataclass(frozen=True, kw_only=True)
class Facts:
    """All that is known about a model.

    `examples[side][class]` counts pictures, `has_page` is whether training wrote a page of its own.
    """

    name: str
    digest: str
    created: datetime | None
    florist: str
    size: int
    fit: str
    classes: tuple[str, ...]
    examples: Mapping[str, Mapping[str, int]]
    trained: Provenance | None
    measured: Report | None
    refusal: Refusal | None
    curves: Curves | None
    gallery: Gallery
    has_page: bool

    @property
    def recipe(self) -> tuple[tuple[str, str], ...]:
        """How the model was made, in the language of the page."""
        return recipe_of(self.trained) if self.trained else ()

    @property
    def accuracy(self) -> float | None:
        """The measured accuracy, where it was measured."""
        return self.measured.accuracy if self.measured else None


def served_facts() -> Facts:
    """Return what is known about the model that is served. Raises `NotReadyError`."""
    return facts_of(services().model.predictor().bundle)


def facts_of(bundle: Bundle) -> Facts:
    """Return what a model folder tells about itself; its files are read once."""
    if bundle.digest not in _known:
        _known[bundle.digest] = _facts(bundle)
    return _known[bundle.digest]


def _facts(bundle: Bundle) -> Facts:
    manifest = bundle.manifest
    return Facts(
        name=manifest.name,
        digest=bundle.digest,
        created=_or_none(datetime.fromisoformat, manifest.created),
        florist=manifest.florist,
        size=manifest.spec.size,
        fit=manifest.spec.fit,
        classes=manifest.classes,
        examples=manifest.trained.dataset.pictures if manifest.trained else {},
        trained=manifest.trained,
        measured=_or_none(read_report, bundle) if REPORT in manifest.files else None,
        refusal=_or_none(_refusal, bundle) if REPORT in manifest.files else None,
        curves=_or_none(_curves, bundle) if HISTORY in manifest.files else None,
        gallery=Gallery(_or_none(read_pictures, bundle) or ()),
        has_page=REPORT_PAGE in manifest.files,
    )


def _or_none(read: Callable[[Any], Any], source: Any) -> Any:
    try:
        return read(source)
    except (BundleError, *checks.NOT_AS_EXPECTED) as error:
        _log.warning("Left out of the model page: %s: %r", read.__name__, error)
        return None


def _refusal(bundle: Bundle) -> Refusal | None:
    """Read what comes of each score; an older florist, or too few pictures, tell nothing."""
    raw = json.loads(bundle.read(REPORT)).get("refusal")
    return None if raw is None else Refusal.from_dict(raw["curve"])


def _curves(bundle: Bundle) -> Curves:
    rows = list(csv.DictReader(StringIO(bundle.read(HISTORY).decode(), newline="")))

    def column(name: str) -> list[float]:
        values = [float(row[name]) for row in rows]
        if not all(map(math.isfinite, values)):
            raise ValueError(f"{name} is not finite")
        return values

    trained = bundle.manifest.trained
    if trained is not None and trained.best_epoch <= len(rows):
        best = trained.best_epoch - 1
    else:  # what no manifest tells is most likely the epoch of the lowest validation loss
        losses = column("val_loss")
        best = losses.index(min(losses))
    return Curves(
        epochs=len(rows),
        best_epoch=best + 1,
        charts=tuple(
            line_chart(name, {"training": column(key), "validation": column(f"val_{key}")}, best)
            for name, key in (("Accuracy", "accuracy"), ("Loss", "loss"))
        ),
    )
