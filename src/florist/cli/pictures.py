"""Which pictures the arguments of a verb name."""

import os
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from glob import glob, has_magic
from pathlib import Path, PurePath, PurePosixPath

from florist.errors import printable
from florist.formats import is_hidden, is_picture_name, is_tar, is_visible_picture
from florist.storage import is_address, storage_at


def expand(paths: Sequence[str], problems: list[str]) -> Iterator[str]:
    """Yield files, and those of folders and patterns, in order; add what is wrong to `problems`.

    What is neither is left for reading to complain of. There are never more names in memory than
    the folders from here to a file hold, or one pattern finds.
    """
    for path in paths:
        bucket = is_address(path)
        if bucket and has_magic(path):
            yield from _matching(path) or [path]
        elif (bucket and not _is_file_name(path)) or Path(path).is_dir():
            found = _in_bucket(path) if bucket else _pictures_in(Path(path), problems)
            first = next(found, None)
            if first is None:
                problems.append(f"There is no picture in {printable(path)}.")
            else:
                yield first
                yield from found
        elif has_magic(path) and not Path(path).exists():
            yield from sorted(glob(path, recursive=True)) or [path]  # noqa: PTH207 - may be absolute
        else:
            yield path


def _is_file_name(address: str) -> bool:
    return is_tar(address) or is_picture_name(PurePath(address))


def _matching(pattern: str) -> list[str]:
    """Return the visible files of a bucket that a pattern names, in which * crosses no slash."""
    parts = pattern.split("/")
    fixed = next(number for number, part in enumerate(parts) if has_magic(part))
    storage, wanted = storage_at("/".join(parts[:fixed])), parts[fixed:]
    found = []
    for entry in storage.list():
        names = entry.name.split("/")
        fits = len(names) == len(wanted) and all(map(fnmatchcase, names, wanted))
        if names == wanted or (fits and not any(map(is_hidden, names))):
            found.append(storage.where(entry.name))
    return sorted(found)


def _in_bucket(address: str) -> Iterator[str]:
    """Yield the visible pictures below an address, by name."""
    storage = storage_at(address)
    for entry in storage.list():
        if is_visible_picture(PurePosixPath(entry.name)):
            yield storage.where(entry.name)


def _pictures_in(folder: Path, problems: list[str]) -> Iterator[str]:
    """Yield the visible pictures below a folder, by name; links to folders are not followed."""
    try:
        with os.scandir(folder) as scanned:
            entries = sorted(scanned, key=lambda entry: entry.name)
    except OSError as error:
        problems.append(f"{printable(folder)} cannot be opened: {error.strerror}.")
        return
    for entry in entries:
        if is_hidden(entry.name):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _pictures_in(folder / entry.name, problems)
        elif is_picture_name(Path(entry.name)) and entry.is_file():
            yield str(folder / entry.name)
