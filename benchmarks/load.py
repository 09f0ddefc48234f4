"""More clients than can be served, for a while: what they are told, and what stays as it was."""

import http.client
import os
import signal
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from io import BytesIO
from multiprocessing import get_context
from typing import Any, Final

import numpy as np
from PIL import Image, ImageFilter

from benchmarks.materials import Bench
from benchmarks.processes import Server, serving
from benchmarks.serving import FLORIST, first_labels, florist
from benchmarks.traffic import connect

CLIENTS: Final = 64
BROKEN: Final = "broken"
"""What is counted where a connection ended without an answer."""


def measure(bench: Bench) -> dict[str, Any]:
    """Return what the clients saw, without and with a worker killed on the way."""
    return {name: hold(bench, kill=kill) for name, kill in (("steady", False), ("killed", True))}


def hold(bench: Bench, *, kill: bool) -> dict[str, Any]:
    """Load a server for three times the bench's seconds."""
    seconds, picture = 3 * bench.seconds, photograph()
    candidate = florist(bench.model(bench.backbones[0]), "auto")
    env = {"FLORIST_KEEP_UPLOADS": "false"}
    with (
        serving(candidate.command, candidate.port, env) as server,
        # The one who asks whether the server lives must not wait for sixty-four other threads.
        ProcessPoolExecutor(1, mp_context=get_context("spawn")) as prober,
        ThreadPoolExecutor(CLIENTS) as clients,
    ):
        first_labels(server.port, FLORIST, [picture])
        ends = time.monotonic() + seconds
        lives = prober.submit(ask_whether_alive, server.port, ends)
        asked = [clients.submit(insist, server.port, n, ends, picture) for n in range(CLIENTS)]
        memory = watch(server, ends, kill_at=ends - seconds / 2 if kill else None)
        answers = sum((each.result() for each in asked), Counter[str]())
        times = lives.result()
    return {
        "seconds": seconds,
        "answers": dict(answers),
        "livez_ms": {"p50": float(np.median(times)), "max": max(times)},
        # What is left to fill in the first quarter (pools, caches) does not count as growth.
        "mib": {"peak": max(memory), "growth": memory[-1] - memory[len(memory) // 4]},
    }


def photograph() -> bytes:
    """Return a JPEG of 1600 × 1200 pixels that takes as long to decode as a photograph."""
    noise = Image.effect_noise((1600, 1200), 90).filter(ImageFilter.GaussianBlur(1.5))
    buffer = BytesIO()
    Image.merge("RGB", [noise, noise.rotate(90), noise.rotate(180)]).save(buffer, "JPEG")
    return buffer.getvalue()


def insist(port: int, number: int, ends: float, picture: bytes) -> Counter[str]:
    """Send a picture again and again, at once even after a refusal, and count the answers."""
    time.sleep(number / CLIENTS)  # they come within a second, not within a millisecond
    seen: Counter[str] = Counter()
    connection = connect(port)
    while time.monotonic() < ends:
        try:
            connection.request("POST", FLORIST.path, picture, {"Content-Type": "image/jpeg"})
            response = connection.getresponse()
            response.read()
            seen[str(response.status)] += 1
        except (OSError, http.client.HTTPException):
            seen[BROKEN] += 1
            connection.close()
    connection.close()
    return seen


def ask_whether_alive(port: int, ends: float) -> list[float]:
    """Return how many ms /livez took, ten times a second, each time over a new connection."""
    times = []
    while time.monotonic() < ends:
        start = time.perf_counter()
        connection = connect(port)
        try:
            connection.request("GET", "/livez")
            connection.getresponse().read()
        except ConnectionError:  # held by the worker that was killed
            continue
        finally:
            connection.close()
        took = time.perf_counter() - start
        times.append(took * 1000)
        time.sleep(max(0.0, 0.1 - took))
    return times


def watch(server: Server, ends: float, kill_at: float | None) -> list[float]:
    """Sample the memory twice a second, in MiB; kill a worker on the way, where that is asked."""
    samples = []
    while (now := time.monotonic()) < ends:
        if kill_at is not None and now > kill_at:
            os.kill(server.children()[0], signal.SIGKILL)
            kill_at = None
        samples.append(server.mib())
        time.sleep(0.5)
    return samples
