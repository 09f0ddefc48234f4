"""Files by name in S3, Google Cloud Storage or Azure, by obstore: https://developmentseed.org/obstore.

Credentials and endpoints come from the environment variables that each of them is used with.
obstore tries again, with growing pauses, what a busy or distant server did not answer.
"""

import errno
import io
import os
import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from florist.errors import StorageError, printable
from florist.storage.folder import Entry

if TYPE_CHECKING:
    from obstore.store import ObjectStore

_ADDRESS: Final = re.compile(r"((?:s3|gs|az)://[^/]+)(?:/+(.*))?", re.DOTALL)

# Of obstore's own trying, a write that timed out and a listing that was cut off get none. Here
# every write may be repeated.
_TRIES: Final = 3

_BLOCK: Final = 256 * 2**10
"""So many bytes are asked for of a file that is read here and there."""

_Answer = TypeVar("_Answer")


def is_address(place: str) -> bool:
    """Tell whether something is in an object store."""
    return bool(_ADDRESS.fullmatch(place))


def split(address: str) -> tuple[str, str]:
    """Return the address of the bucket, and the name in it."""
    found = _ADDRESS.fullmatch(address)
    if not found:
        raise ValueError(f"{address!r} is no address in an object store.")
    return found[1], found[2] or ""


class Bucket:
    """The files below an address, in which others may have theirs.

    Every method raises `StorageError` where the object store refuses, or does not answer for
    minutes, and for a name that is none there.
    """

    def __init__(self, address: str) -> None:
        """Find what the address needs.

        Raises `StorageError` where that is not installed, or not configured.
        """
        self.address = address.rstrip("/")
        try:
            from obstore.store import from_url
        except ImportError as error:
            raise StorageError(
                f"{printable(address)} needs obstore: pip install 'florist[cloud]'"
            ) from error
        self._store: ObjectStore = self._asked("", lambda: from_url(self.address))

    def where(self, name: str = "") -> str:
        """Return where a file is, for people."""
        return f"{self.address}/{name}".rstrip("/")

    def list(self, prefix: str | None = None) -> Iterator[Entry]:
        """Yield the files, or those below `prefix`, by name."""
        last, failed = "", 0
        stream = iter(self._store.list(prefix))
        while True:
            try:
                for found in self._asked(prefix or "", partial(next, stream)):
                    yield Entry(found["path"], found["last_modified"].timestamp())
                    last, failed = found["path"], 0
            except StopIteration:
                return
            except StorageError:
                failed += 1
                if failed == _TRIES:
                    raise
                stream = iter(self._store.list(prefix, offset=last))

    def read(self, name: str, most: int | None = None) -> bytes:
        """Return the content of a file, of a larger one than `most` the first so many bytes.

        Raises `FileNotFoundError` where there is none.
        """

        def content() -> bytes:
            found = self._store.get(name)
            if most is None or found.meta["size"] <= most:
                return bytes(found.bytes())
            return bytes(self._store.get_range(name, start=0, length=most))

        return self._asked(name, content)

    def read_range(self, name: str, start: int, length: int) -> bytes:
        """Return so many bytes of a file, from number `start` on.

        Raises `FileNotFoundError` where there is none.
        """
        if not length:
            return b""
        ask = partial(self._store.get_range, name, start=start, length=length)
        return bytes(self._asked(name, ask))

    def open(self, name: str) -> io.BufferedReader:
        """Open a file of any size, to be read here and there.

        Raises `FileNotFoundError` where there is none.
        """
        size = self._asked(name, lambda: self._store.head(name))["size"]
        return io.BufferedReader(_Seekable(size, partial(self.read_range, name)), _BLOCK)

    def fetch(self, name: str, path: Path) -> None:
        """Copy a file of any size to one of this machine.

        Raises `FileNotFoundError` where there is none.
        """
        with path.open("wb") as file:
            stream = iter(self._asked(name, lambda: self._store.get(name)).stream())
            while (chunk := self._asked(name, lambda: next(stream, None))) is not None:
                file.write(chunk)

    def write(self, name: str, content: bytes) -> None:
        """Write a file as a whole."""
        self._put(name, content, "overwrite")

    def create(self, name: str, content: bytes) -> bool:
        """Write a file as a whole, unless it is there; tell whether this one was the first.

        Where an answer got lost, the first one may be told that it was not.
        """
        from obstore.exceptions import AlreadyExistsError

        try:
            self._put(name, content, "create")
        except AlreadyExistsError:
            return False
        return True

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        self._asked(name, lambda: self._store.delete(name))

    def sweep(self, prefix: str | None, seconds: float, ours: Callable[[str], bool]) -> None:
        """Do nothing: a writer that was killed has left nothing."""

    def _put(self, name: str, content: bytes, mode: Any) -> None:
        from obstore.exceptions import GenericError

        def put() -> None:
            for attempt in range(_TRIES):
                try:
                    self._store.put(name, content, mode=mode, use_multipart=False)
                    return
                except GenericError:
                    if attempt == _TRIES - 1:
                        raise

        self._asked(name, put)

    def _asked(self, name: str, ask: Callable[[], _Answer]) -> _Answer:
        """Return an answer. What goes wrong is named with the file, without a server's XML."""
        from obstore.exceptions import AlreadyExistsError, BaseError

        try:
            return ask()
        except AlreadyExistsError:
            raise
        except FileNotFoundError as error:
            if "NoSuchBucket" in str(error):
                raise StorageError(
                    f"There is no bucket for {printable(self.where(name))}."
                ) from error
            what = os.strerror(errno.ENOENT)
            raise FileNotFoundError(errno.ENOENT, what, self.where(name)) from error
        except (BaseError, OSError, ValueError) as error:
            said = re.split(r"\n|: <\?xml", str(error), maxsplit=1)[0].strip()
            raise StorageError(
                f"{printable(self.where(name))} cannot be used: {printable(said)}. Its environment "
                "variables are in docs/scaling.md; if it was away, the same command goes on."
            ) from error


class _Seekable(io.RawIOBase):
    """A file of `size` bytes of which ranges can be asked for."""

    # obstore's own, `open_reader`, asks anew after each seek.

    def __init__(self, size: int, read_range: Callable[[int, int], bytes]) -> None:
        self._size = size
        self._read_range = read_range
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = start + offset
        return self._at

    def readinto(self, buffer: Any) -> int:
        length = max(0, min(len(buffer), self._size - self._at))
        buffer[:length] = self._read_range(self._at, length)
        self._at += length
        return length
