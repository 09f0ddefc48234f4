"""The folder of kept pictures: it may be shared, and processes die in it."""

import os
import time
from pathlib import Path

import pytest

from florist.system import PARTIAL
from florist.web.uploads.tidying import sweep_all, tidy_all
from tests.web.uploads.test_uploads import add, kept, store

DAY_S = 24 * 3600
ID = "2412" + "0" * 28


def make_old(*paths: Path) -> None:
    for path in paths:
        os.utime(path, (time.time() - DAY_S,) * 2)


def test_files_that_a_crash_left_behind_go(tmp_path: Path) -> None:
    uploads = store(tmp_path)
    upload = add(uploads)
    (path,) = kept(tmp_path)
    shard = path.parent
    orphan = shard / f"{upload.id[:4]}{'0' * 28}.jpg"
    small = orphan.with_suffix(".480.webp")
    partial = shard / f"{path.name}.01234567{PARTIAL}"
    recent = shard / f"{upload.id[:4]}{'1' * 28}.jpg"
    for file in (orphan, small, partial, recent):
        file.write_bytes(b"left behind")
    make_old(path, orphan, small, partial)
    sweep_all(uploads)
    assert {file.name for file in shard.iterdir()} == {
        *(f"{upload.id}{ending}" for ending in (".jpg", ".240.webp", ".480.webp")),
        recent.name,
    }


@pytest.mark.parametrize(
    "name",
    [
        "24/12/holiday.jpg",
        "24/12/holiday/beach.jpg",  # a folder where we have files
        f"24/12/{ID}.jpg/picture.jpg",
        f"24/13/{ID}.jpg",  # our name in a shard of another
        f"24/12/{ID}.png",
        f"24/12/{ID}.jpg.bak",
        f"24/12/{ID}.320.webp",
        f"24/12/{ID.upper().replace('0', 'A')}.jpg",
        f"{ID}.jpg",
        "24/notes.txt",
        "24",
    ],
)
def test_files_of_others_stay(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"theirs")
    make_old(path, path.parent)
    uploads = store(tmp_path)
    upload = add(uploads) if name != "24" else None
    sweep_all(uploads)
    if upload is not None:
        assert [each.id for each in uploads.recent()] == [upload.id]
        assert uploads.delete_all() == 1
    tidy_all(uploads)
    assert path.read_bytes() == b"theirs"


def test_a_link_with_our_name_stays(tmp_path: Path) -> None:
    target, link = tmp_path / "holiday.jpg", tmp_path / "24" / "12" / f"{ID}.jpg"
    target.write_bytes(b"theirs")
    make_old(target)
    link.parent.mkdir(parents=True)
    link.symlink_to(target)
    sweep_all(store(tmp_path))
    assert link.is_symlink()
    assert target.exists()
