"""Which folders of a data set are its classes, and which side each belongs to."""

import os
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn

from florist.dataset.model import Problem, Severity, Side
from florist.errors import DatasetError, printable
from florist.formats import is_hidden, is_picture_name

_SIDE_FOLDERS: Final[dict[str, Side]] = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
    "testing": "test",
}

FOREIGN_FOLDER: Final = "_none"
"""A folder beside the classes, of pictures that show none of them."""
_NO_CLASS: Final = "no class, but pictures of none: a model is measured with them, never trained"


@dataclass(frozen=True, kw_only=True)
class ClassFolder:
    """A folder of pictures of one class; `side` is None where the folders do not give one."""

    path: Path
    class_name: str
    side: Side | None = None


def class_folders(root: Path) -> tuple[list[ClassFolder], list[Problem]]:
    """Return the class folders in a stable order, and what is wrong beside them.

    Raises `DatasetError` where the folder cannot be a data set at all.
    """
    folders, problems = _kept(root, root)
    foreign = [folder for folder in folders if folder.name == FOREIGN_FOLDER]
    folders = [folder for folder in folders if folder not in foreign]
    problems += [_problem("foreign", "note", each, root, _NO_CLASS) for each in foreign]
    if not folders and not problems:
        _raise_no_classes(root)
    if not any(map(_holds_sides, folders)):
        found = _classes(folders, None)
        return found, problems + _spelt_alike(found, root)
    found = []
    for folder in folders:
        side = _side(folder)
        inner, links = _kept(folder, root) if side else ([], [])
        found += _classes(inner, side)
        problems += links if inner or links else [_set_aside(folder, root)]
    return found, problems + _spelt_alike(found, root)


def require_class_level(root: Path) -> None:
    """Raise `DatasetError` where the class folders lie deeper, as an unpacked archive has them."""
    inner = root
    while len(below := subfolders(inner)) == 1 and not _holds_sides(below[0]):
        (only,) = below
        if only.is_symlink() or holds_pictures(only) or not subfolders(only):
            break
        inner = only
    if inner == root or not (len(below) > 1 or _holds_sides(below[0])):
        return
    names = ", ".join(printable(folder.name) for folder in below[:3])
    raise DatasetError(
        f"{printable(root)} has one class folder only, which holds no pictures but folders "
        f"({names}{', …' if len(below) > 3 else ''}). If these are the classes, give the folder "
        f"that they are in: {printable(inner)}."
    )


def subfolders(parent: Path) -> list[Path]:
    """Return the visible folders inside a folder, in a stable order.

    Raises `DatasetError` where there is no such folder, or it cannot be read.
    """
    where = printable(parent)
    try:
        entries = [
            entry for entry in parent.iterdir() if not is_hidden(entry.name) and entry.is_dir()
        ]
    except FileNotFoundError as error:
        raise DatasetError(
            f"There is no folder {where}. Give the folder that holds one folder of pictures per "
            "class."
        ) from error
    except NotADirectoryError as error:
        raise DatasetError(
            f"{where} is a file. Give the folder that holds one folder per class."
        ) from error
    except PermissionError as error:
        raise DatasetError(
            f"{where} cannot be opened: permission denied. Make it readable, for example "
            f"with `chmod -R u+rX {where}`."
        ) from error
    return sorted(entries, key=lambda entry: printable(entry.name))


def link_problem(path: Path, root: Path) -> Problem | None:
    """Return what is wrong with a symbolic link; None where it is none, or stays inside."""
    if not path.is_symlink():
        return None
    if not path.exists():
        return _problem("broken link", "error", path, root, "a link to nothing; remove or mend it")
    target = path.resolve()
    if target.is_relative_to(root.resolve()):
        return None
    message = f"a link that leaves the data set (to {printable(target)}); copy it in instead"
    return _problem("outside link", "error", path, root, message)


def name_inside(root: Path, path: Path) -> str:
    """Return the path inside the data set, the same on every system."""
    return printable(path.relative_to(root).as_posix())


def _kept(parent: Path, root: Path) -> tuple[list[Path], list[Problem]]:
    """Return the folders in a folder, and what is wrong with those that are links."""
    folders = subfolders(parent)
    broken = [entry for entry in sorted(parent.iterdir()) if entry.is_symlink()]
    broken = [entry for entry in broken if not entry.exists() and not is_hidden(entry.name)]
    problems = {entry: link_problem(entry, root) for entry in [*folders, *broken]}
    return (
        [folder for folder in folders if problems[folder] is None],
        [problem for problem in problems.values() if problem is not None],
    )


def _classes(folders: Iterable[Path], side: Side | None) -> list[ClassFolder]:
    return [ClassFolder(path=path, class_name=printable(path.name), side=side) for path in folders]


def _side(folder: Path) -> Side | None:
    return _SIDE_FOLDERS.get(folder.name.lower())


def _holds_sides(folder: Path) -> bool:
    """Tell whether a folder makes sides of all: a class may be called "train", with pictures in."""
    return _side(folder) == "train" and bool(subfolders(folder))


def holds_pictures(folder: Path) -> bool:
    """Tell whether pictures lie directly in a folder, going by their names."""
    return any(is_picture_name(entry) for entry in folder.iterdir())


def _set_aside(folder: Path, root: Path) -> Problem:
    """Name a folder beside `train` that holds no class folders."""
    count = sum(is_picture_name(Path(f)) for _, _, files in os.walk(folder) for f in files)
    severity: Severity = "warning" if count else "note"
    if _side(folder):
        message = (
            f"its {count} pictures lie in no class folders and are not used; `florist predict` "
            "names what they show"
            if count
            else "holds no class folders; passed over"
        )
        return _problem("no classes", severity, folder, root, message)
    message = "beside train, which holds the class folders, so it is none; " + (
        f"its {count} pictures are not used" if count else "passed over"
    )
    return _problem("beside train", severity, folder, root, message)


def _spelt_alike(folders: Iterable[ClassFolder], root: Path) -> list[Problem]:
    """Name classes that differ in capital letters only."""
    spellings: dict[str, dict[str, ClassFolder]] = defaultdict(dict)
    for folder in folders:
        spellings[folder.class_name.casefold()].setdefault(folder.class_name, folder)
    return [
        _problem(
            "spelt alike",
            "warning",
            other.path,
            root,
            f"another class than {first.class_name}, by its capital letters only; if they are one, "
            "move the pictures into one folder",
        )
        for first, *others in (tuple(found.values()) for found in spellings.values())
        for other in others
    ]


def _raise_no_classes(root: Path) -> NoReturn:
    pictures = sum(map(is_picture_name, root.iterdir()))
    example = f"for example {printable(root / 'cats')} and {printable(root / 'dogs')}."
    if pictures:
        raise DatasetError(
            f"{printable(root)} has {pictures} pictures but no class folders. Put each class in a "
            f"folder of its own, {example}"
        )
    raise DatasetError(
        f"{printable(root)} is empty. Put one folder of pictures per class into it, {example}"
    )


def _problem(kind: str, severity: Severity, path: Path, root: Path, message: str) -> Problem:
    return Problem(kind=kind, severity=severity, path=name_inside(root, path), message=message)
