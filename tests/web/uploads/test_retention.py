"""How long pictures are kept, in steps that nobody waits for."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from florist.web.uploads.listing import Filter
from florist.web.uploads.store import STEP
from florist.web.uploads.tidying import keep_tidy, tidy_all
from tests.web.conftest import AppMaker, csrf_token
from tests.web.uploads.test_uploads import NOT_KEPT, add, kept, rose, send, store

DAY_US = 24 * 3600 * 1_000_000
COLUMNS = "id, created, filename, predictions, width, height, size, label"
INSERT = f"INSERT INTO uploads ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"


@contextmanager
def database(folder: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(folder / "uploads.sqlite3")) as connection, connection:
        yield connection


def total(folder: Path) -> tuple[int, int]:
    """Return the size of all files as it is remembered, and as it is."""
    with database(folder) as records:
        (remembered,) = records.execute("SELECT size FROM uploads_total").fetchone()
    return remembered, sum(path.stat().st_size for path in files(folder))


def files(folder: Path) -> list[Path]:
    """Return all files of uploads, thumbnails included."""
    return [path for path in folder.rglob("*.*") if path.suffix in {".jpg", ".webp"}]


def make_old(folder: Path, count: int, days: int = 31) -> None:
    """Add `count` records, older than all others, with a tiny file each."""
    with database(folder) as records:
        (oldest,) = records.execute("SELECT min(created) FROM uploads").fetchone()
        for number in range(count):
            name, created = f"{number:032x}", oldest - days * DAY_US - number
            records.execute(INSERT, (name, created, "old.jpg", "[]", 1, 1, 4, ""))
            path = folder / name[:2] / name[2:4] / f"{name}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"JPEG")
        records.execute("UPDATE uploads_total SET size = size + 4 * ?", (count,))


def test_what_is_too_old_goes(tmp_path: Path) -> None:
    uploads = store(tmp_path, days=30)
    new = add(uploads)
    make_old(tmp_path, 1)
    assert [upload.id for upload in uploads.recent()] == [new.id]
    tidy_all(uploads)
    assert [path.stem for path in kept(tmp_path)] == [new.id]
    assert total(tmp_path)[0] == total(tmp_path)[1]


def test_what_is_too_much_goes_the_oldest_first(tmp_path: Path) -> None:
    add(store(tmp_path / "one"))
    size = sum(path.stat().st_size for path in files(tmp_path / "one"))
    uploads = store(tmp_path / "many", size=3 * size + size // 2)
    ids = [add(uploads).id for _ in range(6)]
    assert [upload.id for upload in uploads.recent()] == ids[:2:-1]
    assert {path.stem for path in kept(tmp_path / "many")} == set(ids[3:])
    assert total(tmp_path / "many") == (3 * size, 3 * size)
    assert store(tmp_path / "none", size=size - 1).add([rose()]) == [False]


def test_many_old_ones_are_not_found_at_once_and_deleted_in_steps(tmp_path: Path) -> None:
    uploads = store(tmp_path)
    new = add(uploads)
    make_old(tmp_path, 2 * STEP)
    old = uploads.get(f"{0:032x}")
    assert old is None
    assert uploads.recent() == (new,)
    assert uploads.tidy()
    assert len(kept(tmp_path)) == 1 + STEP
    assert uploads.untidy.is_set()
    tidy_all(uploads)
    assert not uploads.untidy.is_set()
    assert [path.stem for path in kept(tmp_path)] == [new.id]


def test_deleting_all_forgets_all_at_once_and_takes_new_ones(tmp_path: Path) -> None:
    uploads = store(tmp_path, days=100)
    first = add(uploads)
    make_old(tmp_path, 2 * STEP)
    assert uploads.delete_all() == 2 * STEP + 1
    assert uploads.untidy.is_set()
    assert len(kept(tmp_path)) == 2 * STEP + 1  # the request waited for none of them
    assert uploads.get(first.id) is None
    assert uploads.read(first.id) is None
    second = add(uploads)
    assert uploads.recent() == (second,)
    tidy_all(uploads)
    assert [path.stem for path in kept(tmp_path)] == [second.id]
    assert total(tmp_path)[0] == total(tmp_path)[1]


def test_the_background_deletes_what_a_request_left_to_it(tmp_path: Path) -> None:
    uploads = store(tmp_path)
    add(uploads)
    make_old(tmp_path, 3 * STEP)
    keep_tidy(uploads)
    while sum(name.endswith(".jpg") for _, _, names in os.walk(tmp_path) for name in names) > 1:
        pass


def test_several_processes_agree_on_the_total(tmp_path: Path) -> None:
    one, other = store(tmp_path), store(tmp_path)
    first, _, third = add(one), add(other), add(one)
    assert one.delete(first.id)
    assert not other.delete(first.id)
    assert other.delete(third.id)
    assert total(tmp_path)[0] == total(tmp_path)[1] > 0


@pytest.mark.parametrize("wrong", [0, 10**12])
def test_a_wrong_total_heals(tmp_path: Path, wrong: int) -> None:
    uploads = store(tmp_path, days=100, size=2**20)
    add(uploads)
    make_old(tmp_path, 2 * STEP)
    with database(tmp_path) as records:
        records.execute("UPDATE uploads_total SET size = ?", (wrong,))
    uploads.count_anew()
    assert total(tmp_path)[0] == total(tmp_path)[1]


def test_a_table_without_a_total_gets_one(tmp_path: Path) -> None:
    add(store(tmp_path))
    with database(tmp_path) as records:
        records.execute("DROP TABLE uploads_total")
    assert len(store(tmp_path).recent()) == 1
    assert total(tmp_path)[0] == total(tmp_path)[1]


def test_the_work_of_a_request_does_not_grow_with_the_records(tmp_path: Path) -> None:
    uploads = store(tmp_path, days=100)
    add(uploads)
    make_old(tmp_path, STEP)

    def steps() -> int:
        """Count SQLite's own steps, in hundreds, of an upload and a page of the history."""
        done = 0

        def one_more() -> None:
            nonlocal done
            done += 1

        def count(connection: Any, _: object) -> None:
            connection.set_progress_handler(one_more, 100)

        event.listen(Engine, "connect", count)
        try:
            last = add(uploads)
            for only in (Filter(), Filter(label="red"), Filter(verdict="answer", browser="none")):
                uploads.recent(24, only=only)
                uploads.newer(last.id, only)
            uploads.labels()
        finally:
            event.remove(Engine, "connect", count)
        return done

    few = steps()
    with database(tmp_path) as records:
        for number in range(20 * STEP):
            name, created = f"{number + STEP:032x}", DAY_US * 10**6 + number
            records.execute(INSERT, (name, created, "new.jpg", "[]", 1, 1, 4, "red"))
    assert few > 0
    assert steps() < 1.5 * few


def test_zero_days_keep_nothing_and_delete_what_was_kept(
    make_app: AppMaker, tmp_path: Path
) -> None:
    folder = tmp_path / "uploads"
    add(store(folder))
    client = make_app(uploads_days=0).test_client()
    page = send(client, csrf_token(client))
    assert "Pictures are not kept." in page
    assert NOT_KEPT not in page
    assert "nothing to look back at" in client.get("/history").text
    uploads = store(folder, days=0)
    assert uploads.recent() == ()
    tidy_all(uploads)
    assert kept(folder) == []
