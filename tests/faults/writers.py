"""What is run in the process whose system calls fail. Each takes the folder that it may change."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from florist.bundle import KERAS_MODEL, LABELS, MODEL, Manifest, Registry, sweep, write_bundle
from florist.images import ImageSpec

MANIFEST_OF: Final = Manifest(
    name="new", created="c", florist="f", classes=("a", "b"), spec=ImageSpec(size=8)
)


def write_files(folder: Path) -> None:
    """Write what a model folder may have, one of them in several pieces."""
    (folder / MODEL).write_text("new network")
    (folder / LABELS).write_text("new labels")
    with (folder / KERAS_MODEL).open("wb", buffering=0) as file:
        for piece in (b"new", b"Keras", b"model"):
            file.write(piece)


def add_to_registry(folder: str) -> str:
    """Return the digest of a model that is the current one now."""
    return _write(Registry(Path(folder) / "models"))


def write_output(folder: str) -> str:
    """Return the digest of a model that was written, over an older one where there is one."""
    return _write(Path(folder) / "model")


def _write(target: Path | Registry) -> str:
    """Write a model as a training does, which first drops what one before it has left."""
    sweep(target)
    return write_bundle(target, MANIFEST_OF, write_files, replace=True).digest


def write_in_place(folder: str) -> None:
    """Write as nothing here may: a fault leaves half of it under its final name."""
    with (Path(folder) / "settings").open("wb", buffering=0) as file:
        file.write(b"first half, ")
        file.write(b"second half")


def write_unsynced(folder: str) -> None:
    """Write as nothing here may: after a power cut the file may be there and empty."""
    partial = Path(folder) / "settings.partial"
    partial.write_text("all of it")
    partial.rename(Path(folder) / "settings")


def write_by_database(folder: str) -> None:
    """Write through a compiled library."""
    with closing(sqlite3.connect(Path(folder) / "rows.sqlite3")) as database:
        database.execute("CREATE TABLE rows (number)")
