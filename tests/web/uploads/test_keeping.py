"""Keeping beside the requests: what waits, what comes back, and what is given up."""

import logging
import shutil
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from florist.web.problems import UploadsError
from florist.web.uploads import keeping
from florist.web.uploads.copies import Copy
from florist.web.uploads.keeping import QUEUE_BYTES, Keeper
from florist.web.uploads.names import name_of
from florist.web.uploads.store import UploadStore
from tests.web.conftest import AppMaker, csrf_token, red
from tests.web.uploads.test_retention import total
from tests.web.uploads.test_uploads import NOT_KEPT, NOT_YET, add, kept, rose, send, store


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep everybody else from writing into the database, as a backup or a hung process does."""
    with closing(sqlite3.connect(folder / "uploads.sqlite3", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


@pytest.fixture
def uploads(tmp_path: Path) -> UploadStore:
    """Return a store that has kept something."""
    uploads = store(tmp_path)
    add(uploads)
    return uploads


@pytest.fixture
def keeper(uploads: UploadStore) -> Iterator[Keeper]:
    keeper = Keeper(uploads, pages=3)
    yield keeper
    keeper.close(seconds=0)


def large(size: int) -> Copy:
    """Return a copy of so many bytes; what follows a JPEG does not disturb."""
    copy = rose()
    return Copy(copy.upload, copy.content.ljust(size, b"\0"))


def test_a_locked_database_holds_up_nobody(make_app: AppMaker, tmp_path: Path) -> None:
    folder = tmp_path / "uploads"
    add(store(folder))
    client = make_app().test_client()
    token = csrf_token(client)
    with locked(folder):
        for _ in range(3):
            page = send(client, token)
            assert NOT_YET in page
            assert 'src="data:image/jpeg;base64,' in page
        assert len(store(folder).recent()) == 1  # reading goes on
        predicted = client.post("/api/v1/predictions", data=red(), content_type="image/png")
        assert predicted.status_code == 200
    while len(store(folder).recent()) < 4:
        pass
    page = send(client, token)
    assert NOT_KEPT not in page
    assert 'src="/uploads/' in page


def test_what_cannot_wait_is_given_up(
    keeper: Keeper, uploads: UploadStore, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    third = QUEUE_BYTES // 3
    copies = [large(third), large(third), large(third + 3)]
    with locked(tmp_path):
        for copy in copies:
            keeper.put(copy)
        assert copies[2].kept.result(0) is False
        assert not copies[0].kept.done()
    assert caplog.messages.count("The picture 'rose.png' was not kept: too many others wait") == 1
    assert copies[0].kept.result(60) is copies[1].kept.result(60) is True
    again = large(third + 3)
    keeper.put(again)
    assert again.kept.result(60)
    assert len(uploads.recent()) == 4


@pytest.mark.parametrize("vanished", ["uploads.sqlite3", "."])
def test_a_database_that_vanishes_is_made_anew(
    keeper: Keeper, uploads: UploadStore, tmp_path: Path, vanished: str
) -> None:
    for path in tmp_path.glob("uploads.sqlite3*") if vanished != "." else [tmp_path]:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    copy = rose()
    keeper.put(copy)
    assert copy.kept.result(60)
    assert uploads.recent() == (copy.upload,)


def test_what_waits_is_forgotten_with_all_others(
    keeper: Keeper, uploads: UploadStore, tmp_path: Path
) -> None:
    before = rose()
    assert uploads.delete_all() == 1
    after = rose()
    for copy in (before, after):
        keeper.put(copy)
    assert not before.kept.result(60)
    assert after.kept.result(60)
    assert [path.stem for path in kept(tmp_path)] == [after.upload.id]


def test_a_picture_kept_twice_is_one(uploads: UploadStore, tmp_path: Path) -> None:
    """A connection may break after the database has taken the record."""
    copy = rose()
    assert uploads.add([copy]) == [True]
    assert uploads.add([copy]) == [True]
    assert len(uploads.recent()) == 2
    assert total(tmp_path)[0] == total(tmp_path)[1]


def test_a_picture_that_comes_twice_at_once_is_one(uploads: UploadStore, tmp_path: Path) -> None:
    copy = rose()
    assert uploads.add([copy, copy]) == [True, True]
    assert len(uploads.recent()) == 2
    assert total(tmp_path)[0] == total(tmp_path)[1]


def test_what_cannot_be_written_holds_up_no_other(
    keeper: Keeper, uploads: UploadStore, tmp_path: Path
) -> None:
    """Those that wait are kept at once, unless it is one of them that cannot be."""
    copies = [rose(), rose(), rose()]
    in_the_way = (tmp_path / name_of(copies[1].upload.id)).parent
    in_the_way.parent.mkdir(exist_ok=True)
    in_the_way.write_bytes(b"")
    with locked(tmp_path):
        for copy in copies:
            keeper.put(copy)
    assert copies[0].kept.result(60) is copies[2].kept.result(60) is True
    assert not copies[1].kept.done()
    in_the_way.unlink()
    assert copies[1].kept.result(60)
    assert {each.id for each in uploads.recent(3)} == {copy.upload.id for copy in copies}


def test_of_what_is_written_at_once_all_is_kept_or_nothing(
    uploads: UploadStore, tmp_path: Path
) -> None:
    before, copies = kept(tmp_path), [rose(), rose()]
    with locked(tmp_path), pytest.raises(UploadsError):
        uploads.add(copies)
    assert kept(tmp_path) == before
    assert uploads.add(copies) == [True, True]
    assert {each.id for each in uploads.recent(2)} == {copy.upload.id for copy in copies}
    assert total(tmp_path)[0] == total(tmp_path)[1]


def test_a_few_pages_wait_for_what_is_slow_and_no_more(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "_ANSWER_S", 300)
    copy = rose()
    with ThreadPoolExecutor(5) as pool:
        pages = [pool.submit(keeper.settle, [copy]) for _ in range(5)]
        while sum(page.done() for page in pages) < 2:
            pass
        keeper.put(copy)
        for page in pages:
            page.result(60)
    assert copy.is_kept


def test_nobody_waits_while_it_fails(
    keeper: Keeper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "_ANSWER_S", 300)
    with locked(tmp_path), ThreadPoolExecutor(1) as pool:
        keeper.put(copy := rose())
        pool.submit(keeper.settle, [copy]).result(60)
        assert not copy.kept.done()
    assert copy.kept.result(60)


def test_closing_keeps_what_waits(keeper: Keeper, uploads: UploadStore) -> None:
    copies = [rose() for _ in range(20)]
    for copy in copies:
        keeper.put(copy)
    keeper.close(seconds=60)
    assert all(copy.is_kept for copy in copies)
    assert len(uploads.recent()) == 21


def test_closing_gives_up_in_time(
    keeper: Keeper, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    copy = rose()
    with locked(tmp_path):
        keeper.put(copy)
        keeper.close(seconds=0.1)
        assert not copy.is_kept
        assert "not kept before the server stopped: 1" in caplog.text
        assert not copy.kept.result(60)
    assert [record.levelno for record in caplog.records if "was not kept" in record.message] == [
        logging.WARNING
    ]


def test_several_processes_keep_at_once(tmp_path: Path) -> None:
    keepers = [Keeper(store(tmp_path), pages=3) for _ in range(4)]
    copies = [rose() for _ in range(64)]
    for number, copy in enumerate(copies):
        keepers[number % 4].put(copy)
    assert all(copy.kept.result(60) for copy in copies)
    assert {each.id for each in store(tmp_path).recent(100)} == {each.upload.id for each in copies}
    assert len(kept(tmp_path)) == 64
    assert total(tmp_path)[0] == total(tmp_path)[1]


def test_a_picture_larger_than_all_may_be_is_not_kept(tmp_path: Path) -> None:
    keeper, copy = Keeper(store(tmp_path, size=100), pages=3), rose()
    keeper.put(copy)
    assert not copy.kept.result(60)
    assert kept(tmp_path) == []
