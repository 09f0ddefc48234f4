"""The folder of kept pictures: it may be shared, and processes die in it."""

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from florist.system import PARTIAL
from florist.web.uploads.pictures import Pictures
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
    partial = shard / f"{path.name}.01234567{PARTIAL}"
    recent = shard / f"{upload.id[:4]}{'1' * 28}.jpg"
    for file in (orphan, partial, recent):
        file.write_bytes(b"left behind")
    make_old(path, orphan, partial)
    sweep_all(uploads)
    assert {file.name for file in shard.iterdir()} == {path.name, recent.name}


@pytest.mark.parametrize(
    "name",
    [
        "24/12/holiday.jpg",
        "24/12/holiday/beach.jpg",  # a folder where we have files
        f"24/12/{ID}.jpg/picture.jpg",
        f"24/13/{ID}.jpg",  # our name in a shard of another
        f"24/12/{ID}.png",
        f"24/12/{ID}.jpg.bak",
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
    tidy_all(uploads)
    if upload is not None:
        assert [each.id for each in uploads.recent()] == [upload.id]
        assert uploads.delete_all() == 1
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


def test_a_shard_goes_with_its_last_picture(tmp_path: Path) -> None:
    pictures = Pictures(tmp_path)
    for name in (ID, "2412" + "1" * 28, "2499" + "0" * 28):
        pictures.write(name, b"a picture")
    pictures.delete([ID])
    assert (tmp_path / "24" / "12").is_dir()
    pictures.delete(["2412" + "1" * 28])
    assert sorted(path.name for path in (tmp_path / "24").iterdir()) == ["99"]
    pictures.delete(["2499" + "0" * 28])
    assert list(tmp_path.iterdir()) == []


def test_writing_beside_somebody_who_removes_empty_shards(tmp_path: Path) -> None:
    """The other one removes the shard once while a picture is written."""
    pictures, done, may = Pictures(tmp_path), threading.Event(), threading.Event()

    def remove_empty_shards() -> None:
        while not done.is_set():
            with suppress(OSError):  # nothing is there yet, or a file is in it
                if may.wait(0.01):
                    (tmp_path / "24" / "12").rmdir()
                    may.clear()

    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(remove_empty_shards)
        try:
            for _ in range(300):
                may.set()
                pictures.write(ID, b"a picture")
                pictures.delete([ID])
        finally:
            done.set()
        other.result()
