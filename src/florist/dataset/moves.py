"""Pictures are moved inside a data set such that a kill loses none, and all can be taken back.

What is to be moved is written down before the first one is. A move that was made already is passed
over, so whoever was interrupted begins again with what is written down.
"""

import json
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Final

from florist.checks import NOT_AS_EXPECTED
from florist.errors import DatasetError, printable
from florist.system import sync_folder, write_atomically

_MOST_BYTES: Final = 2**28


@dataclass(frozen=True)
class Move:
    """From where to where, as paths inside the data set with forward slashes."""

    source: str
    target: str

    @property
    def back(self) -> "Move":
        """The way back."""
        return Move(self.target, self.source)


@dataclass(frozen=True)
class Journal:
    """The moves of one review, in order, and whether all of them are made."""

    moves: tuple[Move, ...]
    done: bool = False

    def write(self, path: Path) -> None:
        """Write it as a whole.

        Raises `OSError`.
        """
        moves = [[each.source, each.target] for each in self.moves]
        write_atomically(path, json.dumps({"done": self.done, "moves": moves}, indent=0))


def read_journal(path: Path) -> Journal:
    """Read what `Journal.write` has written.

    Raises `DatasetError` where it is anything else, `OSError` where it cannot be read.
    """
    if path.stat().st_size > _MOST_BYTES:
        raise DatasetError(f"{printable(path)} is too large to be an undo file of florist.")
    try:
        raw = json.loads(path.read_bytes())
        moves = tuple(Move(_inside(source), _inside(target)) for source, target in raw["moves"])
        return Journal(moves, done=raw["done"] is True)
    except NOT_AS_EXPECTED as error:
        raise DatasetError(
            f"{printable(path)} is no undo file of florist ({printable(error)}). Give the one that "
            "`florist check --apply` has named."
        ) from error


def make_moves(root: Path, moves: Iterable[Move]) -> list[Move]:
    """Make the moves that are not made yet; return those whose picture is in neither place.

    Raises `DatasetError` where another file is in the way, or a link leads elsewhere; no file is
    ever overwritten.
    """
    lost = []
    folders = set()
    for move in moves:
        source, target = _place(root, move.source), _place(root, move.target)
        if source.exists():
            _move(source, target)
            folders |= {source.parent, target.parent}
        elif not target.exists():
            lost.append(move)
    for folder in folders:
        sync_folder(folder)
    return lost


def undo(root: Path, path: Path) -> tuple[int, list[Move]]:
    """Take back the moves of a journal, then drop it; return how many, and what is lost.

    Raises `DatasetError` as reading and moving do.
    """
    moves: Sequence[Move] = [move.back for move in reversed(read_journal(path).moves)]
    lost = make_moves(root, moves)
    path.unlink()
    return len(moves) - len(lost), lost


def _move(source: Path, target: Path) -> None:
    """Take the name by an empty file first, as no rename asks whether there is one already."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with target.open("xb"):
            pass
    except FileExistsError:
        if source.stat().st_size == 0:  # taken, and never used: a process was killed just then
            source.unlink()
            return
        if target.is_symlink() or target.stat().st_size > 0:
            raise DatasetError(
                f"{printable(source)} should go to {printable(target)}, where another file is. "
                "Move that one away, and try again."
            ) from None
    try:
        source.replace(target)
    except OSError:  # it may be on another disk
        with suppress(OSError):
            target.unlink()
        raise


def _inside(path: object) -> str:
    """Accept a path that goes down only."""
    if not isinstance(path, str):
        raise TypeError("a path is no text")
    found = PurePath(path)
    if found.drive or found.is_absolute() or ".." in found.parts or "\0" in path:
        raise ValueError(f"{path} is no path inside a data set")
    return path


def _place(root: Path, inside: str) -> Path:
    """Return where a file of the data set is, unless a link stands on the way.

    Raises `DatasetError`.
    """
    path = root.resolve() / inside
    if path.is_symlink() or path.parent.resolve() != path.parent:
        raise DatasetError(
            f"{printable(path)} is a link, or lies behind one. Only files that lie in the data set "
            "themselves are moved; move this one yourself."
        )
    return path
