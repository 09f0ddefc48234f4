"""Peak memory of a training: of few pictures, and of ten times as many."""

from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image

from benchmarks.materials import Bench
from benchmarks.processes import python, run
from benchmarks.training import TRAINED, train

_CLASSES: Final = 4
_IDLE: Final = "import keras; keras.layers.Dense(1)(keras.ops.ones((1, 1)))"


def measure(bench: Bench) -> dict[str, Any]:
    """Return the peak of each training, and what TensorFlow takes when it does next to nothing."""
    peaks = {}
    for count in (bench.pictures, 10 * bench.pictures):
        pictures = bench.work / f"drawn-{count}"
        if not pictures.exists():
            draw(pictures, count)
        options = ["--backbone", TRAINED, "--weights", "none", "--epochs", "1", "--views", "2"]
        peaks[str(count)] = train(pictures, bench.work / "memory", options).peak_mib
    return {"peak_mib": peaks, "idle_mib": run(python("-c", _IDLE)).peak_mib}


def draw(root: Path, count: int) -> None:
    """Write random pictures of 64 pixels, no two alike, in four shades."""
    rng = np.random.default_rng(0)
    partial = root.with_suffix(".partial")
    for index in range(count):
        folder = partial / f"class{index % _CLASSES}"
        folder.mkdir(parents=True, exist_ok=True)
        coarse = rng.integers(0, 160, (16, 16, 3), np.uint8) + np.uint8(30 * (index % _CLASSES))
        picture = Image.fromarray(coarse).resize((64, 64), Image.Resampling.BILINEAR)
        picture.save(folder / f"{index:06}.jpg")
    partial.rename(root)
