"""The plan: every picture has a number, and every shard a stretch of them.

It lies with the answers, as Parquet, so that whoever works on a shard needs its number alone, and
neither a driver nor a worker ever has all names in memory.
"""

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from io import BytesIO
from itertools import islice
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from florist.batch.pieces import Piece
from florist.errors import BatchError, printable
from florist.storage import Folder, Storage

_NAMES_A_FILE: Final = 65_536
# Bytes, as the names of files are: not all of them are text.
_SCHEMA: Final = pa.schema([("name", pa.binary())])

_SHARDS: Final = 128
_SMALLEST: Final = 32
_LARGEST: Final = 1024


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How many pictures there are, the SHA-256 of their names, and how many a shard has."""

    pictures: int
    names: str
    shard: int

    @property
    def shards(self) -> int:
        """The number of shards."""
        return -(-self.pictures // self.shard)

    def piece(self, number: int) -> Piece:
        """Return a shard as the stretch of pictures that it is."""
        first = number * self.shard
        return Piece(shard=number, first=first, last=min(first + self.shard, self.pictures))


def write_plan(names: Iterable[str], folder: Folder, shard: int | None = None) -> Plan:
    """Write the names, in their order, and return the plan: a function of them alone.

    By default shards are so small that there is one for each of many CPUs, and so large that what
    a file of answers costs is little beside them. Raises `OSError`.
    """
    digest, pictures = hashlib.sha256(), 0
    left = iter(names)
    while some := [*map(os.fsencode, islice(left, _NAMES_A_FILE))]:
        digest.update(b"\0".join([*some, b""]))
        table = pa.table([pa.array(some, pa.binary())], _SCHEMA)
        folder.write(_file(pictures // _NAMES_A_FILE), parquet(table))
        pictures += len(some)
    size = shard or min(max(-(-pictures // _SHARDS), _SMALLEST), _LARGEST)
    return Plan(pictures=pictures, names=digest.hexdigest(), shard=size)


def copy_plan(plan: Plan, source: Folder, target: Storage) -> None:
    """Copy the names to where the answers go, unless they are there. Raises `OSError`."""
    there = {entry.name for entry in target.list("plan")}
    for number in range(-(-plan.pictures // _NAMES_A_FILE)):
        if _file(number) not in there:
            target.write(_file(number), source.read(_file(number)))


class Names:
    """The names of a plan that was written; keeps those of one file in memory."""

    def __init__(self, folder: Storage) -> None:
        self._folder = folder
        self._number = -1
        self._names: pa.ChunkedArray | None = None

    def between(self, first: int, last: int) -> list[str]:
        """Return the names with these numbers, without the last one.

        Raises `OSError`, and `BatchError` where a file is damaged.
        """
        names: list[str] = []
        while first < last:
            number, start = divmod(first, _NAMES_A_FILE)
            found = self._file(number)[start : start + last - first].to_pylist()
            names += map(os.fsdecode, found)
            first += len(found)
        return names

    def _file(self, number: int) -> pa.ChunkedArray:
        if self._names is None or number != self._number:
            content = self._folder.read(_file(number))
            try:
                self._number, self._names = number, pq.read_table(BytesIO(content))["name"]
            except (ValueError, LookupError, OSError) as error:
                raise BatchError(
                    f"{printable(self._folder.where(_file(number)))} is damaged ({error!r}). "
                    "Remove it, and run the same again."
                ) from error
        return self._names


def parquet(table: pa.Table) -> bytes:
    """Return a table as a Parquet file, whose bytes follow from the rows that it was made of."""
    file = BytesIO()
    pq.write_table(table, file, compression="zstd")
    return file.getvalue()


def _file(number: int) -> str:
    return f"plan/{number:06}.parquet"
