"""Which files a data set folder holds, and which class and side each belongs to."""

import os
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from florist.dataset.model import Problem, Side
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


@dataclass(frozen=True, kw_only=True)
class FoundFile:
    """A file that should be a picture; `side` is None where the folders do not give one."""

    path: Path
    name: str
    class_name: str
    side: Side | None


@dataclass
class Listing:
    """What a walk through a folder collects."""

    classes: set[str] = field(default_factory=set)
    files: list[FoundFile] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def report(self, kind: str, path: str, message: str) -> None:
        """Note a problem that sets a file or a folder aside."""
        self.problems.append(Problem(kind=kind, severity="error", path=path, message=message))


def list_files(root: Path) -> Listing:
    """List the pictures of a data set in a stable order, with what lies in the wrong place.

    Hidden files are passed over silently. Symbolic links are followed as long as they stay inside.

    Raises `DatasetError` where the folder cannot be a data set at all.
    """
    listing = Listing()
    inside = root.resolve()
    folders = [
        found for found in _class_folders(root) if _stays_inside(found[0], inside, root, listing)
    ]
    listing.classes.update(class_name for _, class_name, _ in folders)
    for path in sorted(_outside(root, folders)):
        listing.report(
            "outside", _name(root, path), "outside any class folder; move it into the one it shows"
        )
    for folder, class_name, side in folders:
        for path in _walk(folder, root, listing):
            name = _name(root, path)
            if is_picture_name(path):
                listing.files.append(
                    FoundFile(path=path, name=name, class_name=class_name, side=side)
                )
            else:
                listing.problems.append(
                    Problem(
                        kind="not a picture",
                        severity="note",
                        path=name,
                        message="its ending is not a picture's; passed over",
                    )
                )
    listing.files.sort(key=lambda file: (file.class_name, file.name))
    return listing


def _class_folders(root: Path) -> list[tuple[Path, str, Side | None]]:
    """Return (folder, class name, side) of each class folder."""
    folders = _folders(root)
    sides = [_SIDE_FOLDERS.get(folder.name.lower()) for folder in folders]
    # A class may be called "train": these are sides only if all name one and hold folders.
    if "train" in sides and all(sides) and all(_folders(folder) for folder in folders):
        return [
            (folder, _tidy(folder.name), side)
            for parent, side in zip(folders, sides, strict=True)
            for folder in _folders(parent)
        ]
    if not folders:
        _raise_no_classes(root)
    return [(folder, _tidy(folder.name), None) for folder in folders]


def _folders(root: Path) -> list[Path]:
    """Return the visible folders inside a folder, in a stable order."""
    try:
        entries = [
            entry for entry in root.iterdir() if not is_hidden(entry.name) and entry.is_dir()
        ]
    except FileNotFoundError as error:
        raise DatasetError(
            f"There is no folder {printable(root)}. Give the folder that holds one folder of "
            "pictures per class."
        ) from error
    except NotADirectoryError as error:
        raise DatasetError(
            f"{printable(root)} is a file. Give the folder that holds one folder per class."
        ) from error
    except PermissionError as error:
        raise DatasetError(
            f"{printable(root)} cannot be opened: permission denied. Make it readable, for example "
            f"with `chmod -R u+rX {printable(root)}`."
        ) from error
    return sorted(entries, key=lambda entry: _tidy(entry.name))


def _raise_no_classes(root: Path) -> None:
    pictures = [p for p in root.iterdir() if is_picture_name(p)]
    if pictures:
        raise DatasetError(
            f"{printable(root)} has {len(pictures)} pictures but no class folders. Put each class "
            f"in a folder of its own, for example {printable(root / 'cats')} and "
            f"{printable(root / 'dogs')}."
        )
    raise DatasetError(
        f"{printable(root)} is empty. Put one folder of pictures per class into it, for example "
        f"{printable(root / 'cats')} and {printable(root / 'dogs')}."
    )


def _outside(root: Path, folders: list[tuple[Path, str, Side | None]]) -> Iterator[Path]:
    """Yield the pictures that lie above the class folders."""
    for parent in {root} | {folder.parent for folder, _, _ in folders}:
        for entry in parent.iterdir():
            if is_picture_name(entry) and not is_hidden(entry.name) and entry.is_file():
                yield entry


def _walk(folder: Path, root: Path, listing: Listing) -> Iterator[Path]:
    """Yield the visible files under a class folder; report links that leave the data set."""
    inside = root.resolve()
    seen: set[Path] = set()
    for parent, folders, files in os.walk(
        folder, followlinks=True, onerror=lambda error: _unreadable(error, root, listing)
    ):
        here = Path(parent)
        if here.resolve() in seen:  # a link back up: everything below has been listed
            folders.clear()
            continue
        seen.add(here.resolve())
        folders[:] = sorted(
            name
            for name in folders
            if not is_hidden(name) and _stays_inside(here / name, inside, root, listing)
        )
        for name in sorted(files):
            if not is_hidden(name) and _stays_inside(here / name, inside, root, listing):
                yield here / name


def _stays_inside(path: Path, inside: Path, root: Path, listing: Listing) -> bool:
    if not path.is_symlink():
        return True
    if not path.exists():
        listing.report("broken link", _name(root, path), "a link to nothing; remove or mend it")
        return False
    if not path.resolve().is_relative_to(inside):
        listing.report(
            "outside link",
            _name(root, path),
            f"a link that leaves the data set (to {printable(path.resolve())}); copy the picture "
            "in instead",
        )
        return False
    return True


def _unreadable(error: OSError, root: Path, listing: Listing) -> None:
    listing.report(
        "unreadable", _name(root, Path(error.filename)), f"cannot be opened: {error.strerror}"
    )


def _tidy(name: str) -> str:
    """Compose accents (macOS spells é as two characters, others as one); escape what is no text."""
    return printable(unicodedata.normalize("NFC", name))


def _name(root: Path, path: Path) -> str:
    """Return the path inside the data set, the same on every system."""
    return _tidy(path.relative_to(root).as_posix())
