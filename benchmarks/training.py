"""Wall time of a training: florist, the classic way, Keras' recommended way."""

import json
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.materials import HERE, Bench
from benchmarks.processes import Ended, python, run

TRAINED: Final = "mobilenetv2-0.35"
"""The backbone that gets real weights where there are any."""
OTHER_EPOCHS: Final = 2
"""How many epochs of other ways are timed; the rest is extrapolated."""


@dataclass(frozen=True)
class Recipe:
    """What is trained, for how many epochs where it is not florist that trains."""

    bench: Bench
    backbone: str
    epochs: int
    seed: int = 0

    def options(self) -> list[str]:
        """Return what every way of training is told."""
        weights = self.bench.weights if self.backbone == TRAINED else "none"
        return ["--weights", weights, "--seed", str(self.seed)]


def measure(bench: Bench, backbone: str) -> dict[str, Any]:
    """Return what each way took."""
    recipe = Recipe(bench, backbone, bench.epochs)
    found = {"florist": florist(recipe), "classic": extrapolated(classic, recipe)}
    if bench.peers:
        found["keras"] = extrapolated(keras, recipe)
    return found


def florist(recipe: Recipe) -> dict[str, Any]:
    """Train with the defaults, which choose how many epochs there are."""
    bench = recipe.bench
    output = bench.work / f"trained-{recipe.backbone}-{recipe.seed}"
    options = ["--backbone", recipe.backbone, *recipe.options()]
    ended = train(bench.split(), output, options)
    report = json.loads((output / "report.json").read_text())
    epochs = [float(found) for found in re.findall(r"^Epoch .* ([\d.]+) s", ended.text, re.M)]
    speed = re.search(r"^Features \(training\): .* ([\d.]+)/s$", ended.text, re.M)
    return {
        "seconds": ended.seconds,
        "epochs": len(epochs),
        "epoch_s": float(np.median(epochs)),
        "views_per_s": float(speed[1]) if speed else None,
        "test_accuracy": report["accuracy"],
        "peak_mib": ended.peak_mib,
        "precision": report["precision"],
    }


def train(pictures: Path, output: Path, options: Sequence[str]) -> Ended:
    """Run `florist train` from the beginning."""
    for folder in (output, output.with_name(f"{output.name}.training")):
        shutil.rmtree(folder, ignore_errors=True)
    where = ["train", str(pictures), "--output", str(output)]
    return run(python("-m", "florist", *where, *options))


def script(name: str, recipe: Recipe) -> dict[str, Any]:
    """Train another way."""
    data = [str(recipe.bench.split()), recipe.backbone]
    epochs = ["--epochs", str(recipe.epochs)]
    ended = run(python(str(HERE / name), *data, *recipe.options(), *epochs))
    found = json.loads(ended.text.splitlines()[-1])
    return {
        "seconds": ended.seconds,
        "epochs": recipe.epochs,
        "epoch_s": found["epochs"][-1],
        "test_accuracy": found["test_accuracy"],
        "peak_mib": ended.peak_mib,
    }


classic = partial(script, "classic/train.py")
keras = partial(script, "peers/keras_train.py")


def extrapolated(way: Any, recipe: Recipe) -> dict[str, Any]:
    """Time a few epochs; all take the same but for the first, in which TensorFlow builds graphs."""
    ran = min(OTHER_EPOCHS, recipe.epochs)
    found: dict[str, Any] = way(replace(recipe, epochs=ran))
    rest = (recipe.epochs - ran) * found["epoch_s"]
    return {
        "seconds": found["seconds"] + rest,
        "epochs": recipe.epochs,
        "epochs_measured": ran,
        "epoch_s": found["epoch_s"],
        "peak_mib": found["peak_mib"],
    }
