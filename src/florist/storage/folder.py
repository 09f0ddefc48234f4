"""Files by name in a folder of this machine."""

import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from florist.system import PARTIAL, create_atomically, write_atomically

_PART: Final = re.compile(r"[^/\\:\0]+")
_BEING_WRITTEN: Final = re.compile(rf"\.[0-9a-f]{{8}}{re.escape(PARTIAL)}$")
_ATTEMPTS: Final = 20


@dataclass(frozen=True)
class Entry:
    """A file as it is listed; `modified` is in seconds since 1970."""

    name: str
    modified: float


class Folder:
    """The files below a folder of this machine, in which others may have theirs.

    Every method raises `OSError` where the folder cannot be used, and `ValueError` for a name that
    is none, or would lead out of it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def where(self, name: str = "") -> str:
        """Return where a file is, for people."""
        return str(self.path / name)

    def list(self, prefix: str | None = None) -> Iterator[Entry]:
        """Yield the files, or those below `prefix`, in no order: no links, nothing half written."""
        for entry in self._entries(prefix):
            if not _BEING_WRITTEN.search(entry.name):
                yield entry

    def read(self, name: str) -> bytes:
        """Return the content of a file. Raises `FileNotFoundError` where there is none."""
        return self._path(name).read_bytes()

    def write(self, name: str, content: bytes) -> None:
        """Write a file as a whole. Of two who write the same one at once, one has written it."""
        path = self._path(name)
        for _ in range(_ATTEMPTS):
            # Another process may just be removing the folder, with what was the last file in it.
            with suppress(FileNotFoundError):
                path.parent.mkdir(parents=True, exist_ok=True)
                return write_atomically(path, content)
        raise FileNotFoundError(f"{path.parent} cannot be made: it vanishes each time.")

    def create(self, name: str, content: bytes) -> bool:
        """Write a file as a whole, unless it is there; tell whether this one was the first."""
        path = self._path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        return create_atomically(path, content)

    def remove(self, name: str) -> None:
        """Remove a file, if it is there, and the folders that are empty without it."""
        path = self._path(name)
        path.unlink(missing_ok=True)
        with suppress(OSError):  # what is not empty stays
            while (path := path.parent) != self.path:
                path.rmdir()

    def sweep(self, prefix: str | None, seconds: float, ours: Callable[[str], bool]) -> None:
        """Remove what is left, for so many seconds, of files of ours whose writer was killed."""
        before = time.time() - seconds
        for entry in self._entries(prefix):
            name = _BEING_WRITTEN.sub("", entry.name)
            if name != entry.name and ours(name) and entry.modified < before:
                self.remove(entry.name)

    def _path(self, name: str) -> Path:
        for part in name.split("/"):
            if part in {".", ".."} or not _PART.fullmatch(part):
                raise ValueError(f"{name!r} is no name of a file in a folder.")
        return self.path / name

    def _entries(self, prefix: str | None) -> Iterator[Entry]:
        folders = [self.path if prefix is None else self._path(prefix)]
        while folders:
            folder = folders.pop()
            try:
                with os.scandir(folder) as scanned:
                    found = [*scanned]
            except (FileNotFoundError, NotADirectoryError):  # vanished, or there is none
                continue
            within = "" if folder == self.path else f"{folder.relative_to(self.path).as_posix()}/"
            for each in found:
                if each.is_dir(follow_symlinks=False):
                    folders.append(folder / each.name)
                elif each.is_file(follow_symlinks=False):
                    with suppress(FileNotFoundError):
                        modified = each.stat(follow_symlinks=False).st_mtime
                        yield Entry(f"{within}{each.name}", modified)
