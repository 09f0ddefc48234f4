"""How many wrong labels `doubts.csv` names, where some were made wrong on purpose."""

import csv
import re
import shutil
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.materials import Bench, scanned
from benchmarks.training import TRAINED, train
from florist.bundle import DOUBTS

WRONG: Final = 0.05
FIRST: Final = 50


def measure(bench: Bench) -> dict[str, Any]:
    """Return the figures of each seed: other labels are wrong, and the pictures split anew."""
    return {"seeds": [_measured(bench, seed) for seed in range(bench.seeds)]}


def _measured(bench: Bench, seed: int) -> dict[str, Any]:
    pictures = bench.work / f"wrong-{seed}"
    wrong = _write(bench.photos, pictures, seed)
    output = bench.work / f"labels-{seed}"
    weights = ["--weights", bench.weights, "--seed", str(seed)]
    # How long is trained afterwards does not matter.
    ended = train(pictures, output, ["--backbone", TRAINED, *weights, "--epochs", "1"])
    with (output / DOUBTS).open(encoding="utf-8", newline="") as file:
        named = [row["file"] in wrong for row in csv.DictReader(file)]
    return {
        "pictures": len(scanned(bench.photos).samples),
        "wrong": len(wrong),
        "average_precision": average_precision(np.array(named), len(wrong)),
        "first": sum(named[:FIRST]),
        "seconds": sum(_seconds(ended.text, s) for s in ("Features (test)", "Looking into labels")),
    }


def average_precision(named: np.ndarray[Any, np.dtype[np.bool_]], wrong: int) -> float:
    """Return the mean, over all `wrong` ones, of the precision at the place where each is named.

    One that is not named at all counts as 0.
    """
    precision = np.cumsum(named) / np.arange(1, len(named) + 1)
    return float(precision[named].sum() / wrong)


def _write(photos: Path, target: Path, seed: int) -> set[str]:
    """Copy the photographs, some into another class' folder; return the names of those."""
    shutil.rmtree(target, ignore_errors=True)
    rng = np.random.default_rng(seed)
    dataset = scanned(photos)
    wrong = set()
    for sample in dataset.samples:
        label = sample.label
        moved = rng.random() < WRONG
        if moved:
            label = (label + int(rng.integers(1, len(dataset.classes)))) % len(dataset.classes)
        name = f"{dataset.classes[label]}/{sample.name.replace('/', '_')}"
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(sample.path, target / name)
        if moved:
            wrong.add(name)
    return wrong


def _seconds(text: str, stage: str) -> float:
    """Return how long a stage took, by what training has printed of it."""
    found = re.search(rf"^{re.escape(stage)}: (\d+)(?:, ([\d.]+)/s)?$", text, re.M)
    if found is None or found[2] is None:
        raise ValueError(f"training says nothing of the stage {stage}")
    return int(found[1]) / float(found[2])
