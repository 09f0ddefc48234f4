"""Wall time and accuracy of a training: florist, the classic way, Keras' recommended way."""

import json
import shutil
from pathlib import Path
from typing import Any, Final

from benchmarks.materials import HERE, Bench
from benchmarks.processes import python, run

TRAINED: Final = "mobilenetv2-0.35"
"""The backbone that gets real weights where there are any."""


def measure(bench: Bench, backbone: str) -> dict[str, Any]:
    """Return a list of runs, a seed each, for each way."""
    weights = bench.weights if backbone == TRAINED else "none"
    seeds = range(bench.seeds)
    found = {
        "florist": [florist(bench, backbone, weights, seed) for seed in seeds],
        "classic": [script(bench, "classic/train.py", backbone, weights, seed) for seed in seeds],
    }
    if bench.peers:
        found["keras"] = [
            script(bench, "peers/keras_train.py", backbone, weights, seed) for seed in seeds
        ]
    return found


def florist(bench: Bench, backbone: str, weights: str, seed: int) -> dict[str, Any]:
    """Train with the defaults: the epochs end where they bring nothing more."""
    output = bench.work / "trained"
    for folder in (output, output.with_name("trained.training")):
        shutil.rmtree(folder, ignore_errors=True)
    options = f"--backbone {backbone} --weights {weights} --epochs {bench.epochs} --seed {seed}"
    command = ["-m", "florist", "train", str(bench.split()), "--output", str(output)]
    ended = run(python(*command, *options.split()))
    report = json.loads((output / "report.json").read_text())
    epochs = len((output / "history.csv").read_text().splitlines()) - 1
    return {
        "seconds": ended.seconds,
        "epochs": epochs,
        "test_accuracy": report["accuracy"],
        "peak_mib": ended.peak_mib,
        "precision": report["precision"],
    }


def script(bench: Bench, name: str, backbone: str, weights: str, seed: int) -> dict[str, Any]:
    """Run another way of training; where it gets fewer epochs than asked for, extrapolate.

    All epochs take the same time but for the first, in which TensorFlow builds its graphs.
    """
    ran = min(bench.classic_epochs, bench.epochs)
    ended = run(
        python(
            str(HERE / Path(name)), str(bench.split()), backbone,
            "--weights", weights, "--epochs", str(ran), "--seed", str(seed),
        )
    )  # fmt: skip
    found = json.loads(ended.text.splitlines()[-1])
    rest = (bench.epochs - ran) * found["epochs"][-1]
    return {
        "seconds": ended.seconds + rest,
        "epochs": bench.epochs,
        "epochs_measured": ran,
        "test_accuracy": found["test_accuracy"] if ran == bench.epochs else None,
        "peak_mib": ended.peak_mib,
    }
