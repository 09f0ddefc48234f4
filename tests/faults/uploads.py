"""What the store of uploads does, in the process whose system calls fail."""

import os
import sqlite3
import time
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Final

from florist.web.problems import UploadsError
from florist.web.uploads.names import names_of
from florist.web.uploads.tidying import sweep_all, tidy_all
from tests.web.uploads import test_uploads as made
from tests.web.uploads.test_uploads import rose, store

NEW: Final = rose()
FILES: Final = NEW.files  # made now, and not anew in each run


def prepare(folder: Path) -> None:
    """Keep two uploads, and leave what processes leave that are killed in between."""
    uploads = store(folder)
    ids = [made.add(uploads).id for _ in range(3)]
    files = [folder / name for name in names_of(ids[0])]
    assert uploads.delete(ids[0])
    let_undo_pass(folder)
    files[0].parent.mkdir(parents=True)
    for file in (*files, files[0].with_name(f"{files[0].name}.0123abcd.partial")):
        file.write_bytes(b"of no record")
    make_old(folder)


def add(folder: str) -> str:
    """Return the id of an upload that was kept; as the server does, try again after an error."""
    uploads = store(Path(folder))
    try:
        [kept] = uploads.add([NEW])
    except (OSError, UploadsError):
        [kept] = uploads.add([NEW])
    assert kept
    return NEW.upload.id


def delete(folder: str) -> bool:
    """Delete the upload whose id comes first."""
    return store(Path(folder)).delete(min(Path(folder).glob("*/*/*.jpg")).stem)


def forget_all(folder: str) -> int:
    return store(Path(folder)).delete_all()


def tidy(folder: str) -> bool:
    """Delete what is too much where there is room for one upload."""
    size = sum(path.stat().st_size for path in Path(folder).glob("*/*/*.*"))
    tidy_all(store(Path(folder), size=size // 2))
    return True


def sweep(folder: str) -> bool:
    sweep_all(store(Path(folder)))
    return True


def found(folder: Path) -> dict[str, list[str]]:
    """Return digests of the files of each upload that a page shows, the newest one first."""
    uploads, shown = store(folder), {}
    for upload in uploads.recent():
        files = [folder / name for name in names_of(upload.id)]
        assert uploads.read(upload.id) == files[0].read_bytes()
        shown[upload.id] = [sha256(file.read_bytes()).hexdigest() for file in files]
    return shown


def go_on(folder: Path) -> None:
    """Go on as after a restart: keep and delete one more, delete what is left of killed writers.

    Then there are the files of those that are shown and no others, and their size is known.
    """
    uploads = store(folder)
    upload = made.add(uploads)
    assert uploads.delete(upload.id)
    let_undo_pass(folder)
    make_old(folder)
    for shard in folder.glob("??"):
        uploads.sweep(shard.name)
    with closing(sqlite3.connect(folder / "uploads.sqlite3")) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        (recorded,) = database.execute("SELECT size FROM uploads_total").fetchone()
    files = {str(path.relative_to(folder)) for path in folder.glob("*/*/*")}
    assert files == {name for each in uploads.recent() for name in names_of(each.id)}
    assert recorded == sum((folder / name).stat().st_size for name in files)


def let_undo_pass(folder: Path) -> None:
    """Delete for good what was deleted."""
    with closing(sqlite3.connect(folder / "uploads.sqlite3")) as database, database:
        database.execute("UPDATE uploads SET deleted = 1 WHERE deleted IS NOT NULL")
    while store(folder).tidy():
        pass


def make_old(folder: Path) -> None:
    for path in folder.glob("*/*/*"):
        os.utime(path, (time.time() - 24 * 3600,) * 2)
