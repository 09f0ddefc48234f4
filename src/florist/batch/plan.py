"""The plan: every picture has a number, and every shard a stretch of them.

It lies with the answers, as Parquet, so that whoever works on a shard needs its number alone, and
neither a driver nor a worker ever has all names in memory.
"""

import hashlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import BytesIO
from itertools import islice
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from florist.batch.pieces import Piece
from florist.batch.tar import Member, Picture
from florist.errors import BatchError, printable
from florist.storage import Folder, Storage

_NAMES_A_FILE: Final = 65_536
# Bytes, as the names of files are: not all of them are text.
_SCHEMA: Final = pa.schema(
    [("name", pa.binary()), ("tar", pa.binary()), ("offset", pa.int64()), ("size", pa.int64())]
)

_SHARDS: Final = 128
_SMALLEST: Final = 32
_LARGEST: Final = 1024


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How many pictures there are, the SHA-256 of their names, and how many a shard has.

    Of what lies in a tar, the place in it is a part of the name.
    """

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


def write_plan(names: Iterable[Picture], folder: Folder, shard: int | None = None) -> Plan:
    """Write the names, in their order, and return the plan: a function of them alone.

    By default shards are so small that there is one for each of many CPUs, and so large that what
    a file of answers costs is little beside them. Raises `OSError`.
    """
    digest, pictures = hashlib.sha256(), 0
    left = iter(names)
    while some := [*islice(left, _NAMES_A_FILE)]:
        columns = _columns(some)
        digest.update(b"\0".join([*columns["name"], b""]))
        if any(columns["tar"]):
            digest.update(repr(columns).encode())
        table = pa.table(columns, _SCHEMA)
        folder.write(_file(pictures // _NAMES_A_FILE), parquet(table))
        pictures += len(some)
    size = shard or min(max(-(-pictures // _SHARDS), _SMALLEST), _LARGEST)
    return Plan(pictures=pictures, names=digest.hexdigest(), shard=size)


def _columns(pictures: Sequence[Picture]) -> dict[str, list[Any]]:
    members = [None if isinstance(each, str) else each for each in pictures]
    return {
        "name": [os.fsencode(each if isinstance(each, str) else each.name) for each in pictures],
        "tar": [each and os.fsencode(each.tar) for each in members],
        "offset": [each and each.offset for each in members],
        "size": [each and each.size for each in members],
    }


def _picture(name: bytes, tar: bytes | None, offset: int, size: int) -> Picture:
    if tar is None:
        return os.fsdecode(name)
    return Member(os.fsdecode(tar), os.fsdecode(name), offset, size)


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
        self._names: pa.Table | None = None

    def between(self, first: int, last: int) -> list[Picture]:
        """Return the pictures with these numbers, without the last one.

        Raises `OSError`, and `BatchError` where a file is damaged.
        """
        names: list[Picture] = []
        while first < last:
            number, start = divmod(first, _NAMES_A_FILE)
            found = self._file(number).slice(start, last - first)
            names += map(_picture, *(column.to_pylist() for column in found.columns))
            first += len(found)
        return names

    def _file(self, number: int) -> pa.Table:
        if self._names is None or number != self._number:
            content = self._folder.read(_file(number))
            try:
                table = pq.read_table(BytesIO(content)).select(_SCHEMA.names)
                self._number, self._names = number, table
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
