"""Arrays on disk: written in chunks, whole after a kill, read without filling memory."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import DTypeLike, NDArray


@dataclass(frozen=True, kw_only=True)
class ArrayStore:
    """Several arrays with the same number of rows, each in a file that only grows at its end.

    How many rows are there follows from the files' sizes, so nothing can contradict them. `shapes`
    are those of one row of each array.
    """

    folder: Path
    name: str
    shapes: tuple[tuple[int, ...], ...]
    dtype: DTypeLike

    @property
    def row_bytes(self) -> int:
        """Bytes that one row takes in all files together."""
        return sum(self._widths)

    def rows(self) -> int:
        """Return how many whole rows every file has."""
        sizes = [path.stat().st_size if path.exists() else 0 for path in self._paths]
        return min(size // width for size, width in zip(sizes, self._widths, strict=True))

    def truncate(self, rows: int) -> None:
        """Drop what lies after `rows`: the remains of a chunk that was not finished."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for path, width in zip(self._paths, self._widths, strict=True):
            with path.open("ab") as file:
                file.truncate(rows * width)

    def append(self, arrays: Sequence[NDArray[np.generic]]) -> None:
        """Write the next rows. A full disk raises `OSError` here, not a bus error later."""
        for path, array in zip(self._paths, arrays, strict=True):
            with path.open("ab") as file:
                file.write(np.ascontiguousarray(array, self.dtype).data)
                file.flush()
                os.fsync(file.fileno())

    def read(self, rows: NDArray[np.int64]) -> list[NDArray[np.generic]]:
        """Return copies of some rows of each array.

        The map lives no longer than this call: pages of a mapped file count as the process' own
        memory for as long as it stays mapped, and would grow with the data set.
        """
        total = self.rows()
        return [
            np.memmap(path, self.dtype, "r", shape=(total, *shape))[rows]
            for path, shape in zip(self._paths, self.shapes, strict=True)
        ]

    @property
    def _paths(self) -> list[Path]:
        return [self.folder / f"{self.name}-{number}.bin" for number in range(len(self.shapes))]

    @property
    def _widths(self) -> list[int]:
        itemsize = np.dtype(self.dtype).itemsize
        return [int(np.prod(shape)) * itemsize for shape in self.shapes]
