"""Which pictures a model folder keeps small copies of: mistakes, right ones, and trained ones."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from florist.dataset import Sample
from florist.engine import Probabilities
from florist.errors import ImageError
from florist.images import copy_without_metadata, read_bytes, thumbnail
from florist.parallel import in_order
from florist.pictures import MOST_BYTES, SIDE, SmallPicture, to_bytes
from florist.training.trust import bank_samples
from florist.training.workspace import Job

_MOST_EACH: Final = 4000
"""Bytes of a copy: at 160 pixels most photographs need fewer."""
_RIGHT: Final = 2
"""Test pictures of each class that it was right on, the surest ones."""
_WRONG_SHARE: Final = 0.4
_TESTED_SHARE: Final = 0.6
"""How much of the file the mistakes may fill, and they and the right ones together."""
_SPARE: Final = 300
"""What the file takes for a picture beside its bytes: its lines in both indices."""


@dataclass(frozen=True)
class _Wanted:
    """A picture to copy, and what is noted beside it."""

    sample: Sample
    note: SmallPicture


def write_pictures(path: Path, job: Job, probabilities: Probabilities) -> None:
    """Write the file, given what the model says of the test pictures, (pictures, classes)."""
    wrong, right = _tested(job, probabilities)
    shares = ((wrong, _WRONG_SHARE), (right, _TESTED_SHARE), (_trained(job), 1.0))
    pictures: list[SmallPicture] = []
    size = 0
    for wanted, share in shares:
        for picture in _copies(wanted):
            more = len(picture.content) + _SPARE
            if size + more > share * MOST_BYTES:
                break
            size += more
            pictures.append(picture)
            job.listener.progress("Keeping small pictures", size, MOST_BYTES)
    path.write_bytes(to_bytes(pictures))


def small_copies(samples: Iterable[Sample]) -> dict[str, bytes]:
    """Return copies of a few samples as WebP files, by name."""
    return dict(in_order(lambda sample: (sample.name, _copy(sample)), samples))


def _tested(job: Job, probabilities: Probabilities) -> tuple[list[_Wanted], list[_Wanted]]:
    """Return the mistakes, most confident first, and of each class the surest right ones."""
    wrong: list[_Wanted] = []
    right: list[list[_Wanted]] = [[] for _ in job.dataset.classes]
    classes, test, best = job.dataset.classes, job.dataset.test, probabilities.max(axis=1)
    for place in np.argsort(-best, kind="stable").tolist():
        sample, predicted = test[place], int(probabilities[place].argmax())
        note = SmallPicture(
            name=sample.name,
            label=classes[sample.label],
            content=b"",
            predicted=classes[predicted],
            score=min(1.0, float(best[place])),
        )
        those = wrong if predicted != sample.label else right[predicted]
        those.append(_Wanted(sample, note))
    # The first of each class before the second of any: there may be no room for all of them.
    return wrong, [each[n] for n in range(_RIGHT) for each in right if len(each) > n]


def _trained(job: Job) -> list[_Wanted]:
    """Return the pictures that the bank of `trust.npz` knows, in its order."""
    classes = job.dataset.classes
    return [
        _Wanted(
            sample,
            SmallPicture(name=sample.name, label=classes[sample.label], content=b"", row=row),
        )
        for row, sample in enumerate(bank_samples(job.dataset.train, len(classes)))
    ]


def _copies(wanted: Iterable[_Wanted]) -> Iterator[SmallPicture]:
    return in_order(lambda each: replace(each.note, content=_copy(each.sample)), wanted)


def _copy(sample: Sample) -> bytes:
    """Raise `DatasetError` where the file, good when the folder was read, is so no more."""
    try:
        content = read_bytes(sample.path, sample.limits)
        return thumbnail(copy_without_metadata(content, SIDE, sample.limits), SIDE, _MOST_EACH)
    except (ImageError, OSError) as error:
        raise sample.changed(str(error)) from error
