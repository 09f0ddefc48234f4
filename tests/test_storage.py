"""Files by name in a folder: whole or not there, and nobody else's are touched."""

import errno
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from florist.storage import Folder
from florist.system import PARTIAL

NAME = "24/12/rose.jpg"
LEFT = f"{NAME}.01234567{PARTIAL}"


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "made" / "when needed")


def beside(folder: Folder, name: str) -> list[str]:
    """Return what really lies where this file does."""
    return [path.name for path in (folder.path / name).parent.iterdir()]


def names(folder: Folder, prefix: str = "24") -> list[str]:
    return sorted(entry.name for entry in folder.list(prefix))


def test_of_many_who_create_a_file_one_is_the_first(folder: Folder) -> None:
    contents = [bytes([each]) * 100_000 for each in range(8)]
    with ThreadPoolExecutor(8) as pool:
        first = [*pool.map(lambda content: folder.create("run.json", content), contents)]
    assert sum(first) == 1
    assert folder.read("run.json") == contents[first.index(True)]
    assert [entry.name for entry in folder.list()] == ["run.json"]
    assert beside(folder, "run.json") == ["run.json"]


def test_a_file_is_created_where_there_are_no_links(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(*_: object, **__: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)  # as on a memory stick
    assert folder.create("run.json", b"one")
    assert not folder.create("run.json", b"two")
    assert folder.read("run.json") == b"one"
    assert beside(folder, "run.json") == ["run.json"]


def test_all_files_are_listed_from_the_top(folder: Folder) -> None:
    folder.write("top.txt", b"")
    folder.write(NAME, b"")
    assert sorted(entry.name for entry in folder.list()) == [NAME, "top.txt"]


def test_a_file_comes_back_until_it_is_removed(folder: Folder) -> None:
    assert names(folder) == []
    before = time.time() - 5
    for name in (NAME, "24/12/lily.jpg", "24/99/rose.jpg", "25/rose.jpg"):
        folder.write(name, name.encode())
    folder.write(NAME, b"a newer rose")
    assert folder.read(NAME) == b"a newer rose"
    assert names(folder) == ["24/12/lily.jpg", NAME, "24/99/rose.jpg"]
    assert names(folder, "24/12") == ["24/12/lily.jpg", NAME]
    assert all(entry.modified > before for entry in folder.list("24"))
    folder.remove(NAME)
    folder.remove(NAME)
    with pytest.raises(FileNotFoundError):
        folder.read(NAME)


def test_a_folder_goes_with_its_last_file(folder: Folder) -> None:
    for name in (NAME, "24/99/rose.jpg"):
        folder.write(name, b"a picture")
    folder.remove(NAME)
    assert [path.name for path in (folder.path / "24").iterdir()] == ["99"]
    folder.remove("24/99/rose.jpg")
    assert list(folder.path.iterdir()) == []


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "/etc/passwd", "../x", "a/../../x", "a//b", "a/", "a\\b", "C:x", "a\0b", "./a"],
)
def test_names_that_are_none_or_lead_out_are_refused(folder: Folder, name: str) -> None:
    calls: list[Callable[[], object]] = [
        lambda: folder.read(name),
        lambda: folder.write(name, b""),
        lambda: folder.remove(name),
        lambda: names(folder, name),
        lambda: folder.sweep(name, 0, bool),
    ]
    for call in calls:
        with pytest.raises(ValueError, match="no name"):
            call()
    assert not folder.path.exists()


def test_what_is_no_file_is_not_listed(folder: Folder) -> None:
    folder.write("24/12/rose.jpg", b"a picture")
    folder.write("26", b"a file where a folder is looked for")
    outside = folder.path.parent / "holiday"
    outside.mkdir()
    (outside / "beach.jpg").touch()
    (folder.path / "24" / "link.jpg").symlink_to(outside / "beach.jpg")
    (folder.path / "24" / "linked").symlink_to(outside)
    os.mkfifo(folder.path / "24" / "pipe.jpg")
    folder.write(LEFT, b"half")
    assert names(folder) == [NAME]
    assert names(folder, "26") == names(folder, "27") == []


def test_what_killed_writers_left_is_swept_and_nothing_else(folder: Folder) -> None:
    theirs = ["24/12/rose.jpg.partial", f"24/12/film.mkv.01234567{PARTIAL}", "24/12/notes.txt"]
    for name in (NAME, LEFT, *theirs):
        folder.write(name, b"x")
        os.utime(folder.path / name, (0, 0))
    recent = f"{NAME}.89abcdef{PARTIAL}"
    folder.write(recent, b"x")
    folder.sweep("24", 3600, ours=lambda name: name.endswith(".jpg"))
    assert not (folder.path / LEFT).exists()
    assert all((folder.path / name).exists() for name in (NAME, recent, *theirs))


def test_a_writer_killed_in_the_middle_leaves_the_file_before(folder: Folder) -> None:
    folder.write(NAME, b"before")
    code = (
        "import os, signal, sys; from pathlib import Path; from florist.storage import Folder\n"
        "os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)\n"
        f"Folder(Path(sys.argv[1])).write({NAME!r}, b'after')"
    )
    done = subprocess.run([sys.executable, "-c", code, str(folder.path)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert folder.read(NAME) == b"before"
    assert names(folder) == [NAME]
    assert len(beside(folder, NAME)) == 2
    folder.sweep("24", 0, ours=lambda name: name == NAME)
    assert beside(folder, NAME) == ["rose.jpg"]


def test_a_full_disk_leaves_the_file_before(folder: Folder) -> None:
    folder.write(NAME, b"before")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, limits[1]))
    try:
        with pytest.raises(OSError, match="large"):
            folder.write(NAME, b"after" * 1000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert folder.read(NAME) == b"before"
    assert beside(folder, NAME) == ["rose.jpg"]


def test_two_writers_leave_what_one_of_them_wrote(folder: Folder) -> None:
    contents = [bytes([number]) * 100_000 for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(folder.write, NAME, each) for each in contents * 4]:
            done.result()
    assert folder.read(NAME) in contents
    assert names(folder) == [NAME]


def test_writing_beside_somebody_who_removes_empty_folders(folder: Folder) -> None:
    """The other one removes the folder once while a file is written."""
    done, may = threading.Event(), threading.Event()

    def remove_empty_folders() -> None:
        while not done.is_set():
            with suppress(OSError):  # nothing is there yet, or a file is in it
                if may.wait(0.01):
                    (folder.path / "24" / "12").rmdir()
                    may.clear()

    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(remove_empty_folders)
        try:
            for _ in range(300):
                may.set()
                folder.write(NAME, b"a picture")
                folder.remove(NAME)
        finally:
            done.set()
        other.result()
