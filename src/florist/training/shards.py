"""Arrays on disk, in files that are written once and named by what they are made of.

A file that is there is whole, and right: so nothing has to be noted for a training to go on, or for
another one, or another machine, to take what is done already.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from florist import __version__
from florist.dataset import Sample
from florist.system import replacing

SAMPLES: Final = 32
"""How many pictures share a file: few files for many pictures, little to lose when interrupted."""

_ENDING: Final = ".rows"

Arrays = list[NDArray[Any]]


@dataclass(frozen=True, kw_only=True)
class Shards:
    """What is made of some samples, in order: `rows` rows of each, `SAMPLES` samples in a file.

    `row` is a structured type with a field for each array, so that all of a row lies together.
    `names` are the files' names.
    """

    folder: Path
    samples: Sequence[Sample]
    rows: int
    row: np.dtype[np.void]
    names: tuple[str, ...]

    @property
    def row_count(self) -> int:
        """Rows in all files together."""
        return self.rows * len(self.samples)

    def part(self, number: int) -> Sequence[Sample]:
        """Return the samples of a file."""
        return self.samples[number * SAMPLES : (number + 1) * SAMPLES]

    def missing(self) -> list[int]:
        """Return the numbers of the files that are not there."""
        return [number for number in range(len(self.names)) if not self._is_whole(number)]

    def write(self, number: int, blocks: Iterable[Arrays]) -> None:
        """Write a file from blocks of its rows. A full disk raises `OSError`, and leaves none."""
        with replacing(self.folder / self.names[number]) as partial, partial.open("wb") as file:
            for arrays in blocks:
                rows = np.empty(len(arrays[0]), self.row)
                for name, array in zip(self.row.fields or (), arrays, strict=True):
                    rows[name] = array
                file.write(rows.tobytes())

    def read(self, rows: NDArray[np.int64]) -> Arrays:
        """Return some rows of each array.

        Files are opened for one row each, which takes microseconds: mapped ones would count as the
        process' own memory, and open ones against its limit, the more the larger the data set.
        """
        found = np.empty(len(rows), self.row)
        for target, (number, row) in enumerate(
            zip(*np.divmod(rows, SAMPLES * self.rows), strict=True)
        ):
            with (self.folder / self.names[number]).open("rb", buffering=0) as file:
                file.seek(row * self.row.itemsize)
                file.readinto(found[target : target + 1])
        return [np.ascontiguousarray(found[name]) for name in self.row.fields or ()]

    def _is_whole(self, number: int) -> bool:
        """Look at the size, too: of what a broken disk or a careless copy has left."""
        try:
            found = (self.folder / self.names[number]).stat().st_size
        except FileNotFoundError:
            return False
        return found == len(self.part(number)) * self.rows * self.row.itemsize


def shards_of(
    samples: Sequence[Sample],
    folder: Path,
    *,
    made_by: Mapping[str, object],
    rows: int,
    row: np.dtype[np.void],
) -> Shards:
    """Return the files for what something makes of samples; `made_by` is all that it depends on."""
    recipe = json.dumps([__version__, made_by, rows, row.descr], sort_keys=True)
    names = []
    for start in range(0, len(samples), SAMPLES):
        pictures = [sample.sha256 for sample in samples[start : start + SAMPLES]]
        names.append(sha256("\n".join([recipe, *pictures]).encode()).hexdigest()[:32] + _ENDING)
    return Shards(folder=folder, samples=samples, rows=rows, row=row, names=tuple(names))


def sweep(folder: Path, keep: Iterable[Shards]) -> None:
    """Make the folder, and drop every file in it that these shards do not name."""
    folder.mkdir(parents=True, exist_ok=True)
    names = {name for shards in keep for name in shards.names}
    for path in folder.iterdir():
        if path.name not in names:
            path.unlink()
