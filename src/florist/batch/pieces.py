"""What is left to do, and what becomes of it when the process that does it dies."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

_DEATHS: Final = 3
"""So many are no accident: out of memory, a machine that went away."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """A stretch of pictures, from number `first` to before `last`: a shard, or a part of one.

    `deaths` counts the processes that died of it. A `lost` picture is not looked at any more.
    """

    shard: int
    first: int
    last: int
    whole: bool = True
    deaths: int = 0
    lost: bool = False

    def __len__(self) -> int:
        """Return the number of pictures."""
        return self.last - self.first


class Pieces:
    """What is left to do. A piece that was taken is reported: as done, or as somebody's death."""

    def __init__(self, shards: Iterable[Piece]) -> None:
        self._waiting = deque(shards)
        self._taken = 0

    def __len__(self) -> int:
        """Return how many pieces are yet to be taken, or reported."""
        return len(self._waiting) + self._taken

    def take(self) -> Piece | None:
        """Return what is to be done next, None where there is nothing, or nothing yet."""
        if not self._waiting:
            return None
        self._taken += 1
        return self._waiting.popleft()

    def done(self) -> None:
        """Hear that a piece is done."""
        self._taken -= 1

    def died(self, piece: Piece) -> None:
        """Hear that a process died of a piece. It is done again, in halves where that goes on.

        A shard and a single picture are tried three times, what lies between once: the aim is to
        find the one picture that it takes.
        """
        self._taken -= 1
        piece = replace(piece, deaths=piece.deaths + 1)
        alone = len(piece) == 1
        if piece.deaths < _DEATHS and (piece.whole or alone):
            self._waiting.appendleft(piece)
        elif alone:
            self._waiting.appendleft(replace(piece, lost=True))
        else:
            self._waiting.extendleft(reversed(_halves(piece)))


def _halves(piece: Piece) -> tuple[Piece, Piece]:
    middle = (piece.first + piece.last) // 2
    return (
        Piece(shard=piece.shard, first=piece.first, last=middle, whole=False),
        Piece(shard=piece.shard, first=middle, last=piece.last, whole=False),
    )
