"""Files by name in an object store, which may be busy, slow, or hang up."""

from collections.abc import Callable, Iterator

import pytest

from florist.errors import StorageError
from florist.storage import Bucket, is_address, split, storage_at
from tests.object_store import ObjectStore, object_store

NAME = "24/12/rose ä #1%.jpg"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectStore]:
    with object_store(monkeypatch, "flowers") as server:
        yield server


@pytest.fixture
def bucket(server: ObjectStore) -> Bucket:
    return Bucket("s3://flowers/kept/")


def names(bucket: Bucket, prefix: str | None = None) -> list[str]:
    return [entry.name for entry in bucket.list(prefix)]


def test_a_file_comes_back_until_it_is_removed(bucket: Bucket) -> None:
    bucket.write(NAME, b"a picture")
    assert bucket.read(NAME) == b"a picture"
    assert bucket.read(NAME, most=4) == b"a pi"
    assert bucket.read(NAME, most=9) == b"a picture"
    assert names(bucket) == names(bucket, "24") == [NAME]
    assert names(bucket, "2") == []
    bucket.write(NAME, b"")
    assert bucket.read(NAME, most=4) == b""
    bucket.remove(NAME)
    bucket.remove(NAME)
    assert names(bucket) == []
    with pytest.raises(FileNotFoundError, match="No such file"):
        bucket.read(NAME)


def test_the_first_one_creates_a_file(bucket: Bucket) -> None:
    assert bucket.create("run.json", b"one")
    assert not bucket.create("run.json", b"two")
    assert bucket.read("run.json") == b"one"


def test_more_files_than_a_page_of_a_listing_has(server: ObjectStore, bucket: Bucket) -> None:
    wanted = [f"{number:04}" for number in range(1010)]
    for name in wanted:
        bucket.write(name, b"")
    assert names(bucket) == wanted
    begun = server.requests
    server.faults = lambda number, method: "cut" if number == begun + 2 else ""
    assert names(bucket) == wanted  # it goes on, where the second page was cut off
    assert server.failed == ["cut"]


@pytest.mark.parametrize("fault", ["503", "hang", "cut"])
def test_what_fails_twice_is_tried_again(server: ObjectStore, bucket: Bucket, fault: str) -> None:
    bucket.write(NAME, bytes(1000))
    begun = server.requests
    server.faults = lambda number, method: fault if number <= begun + 2 else ""
    assert bucket.read(NAME) == bytes(1000)
    assert server.failed == [fault] * 2


@pytest.mark.parametrize("fault", ["503", "hang", "lost"])
def test_a_write_that_fails_is_tried_again(server: ObjectStore, bucket: Bucket, fault: str) -> None:
    begun = server.requests
    server.faults = lambda number, method: fault if number <= begun + 2 else ""
    bucket.write(NAME, b"a picture")
    assert server.failed == [fault] * 2
    assert bucket.read(NAME) == b"a picture"


def test_a_listing_that_fails_is_tried_again(server: ObjectStore, bucket: Bucket) -> None:
    bucket.write(NAME, b"")
    for fault in ("503", "hang", "cut"):
        begun = server.requests
        server.faults = lambda number, _: fault if number <= begun + 2 else ""  # noqa: B023
        assert names(bucket) == [NAME]
    assert server.failed == ["503", "503", "hang", "hang", "cut", "cut"]


def test_a_bucket_that_is_not_there_is_named(server: ObjectStore) -> None:
    nowhere = Bucket("s3://nowhere")
    calls: list[Callable[[], object]] = [
        lambda: nowhere.read("a.jpg"),
        lambda: nowhere.write("a.jpg", b""),
        lambda: nowhere.create("a.jpg", b""),
        lambda: names(nowhere),
    ]
    for call in calls:
        with pytest.raises(StorageError, match="s3://nowhere"):
            call()


def test_a_name_that_is_none_there_is_refused(bucket: Bucket) -> None:
    for name in ("a\tb", "../x", "a//b"):
        with pytest.raises(StorageError, match="cannot be used"):
            bucket.write(name, b"")


@pytest.mark.parametrize(
    ("place", "found"),
    [
        ("s3://bucket", ("s3://bucket", "")),
        ("gs://bucket/a/b.jpg", ("gs://bucket", "a/b.jpg")),
        ("az://container/a", ("az://container", "a")),
    ],
)
def test_addresses(place: str, found: tuple[str, str]) -> None:
    assert is_address(place)
    assert split(place) == found


@pytest.mark.parametrize("place", ["photos", "/s3://bucket", "s3:/bucket", "file:///etc", "s3://"])
def test_what_is_no_address_is_a_folder(place: str) -> None:
    assert not is_address(place)
    assert storage_at(place).where("x").endswith("/x")
