"""Read every picture of a folder once: decode it, take its digest, name what is wrong with it."""

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Final

from florist.dataset.duplicates import describe_duplicates, fingerprint, group_duplicates
from florist.dataset.files import FoundFile, list_files
from florist.dataset.model import SIDES, Dataset, Problem, Sample, Severity, Side
from florist.dataset.split import split
from florist.errors import DatasetError, ImageError, printable
from florist.formats import SUFFIXES
from florist.images import RGB, ImageSpec, load_picture, read_bytes
from florist.progress import Progress, silent
from florist.system import cpu_limit

LEAST_PICTURES: Final = 5
"""Usable pictures that a class needs for a training: 3 to learn from, 1 to choose by, 1 to test."""

_FEW_PICTURES: Final = 20
_SMALL_PIXELS: Final = 32
_IMBALANCE: Final = 4.0

# Near-identical pictures are compared at this size, whatever size a model wants.
_GLANCE: Final = ImageSpec(size=128)

Inspection = tuple[Sample | None, list[Problem]]


def scan(root: str | os.PathLike[str], *, seed: int = 0, progress: Progress = silent) -> Dataset:
    """Read, check and split the data set in a folder.

    Problems of single files are in `Dataset.problems`; the files themselves are left alone.

    Raises `DatasetError` where the folder holds no class folders. Whether there is enough to train
    on is for `require_trainable` to say.
    """
    read, given = _read(Path(root), fingerprint, progress)
    groups = group_duplicates(read.samples)
    samples = _assign(read.samples, given, groups, seed)
    problems = [
        *read.problems,
        *describe_duplicates(samples, read.classes),
        *_class_problems(read.classes, samples),
    ]
    return replace(read, samples=tuple(samples), problems=tuple(problems))


def read_labelled(root: str | os.PathLike[str], *, progress: Progress = silent) -> Dataset:
    """Read pictures and their classes for an evaluation: nothing is split, nothing compared.

    Where the folder has a side for testing, only that one is read. All samples are on that side.

    Raises `DatasetError` as `scan` does.
    """
    read, given = _read(Path(root), None, progress)
    only_test = "test" in given.values()
    samples = [s for s in read.samples if not only_test or given[s.name] == "test"]
    return replace(read, samples=tuple(replace(sample, side="test") for sample in samples))


def require_trainable(dataset: Dataset) -> None:
    """Raise `DatasetError` unless 2 classes have 5 usable pictures each, on all three sides."""
    where = printable(dataset.root)
    if len(dataset.classes) < 2:
        only = printable(dataset.classes[0])
        raise DatasetError(
            f"{where} has one class folder only, {only}. A classifier needs at least two: put the "
            "pictures of each class in a folder of their own."
        )
    for name, count in dataset.counts().items():
        if count < LEAST_PICTURES:
            raise DatasetError(
                f"Class {printable(name)} in {where} has {count} usable pictures; at least "
                f"{LEAST_PICTURES} are needed. Add some, or move the folder away. "
                "`florist check` lists the files that cannot be used."
            )
    for side in SIDES:
        for name, count in dataset.counts(dataset.side(side)).items():
            if not count:
                raise DatasetError(
                    f"Class {printable(name)} in {where} has no picture for the {side} side"
                    ": its pictures are too few, or near-identical to each other. "
                    "Add pictures that differ."
                )


def _read(
    root: Path, hashed: Callable[[RGB], bytes] | None, progress: Progress
) -> tuple[Dataset, dict[str, Side | None]]:
    """Inspect every file; return the samples, not yet split, and the side each was found on."""
    listing = list_files(root)
    classes = tuple(sorted(listing.classes))
    labels = {name: label for label, name in enumerate(classes)}

    def inspect(file: FoundFile) -> Inspection:
        return _inspect(file, labels[file.class_name], hashed)

    samples: list[Sample] = []
    problems = list(listing.problems)
    # Pillow decodes outside the interpreter lock. Results come in order, so the data set does too.
    with ThreadPoolExecutor(cpu_limit()) as pool:
        try:
            for done, (sample, found) in enumerate(pool.map(inspect, listing.files), start=1):
                samples += [sample] if sample else []
                problems += found
                progress("Reading pictures", done, len(listing.files))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    sides = {file.name: file.side for file in listing.files}
    return Dataset(
        root=root, classes=classes, samples=tuple(samples), problems=tuple(problems)
    ), sides


def _inspect(file: FoundFile, label: int, hashed: Callable[[RGB], bytes] | None) -> Inspection:
    """Decode one file; return what it is, or what is wrong with it."""
    try:
        content = read_bytes(file.path)
        picture = load_picture(content, _GLANCE)
    except (ImageError, OSError) as error:
        reason = (
            str(error) if isinstance(error, ImageError) else f"cannot be read: {error.strerror}"
        )
        return None, [_problem("unusable", "error", file.name, reason)]
    problems = []
    if file.path.suffix.lower() not in SUFFIXES[picture.format]:
        problems.append(
            _problem(
                "wrong ending",
                "warning",
                file.name,
                f"its content is {picture.format}, read as that; rename it to "
                f"{SUFFIXES[picture.format][0]}",
            )
        )
    if min(picture.width, picture.height) < _SMALL_PIXELS:
        size = f"{picture.width} × {picture.height} pixels"
        problems.append(_problem("small", "warning", file.name, f"very small, {size}"))
    sample = Sample(
        path=file.path,
        name=file.name,
        label=label,
        sha256=hashlib.sha256(content).hexdigest(),
        fingerprint=hashed(picture.pixels) if hashed else b"",
    )
    return sample, problems


def _assign(
    samples: Sequence[Sample],
    given: dict[str, Side | None],
    groups: Sequence[Sequence[int]],
    seed: int,
) -> list[Sample]:
    """Split, or keep the sides that folders give and take from training what they lack."""
    free = [i for i, s in enumerate(samples) if given[s.name] in {None, "train"}]
    fixed = {side for side in given.values() if side} - {"train"}
    sides = tuple(side for side in SIDES if side not in fixed)
    position = {index: place for place, index in enumerate(free)}
    free_groups = [[position[i] for i in group if i in position] for group in groups]
    placed = split([samples[i] for i in free], [g for g in free_groups if g], seed, sides)
    result = list(samples)
    for index, sample in enumerate(samples):
        side = given[sample.name]
        if index in position:
            result[index] = placed[position[index]]
        elif side:
            result[index] = replace(sample, side=side)
    return result


def _class_problems(classes: Sequence[str], samples: Sequence[Sample]) -> list[Problem]:
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
