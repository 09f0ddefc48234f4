"""Which files a data set folder holds, and which class and side each belongs to."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from florist.dataset.layout import ClassFolder, class_folders, link_problem, name_inside
from florist.dataset.model import Problem, Severity, Side
from florist.formats import is_hidden, is_picture_name, sniff


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

    root: Path
    classes: set[str] = field(default_factory=set)
    files: list[FoundFile] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def report(self, kind: str, severity: Severity, path: Path, message: str) -> None:
        """Add what is wrong with a file or a folder."""
        name = name_inside(self.root, path)
        self.problems.append(Problem(kind=kind, severity=severity, path=name, message=message))

    def stays_inside(self, path: Path) -> bool:
        """Tell whether a path may be followed; report a link that leads nowhere or elsewhere."""
        problem = link_problem(path, self.root)
        self.problems += [problem] if problem else []
        return problem is None


def list_files(root: Path) -> Listing:
    """List the pictures of a data set in a stable order, with what lies in the wrong place.

    Hidden files are passed over silently. Symbolic links are followed as long as they stay inside.

    Raises `DatasetError` where the folder cannot be a data set at all.
    """
    folders, problems = class_folders(root)
    listing = Listing(root, {folder.class_name for folder in folders}, problems=problems)
    for path in sorted(_outside(root, folders)):
        listing.report(
            "outside", "error", path, "outside any class folder; move it into the one it shows"
        )
    for folder in folders:
        for path in _walk(folder.path, listing):
            if _is_usable(path, listing):
                listing.files.append(
                    FoundFile(
                        path=path,
                        name=name_inside(root, path),
                        class_name=folder.class_name,
                        side=folder.side,
                    )
                )
    listing.files.sort(key=lambda file: (file.class_name, file.name))
    return listing


def _is_usable(path: Path, listing: Listing) -> bool:
    """Tell whether a file should be a picture, by its name or, where that has no ending, inside."""
    try:
        if not path.is_file():  # opening a pipe would wait for somebody to write
            listing.report("not a file", "error", path, "a pipe, a socket or a device; remove it")
            return False
        if is_picture_name(path) or (not path.suffix and _begins_like_a_picture(path)):
            return True
    except OSError as error:
        listing.report("unreadable", "error", path, f"cannot be read: {error.strerror}")
        return False
    listing.report("not a picture", "note", path, "its ending is not a picture's; passed over")
    return False


def _begins_like_a_picture(path: Path) -> bool:
    with path.open("rb") as file:
        return sniff(file.read(32)) is not None


def _outside(root: Path, folders: list[ClassFolder]) -> Iterator[Path]:
    """Yield the pictures that lie above the class folders."""
    for parent in {root} | {folder.path.parent for folder in folders}:
        for entry in parent.iterdir():
            if is_picture_name(entry) and not is_hidden(entry.name) and entry.is_file():
                yield entry


def _walk(folder: Path, listing: Listing) -> Iterator[Path]:
    """Yield the visible files under a class folder; report links that leave the data set."""
    seen: set[Path] = set()
    for parent, folders, files in os.walk(
        folder, followlinks=True, onerror=lambda error: _unreadable(error, listing)
    ):
        here = Path(parent)
        if here.resolve() in seen:  # a link back up: everything below has been listed
            folders.clear()
            continue
        seen.add(here.resolve())
        folders[:] = sorted(
            name for name in folders if not is_hidden(name) and listing.stays_inside(here / name)
        )
        for name in sorted(files):
            if not is_hidden(name) and listing.stays_inside(here / name):
                yield here / name


def _unreadable(error: OSError, listing: Listing) -> None:
    listing.report(
        "unreadable", "error", Path(error.filename), f"cannot be opened: {error.strerror}"
    )
