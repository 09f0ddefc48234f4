"""Pictures in tars: found by their headers, and read by offset. Nothing is unpacked to a disk."""

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path, PurePosixPath
from tarfile import ReadError, TarError, TarFile, TarInfo
from typing import IO, Any, Final, cast

from florist.errors import BatchError, printable
from florist.formats import is_hidden, is_picture_name, is_tar
from florist.parallel import in_order
from florist.storage import Bucket, is_address, split

_READERS: Final = 8
_MOST_PICTURES: Final = 1_000_000
"""Of one tar, as their names are in memory while it is looked into."""

_HEADER: Final = 16 * 2**10
"""Bytes that may tell of one member: the longest path takes 4 KiB. `tarfile` parses what is longer
in quadratic time and memory."""

_BLOCK: Final = 512


@dataclass(frozen=True, slots=True)
class Member:
    """A file in a tar: `size` bytes from `offset` on."""

    tar: str
    name: str
    offset: int
    size: int

    def __str__(self) -> str:
        """Return the name, below that of the tar."""
        return f"{self.tar}/{self.name}"

    def read(self, path: str, most: int) -> bytes:
        """Return the content, or the first `most` bytes of it, out of the tar at a path.

        Raises `OSError`, and `BatchError` where the tar has become shorter.
        """
        with Path(path).open("rb") as file:
            file.seek(self.offset)
            content = file.read(min(self.size, most))
        if len(content) < min(self.size, most):
            raise BatchError(f"{printable(self.tar)} was changed meanwhile: it is shorter.")
        return content


Picture = str | Member
"""A path, an address, or what lies in a tar at one."""


def with_members(names: Iterable[str], problems: list[str]) -> Iterator[Picture]:
    """Yield names, in place of a tar its pictures; add what is wrong with one to `problems`.

    Raises `StorageError` where a bucket does not answer.
    """
    for are_tars, some in groupby(names, key=is_tar):
        if not are_tars:
            yield from some
            continue
        for found in in_order(_look_into, some, _READERS):
            problems += found.problems
            yield from found.pictures


@dataclass
class _Found:
    pictures: Iterable[Member] = ()
    problems: list[str] = field(default_factory=list)


def _look_into(tar: str) -> _Found:
    """Find the visible pictures of a tar: of those with one name the last, as unpacking leaves it.

    Of a damaged one there are none: half of them here and all of them later would be doubled.
    """
    shown, found, others = printable(tar), dict[str, Member](), list[str]()
    try:
        with _opened(tar) as file:
            for info in _headers(file):
                parts = [part for part in PurePosixPath(info.name).parts if part != "/"]
                name = "/".join(parts)
                if not is_picture_name(PurePosixPath(name)) or any(map(is_hidden, parts)):
                    continue
                if info.isreg() and not info.issparse():
                    found[name] = Member(tar, name, info.offset_data, info.size)
                else:
                    others.append(name)
                if len(found) + len(others) > _MOST_PICTURES:
                    raise ReadError(f"it has more than {_MOST_PICTURES:,} pictures")
    except (TarError, ValueError, OverflowError) as error:
        return _Found(problems=[f"{shown} is left out: {printable(error)}."])
    except OSError as error:
        return _Found(problems=[f"{shown} cannot be read: {error.strerror or error}."])
    problems = []
    if others:
        problems = [
            f"{shown} has {len(others):,} pictures that are links or no regular files, and are "
            f"left out; the first is {printable(others[0])}."
        ]
    elif not found:
        problems = [f"There is no picture in {shown}."]
    return _Found(found.values(), problems)


def _opened(tar: str) -> IO[bytes]:
    if is_address(tar):
        bucket, name = split(tar)
        return Bucket(bucket).open(name)
    # To open a pipe would wait for a writer.
    if not stat.S_ISREG(os.stat(tar).st_mode):  # noqa: PTH116 - as it is
        raise ReadError("it is no regular file")
    return Path(tar).open("rb")


def _headers(file: IO[bytes]) -> Iterator[TarInfo]:
    """Yield what a tar tells of its members, in their order, as far as it is true.

    Raises `TarError`, or `ValueError`, where it is none, is cut off, or lies about a size.
    """
    bounded = _Bounded(file)
    # It wants to be given a file, and seeks and reads.
    tar = TarFile(fileobj=cast(Any, bounded), encoding="utf-8", errors="surrogateescape")
    while info := tar.next():
        if info.size < 0 or (info.isreg() and info.offset_data + info.size > tar.offset):
            raise ReadError(f"a header before byte {info.offset_data:,} lies about a size")
        yield info
        tar.members = []  # type: ignore[attr-defined]  # it keeps all that it has seen
        tar.pax_headers = {}  # what is said of all that follow: nothing that matters here
        bounded.left = _HEADER
    file.seek(tar.offset)
    if file.read(_BLOCK) != bytes(_BLOCK):
        raise ReadError(f"it is cut off or damaged at byte {tar.offset:,}")


class _Bounded:
    """A file of which no more than `left` bytes can be read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.seek = file.seek
        self.tell = file.tell
        self.left = _HEADER

    def read(self, size: int) -> bytes:
        if not 0 <= size <= self.left:
            raise ReadError(f"a header at byte {self.tell():,} is larger than {_HEADER:,} bytes")
        self.left -= size
        return self._file.read(size)
