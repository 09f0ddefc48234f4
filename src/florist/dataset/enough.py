"""Whether there is enough to train on."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from florist.dataset.model import SIDES, Dataset, Problem, Sample, Severity, Side
from florist.errors import DatasetError, printable

LEAST_PICTURES: Final = 5
"""Usable pictures that a class needs for a training: 3 to learn from, 1 to choose by, 1 to test."""

_FEW_PICTURES: Final = 20
_IMBALANCE: Final = 4.0


def require_trainable(dataset: Dataset) -> None:
    """Raise `DatasetError` unless 2 classes have 5 usable pictures each, on all three sides."""
    where = printable(dataset.root)
    if not dataset.classes:
        raise DatasetError(
            f"{where} has no class folder that can be used. "
            + "; ".join(f"{problem.path}: {problem.message}" for problem in dataset.problems[:3])
        )
    if len(dataset.classes) < 2:
        only = printable(dataset.classes[0])
        raise DatasetError(
            f"{where} has one class folder only, {only}. A classifier needs at least two: put the "
            "pictures of each class in a folder of their own."
        )
    for side in SIDES:
        if side in dataset.given:
            _require_in_folder(dataset, side)
    for name, count in dataset.counts().items():
        if count < LEAST_PICTURES:
            raise DatasetError(
                f"Class {printable(name)} in {where} has {count} usable pictures; at least "
                f"{LEAST_PICTURES} are needed. Add some, or move the folder away. "
                "`florist check` lists the files that cannot be used."
            )
    for side in SIDES:
        for name in _missing(dataset, side):
            raise DatasetError(
                f"Class {printable(name)} in {where} has no picture for the {side} side: its "
                "pictures are too few, or near-identical to each other. Add pictures that differ, "
                "or let near-identical ones be on several sides: --duplicates exact."
            )


def _require_in_folder(dataset: Dataset, side: Side) -> None:
    """Raise `DatasetError` where a side's folder lacks a class that another side has."""
    for name in _missing(dataset, side):
        elsewhere = [s for s in SIDES if dataset.counts(dataset.side(s))[name]]
        raise DatasetError(
            f"Class {printable(name)} in {printable(dataset.root)} has no usable picture on the "
            f"{side} side, which has a folder of its own"
            + (f"; it has some for {' and '.join(elsewhere)}" if elsewhere else "")
            + ". Put some pictures of it there, or move the class away."
        )


def _missing(dataset: Dataset, side: Side) -> list[str]:
    """Return the classes that have no picture on a side."""
    return [name for name, count in dataset.counts(dataset.side(side)).items() if not count]


def class_problems(classes: Sequence[str], samples: Sequence[Sample]) -> list[Problem]:
    """Name classes that are empty, tiny, or far larger than the smallest."""
    counts = Counter(sample.label for sample in samples)
    problems = []
    for label, name in enumerate(classes):
        count = counts[label]
        if count < LEAST_PICTURES:
            what = "empty class" if not count else "tiny class"
            message = f"{count} usable pictures; at least {LEAST_PICTURES} are needed to train"
            problems.append(_problem(what, "error", name, message))
        elif count < _FEW_PICTURES:
            message = f"only {count} usable pictures; expect little, and figures that say little"
            problems.append(_problem("tiny class", "warning", name, message))
    usable = [counts[label] for label in range(len(classes)) if counts[label]]
    if usable and max(usable) > _IMBALANCE * min(usable):
        message = (
            f"the largest class has {max(usable)} pictures, the smallest {min(usable)}; training "
            "weighs them, more pictures of the small ones are better"
        )
        problems.append(_problem("imbalance", "warning", ".", message))
    return problems


def _problem(kind: str, severity: Severity, path: str, message: str) -> Problem:
    return Problem(kind=kind, severity=severity, path=path, message=message)
