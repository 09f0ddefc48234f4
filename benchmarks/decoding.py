"""A phone's photograph, decoded and made small: florist's way, and Pillow's straight one."""

import time
from collections.abc import Callable
from functools import partial
from io import BytesIO
from typing import Any, Final

import numpy as np
from PIL import Image

from benchmarks.materials import Bench, phone_jpeg, scanned
from florist import load
from florist.images import RGB, load_rgb

_ROUNDS: Final = 5
_PHOTOS: Final = 30


def measure(bench: Bench) -> dict[str, Any]:
    """Return the times, and what the shortcut does to pixels and answers."""
    backbone = bench.backbones[0]
    predictor = load(bench.model(backbone))
    spec = predictor.bundle.manifest.spec
    samples = scanned(bench.photos).test
    chosen = samples[:: max(1, len(samples) // _PHOTOS)]
    times: dict[str, list[float]] = {"florist": [], "pillow": []}
    differences, same = [], 0
    for sample in chosen:
        jpeg = phone_jpeg(sample.path)
        ours, mine = timed(partial(load_rgb, jpeg, spec))
        straight, its = timed(partial(whole, jpeg, spec.size))
        times["florist"].append(mine)
        times["pillow"].append(its)
        differences.append(float(np.abs(ours.astype(np.int16) - straight).mean()))
        answers = [predictor.probabilities(pixels).argmax() for pixels in (ours, straight)]
        same += int(answers[0] == answers[1])
    return {
        "pictures": len(chosen),
        "ms": {name: 1000 * float(np.median(found)) for name, found in times.items()},
        "mean_difference_of_255": float(np.mean(differences)),
        "largest_mean_difference_of_255": max(differences),
        "same_top_1": same,
        "size": spec.size,
    }


def whole(jpeg: bytes, size: int) -> RGB:
    """Decode every pixel, then resize with the same filter."""
    with Image.open(BytesIO(jpeg)) as image:
        return np.asarray(image.convert("RGB").resize((size, size), Image.Resampling.BILINEAR))


def timed(work: Callable[[], RGB]) -> tuple[RGB, float]:
    """Return what some work gives, and the seconds of its fastest round."""
    best = float("inf")
    for _ in range(_ROUNDS):
        start = time.perf_counter()
        result = work()
        best = min(best, time.perf_counter() - start)
    return result, best
