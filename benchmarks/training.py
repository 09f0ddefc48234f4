"""Wall time and accuracy of a training: florist, the classic way, Keras' recommended way."""

import json
import shutil
from typing import Any, Final

from benchmarks.materials import HERE, Bench
from benchmarks.processes import python, run

TRAINED: Final = "mobilenetv2-0.35"
"""The backbone that gets real weights where there are any."""
PEER_EPOCHS: Final = 2
"""How many epochs of a peer are run: its wall time is compared, not its accuracy."""


def measure(bench: Bench, backbone: str) -> dict[str, Any]:
    """Return a list of runs, a seed each, for each way."""
    weights = bench.weights if backbone == TRAINED else "none"
    seeds = range(bench.seeds)
    recipe = [backbone, "--weights", weights]
    found = {
        "florist": [florist(bench, recipe, seed) for seed in seeds],
        "classic": [
            script(bench, "classic/train.py", recipe, seed, bench.classic_epochs) for seed in seeds
        ],
    }
    if bench.peers:
        found["keras"] = [script(bench, "peers/keras_train.py", recipe, seeds[0], PEER_EPOCHS)]
    return found


def florist(bench: Bench, recipe: list[str], seed: int) -> dict[str, Any]:
    """Train with the defaults: the epochs end where they bring nothing more."""
    output = bench.work / "trained"
    for folder in (output, output.with_name("trained.training")):
        shutil.rmtree(folder, ignore_errors=True)
    command = ["-m", "florist", "train", str(bench.split()), "--output", str(output), "--backbone"]
    ended = run(python(*command, *recipe, "--epochs", str(bench.epochs), "--seed", str(seed)))
    report = json.loads((output / "report.json").read_text())
    epochs = len((output / "history.csv").read_text().splitlines()) - 1
    return {
        "seconds": ended.seconds,
        "epochs": epochs,
        "test_accuracy": report["accuracy"],
        "peak_mib": ended.peak_mib,
        "precision": report["precision"],
    }


def script(bench: Bench, name: str, recipe: list[str], seed: int, epochs: int) -> dict[str, Any]:
    """Run some epochs of another way of training; extrapolate to as many as are asked for.

    All epochs take the same time but for the first, in which TensorFlow builds its graphs.
    """
    ran = min(epochs, bench.epochs)
    command = python(str(HERE / name), str(bench.split()), *recipe)
    ended = run([*command, "--epochs", str(ran), "--seed", str(seed)])
    found = json.loads(ended.text.splitlines()[-1])
    rest = (bench.epochs - ran) * found["epochs"][-1]
    return {
        "seconds": ended.seconds + rest,
        "epochs": bench.epochs,
        "epochs_measured": ran,
        "test_accuracy": found["test_accuracy"] if ran == bench.epochs else None,
        "peak_mib": ended.peak_mib,
    }
