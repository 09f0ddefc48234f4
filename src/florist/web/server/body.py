"""The body of a request, as it comes and is read: no piece of it is there twice."""

from collections import deque
from io import RawIOBase
from typing import Any, Final

_PIECE: Final = 64 * 1024


class Body(RawIOBase):
    """Bytes that are forgotten as they are read, so that whoever parses them has the only copy.

    What comes byte by byte is joined: each piece has a price of its own.
    """

    def __init__(self) -> None:
        self._pieces: deque[bytearray] = deque()

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def write(self, data: Any) -> int:
        """Take what has come."""
        if self._pieces and len(self._pieces[-1]) < _PIECE:
            self._pieces[-1] += data
        elif data:
            self._pieces.append(bytearray(data))
        return len(data)

    def readinto(self, buffer: Any) -> int:
        """Give the first bytes that nobody has read yet, 0 at the end."""
        if not self._pieces:
            return 0
        piece = self._pieces[0]
        count = min(len(buffer), len(piece))
        buffer[:count] = piece[:count]
        del piece[:count]
        if not piece:
            self._pieces.popleft()
        return count
