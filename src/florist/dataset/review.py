"""What a person has confirmed of `doubts.csv`: pictures that belong to another class."""

import csv
import glob
from collections.abc import Iterator, Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Final

from florist.dataset.files import FoundFile, list_files
from florist.dataset.layout import ClassFolder, class_folders
from florist.dataset.moves import Journal, Move, make_moves, read_journal
from florist.errors import DatasetError, printable
from florist.spreadsheet import defused

_NEEDED: Final = ("file", "move_to")


def apply_review(root: Path, review: Path) -> tuple[Path | None, int, list[Move]]:
    """Move what a review says; return the undo file, how many were moved, and what is lost.

    The undo file is written before anything is moved, and is None where nothing was to be. An
    earlier run that was interrupted is brought to its end first.

    Raises `DatasetError` where a row names no picture or no class of the data set, before anything
    is moved; and as `make_moves` does.
    """
    earlier = sorted(review.parent.glob(f"{glob.escape(review.stem)}.undo*.json"))
    journals = {path: read_journal(path) for path in earlier}
    moved, lost, last = 0, [], None
    for path, journal in journals.items():
        if not journal.done:
            lost += _finish(root, path, journal)
            moved, last = moved + len(journal.moves), path
    made = {_shown(move.source) for journal in journals.values() for move in journal.moves}
    moves = _plan(root, review, made)
    if moves:
        last = _free_undo(review)
        journal = Journal(moves)
        journal.write(last)
        lost += _finish(root, last, journal)
        moved += len(moves)
    return last, moved - len(lost), lost


def _finish(root: Path, path: Path, journal: Journal) -> list[Move]:
    lost = make_moves(root, journal.moves)
    Journal(journal.moves, done=True).write(path)
    return lost


def _plan(root: Path, review: Path, made: set[str]) -> tuple[Move, ...]:
    """Return the moves that rows ask for; those of `made` were asked for before."""
    folders, _ = class_folders(root)
    files = _by_name(list_files(root).files)
    taken: set[Path] = set()
    asked: dict[str, str] = {}
    planned = []
    for line, name, wanted in _rows(review):
        where = f"{printable(review)}, line {line}"
        if not wanted or (name not in files and name in made):
            continue
        file = files.get(name)
        if file is None:
            raise DatasetError(
                f"{where}: {printable(name)} is no picture of {printable(root)}, or one of two "
                "whose names look the same. Leave `file` as florist wrote it."
            )
        if asked.setdefault(name, wanted) != wanted:
            raise DatasetError(f"{where}: {printable(name)} is to go to two classes. Choose one.")
        if wanted == defused(file.class_name) or file.path in taken:
            continue
        taken.add(file.path)
        target = _free(_folder_of(file, wanted, folders, where) / file.path.name, taken)
        taken.add(target)
        planned.append(Move(_relative(file.path, root), _relative(target, root)))
    return tuple(planned)


def _rows(review: Path) -> Iterator[tuple[int, str, str]]:
    """Yield line, file and class of each row, as a spreadsheet may have saved them.

    Raises `DatasetError` where the columns are not there.
    """
    try:
        text = review.read_text(encoding="utf-8-sig")
        head = text.partition("\n")[0]
        separator = max(",;\t", key=head.count)
        rows = csv.DictReader(StringIO(text, newline=""), delimiter=separator)
        if not {*_NEEDED} <= {*(rows.fieldnames or ())}:
            raise DatasetError(
                f"{printable(review)} has no columns {' and '.join(_NEEDED)}. Write the class that "
                "a picture belongs to into the column move_to of what `florist check --labels "
                "--output` writes."
            )
        for row in rows:
            yield rows.line_num, row["file"] or "", (row["move_to"] or "").strip()
    except (UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(f"{printable(review)} is no CSV in UTF-8: {error}.") from error


def _by_name(files: Sequence[FoundFile]) -> Mapping[str, FoundFile]:
    """Return files by what a review calls them, without those that share a name."""
    found: dict[str, FoundFile | None] = {}
    for file in files:
        name = defused(file.name)
        found[name] = None if name in found else file
    return {name: file for name, file in found.items() if file is not None}


def _folder_of(file: FoundFile, wanted: str, folders: Sequence[ClassFolder], where: str) -> Path:
    """Return the folder of another class on the side that a file is on.

    Raises `DatasetError` where there is no such class.
    """
    named = [each for each in folders if defused(each.class_name) == wanted]
    if not named:
        classes = ", ".join(sorted({each.class_name for each in folders}))
        raise DatasetError(
            f"{where}: there is no class {printable(wanted)}. The data set has {classes}."
        )
    home = next(each.path for each in folders if file.path.is_relative_to(each.path)).parent
    beside = [each.path for each in named if each.path.parent == home]
    return beside[0] if beside else home / named[0].path.name


def _free(wanted: Path, taken: set[Path]) -> Path:
    """Return the path, or where it is taken the first of `x-2.jpg`, `x-3.jpg` that is not."""
    path, number = wanted, 1
    while path in taken or path.exists() or path.is_symlink():
        number += 1
        path = wanted.with_name(f"{wanted.stem}-{number}{wanted.suffix}")
    return path


def _free_undo(review: Path) -> Path:
    return _free(review.with_name(f"{review.stem}.undo.json"), set())


def _relative(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix()


def _shown(source: str) -> str:
    return defused(printable(source))
