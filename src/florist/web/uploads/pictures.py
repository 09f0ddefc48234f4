"""Kept pictures as files: `<folder>/ab/cd/abcd….jpg`, named by their id.

The folder may hold files of somebody else. Ours are told by their whole name and the place that
follows from it, and nothing else is ever touched.
"""

import os
import re
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import IO, Final

from florist.system import PARTIAL, write_atomically

SHARDS: Final = tuple(f"{number:02x}" for number in range(256))

_ID: Final = re.compile("[0-9a-f]{32}")
_OURS: Final = re.compile(rf"[0-9a-f]{{32}}\.jpg(\.[0-9a-f]{{8}}{re.escape(PARTIAL)})?")
_ATTEMPTS: Final = 20


class Pictures:
    """The files of one folder. All methods raise `OSError` where it cannot be used."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, name: str, content: bytes) -> None:
        """Write the file of an id as a whole."""
        path = self._path(name)
        for _ in range(_ATTEMPTS):
            # Another process may just be removing the shard, with what was the last file in it.
            with suppress(FileNotFoundError):
                path.parent.mkdir(parents=True, exist_ok=True)
                return write_atomically(path, content)
        raise FileNotFoundError(f"{path.parent} cannot be made: it vanishes each time.")

    def open(self, name: str) -> IO[bytes] | None:
        """Open the file of an id, or return None where there is none."""
        try:
            return self._path(name).open("rb")
        except FileNotFoundError:
            return None

    def delete(self, names: Iterable[str]) -> None:
        """Delete the files of these ids, where there are any."""
        for name in names:
            if _ID.fullmatch(name):
                self.remove(self._path(name))

    def remove(self, path: Path) -> None:
        """Delete a file, and its shards where they are empty then."""
        path.unlink(missing_ok=True)
        with suppress(OSError):  # what is not empty stays
            path.parent.rmdir()
            path.parent.parent.rmdir()

    def old(self, shard: str, seconds: float) -> list[Path]:
        """Return our files in a shard, whole ones and partial ones, that are as old as that."""
        before = time.time() - seconds
        found: list[Path] = []
        for inner in SHARDS if (self.folder / shard).is_dir() else ():
            # One that cannot be listed is not ours, or vanished just now.
            with suppress(OSError), os.scandir(self.folder / shard / inner) as entries:
                found += [
                    Path(entry.path)
                    for entry in entries
                    if _OURS.fullmatch(entry.name)
                    and entry.name.startswith(shard + inner)
                    and entry.is_file(follow_symlinks=False)
                    and entry.stat(follow_symlinks=False).st_mtime < before
                ]
        return found

    def _path(self, name: str) -> Path:
        return self.folder / name[:2] / name[2:4] / f"{name}.jpg"
