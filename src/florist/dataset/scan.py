"""Read every picture of a folder once: decode it, take its digest, name what is wrong with it."""

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Final

from florist.dataset.duplicates import (
    Duplicates,
    describe_duplicates,
    fingerprint,
    group_duplicates,
    require_fingerprints,
)
from florist.dataset.enough import class_problems
from florist.dataset.files import FoundFile, list_files
from florist.dataset.layout import require_class_level
from florist.dataset.model import SIDES, Dataset, Problem, Sample, Severity, Side
from florist.dataset.split import split
from florist.errors import ImageError
from florist.formats import SUFFIXES
from florist.images import DEFAULT_LIMITS, RGB, ImageSpec, Limits, load_picture, read_bytes
from florist.parallel import in_order
from florist.progress import Progress, silent

_SMALL_PIXELS: Final = 32

# Near-identical pictures are compared at this size, whatever size a model wants.
_GLANCE: Final = ImageSpec(size=128)

Inspection = tuple[Sample | None, list[Problem]]


def scan(
    root: str | os.PathLike[str],
    *,
    seed: int = 0,
    duplicates: Duplicates = "keep-together",
    limits: Limits = DEFAULT_LIMITS,
    previous: Mapping[str, Side] | None = None,
    progress: Progress = silent,
) -> Dataset:
    """Read, check and split the data set in a folder.

    `duplicates` says what is kept on one side, `previous` the sides that pictures keep, by SHA-256.
    Problems of single files are in `Dataset.problems`; the files themselves are left alone.

    Raises `DatasetError` where the folder holds no class folders. Whether there is enough to train
    on is for `require_trainable` to say.
    """
    near = duplicates == "keep-together"
    if near:
        require_fingerprints()
    require_class_level(Path(root))
    read, given = _read(Path(root), fingerprint if near else None, limits, progress)
    groups = group_duplicates(read.samples, duplicates, progress)
    samples = _assign(read.samples, given, groups, seed, previous or {})
    problems = [
        *read.problems,
        *describe_duplicates(samples, groups, read.classes),
        *class_problems(read.classes, samples),
    ]
    return replace(read, samples=tuple(samples), problems=tuple(problems))


def read_labelled(root: str | os.PathLike[str], *, progress: Progress = silent) -> Dataset:
    """Read pictures and their classes for an evaluation: nothing is split, nothing compared.

    Where the folder has a side for testing, only that one is read. All samples are on that side.

    Raises `DatasetError` as `scan` does.
    """
    read, given = _read(Path(root), None, DEFAULT_LIMITS, progress)
    only_test = "test" in given.values()
    samples = [s for s in read.samples if not only_test or given[s.name] == "test"]
    return replace(read, samples=tuple(replace(sample, side="test") for sample in samples))


def _read(
    root: Path, hashed: Callable[[RGB], bytes] | None, limits: Limits, progress: Progress
) -> tuple[Dataset, dict[str, Side | None]]:
    """Inspect every file; return the samples, not yet split, and the side each was found on."""
    listing = list_files(root)
    classes = tuple(sorted(listing.classes))
    labels = {name: label for label, name in enumerate(classes)}

    def inspect(file: FoundFile) -> Inspection:
        return _inspect(file, labels[file.class_name], hashed, limits)

    samples: list[Sample] = []
    problems = list(listing.problems)
    # Pillow decodes outside the interpreter lock. Results come in order, so the data set does too.
    with closing(in_order(inspect, listing.files)) as inspections:
        for done, (sample, found) in enumerate(inspections, start=1):
            samples += [sample] if sample else []
            problems += found
            progress("Reading pictures", done, len(listing.files))
    dataset = Dataset(
        root=root,
        classes=classes,
        samples=tuple(samples),
        problems=tuple(problems),
        given=frozenset(file.side for file in listing.files if file.side),
    )
    return dataset, {file.name: file.side for file in listing.files}


def _inspect(
    file: FoundFile, label: int, hashed: Callable[[RGB], bytes] | None, limits: Limits
) -> Inspection:
    """Decode one file; return what it is, or what is wrong with it."""
    try:
        content = read_bytes(file.path, limits)
        picture = load_picture(content, _GLANCE, limits)
    except (ImageError, OSError) as error:
        reason = (
            str(error) if isinstance(error, ImageError) else f"cannot be read: {error.strerror}"
        )
        return None, [_problem("unusable", "error", file.name, reason)]
    problems = []
    ending = file.path.suffix.lower()
    if ending and ending not in SUFFIXES[picture.format]:
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
        limits=limits,
    )
    return sample, problems


def _assign(
    samples: Sequence[Sample],
    given: dict[str, Side | None],
    groups: Sequence[Sequence[int]],
    seed: int,
    previous: Mapping[str, Side],
) -> list[Sample]:
    """Split, or keep the sides that folders give and take from training what they lack."""
    free = [i for i, s in enumerate(samples) if given[s.name] in {None, "train"}]
    fixed = {side for side in given.values() if side} - {"train"}
    sides = tuple(side for side in SIDES if side not in fixed)
    position = {index: place for place, index in enumerate(free)}
    free_groups = [[position[i] for i in group if i in position] for group in groups]
    free_groups = [group for group in free_groups if group]
    placed = split([samples[i] for i in free], free_groups, seed, sides, previous)
    result = list(samples)
    for index, sample in enumerate(samples):
        side = given[sample.name]
        if index in position:
            result[index] = placed[position[index]]
        elif side:
            result[index] = replace(sample, side=side)
    return result


def _problem(kind: str, severity: Severity, path: str, message: str) -> Problem:
    return Problem(kind=kind, severity=severity, path=path, message=message)
