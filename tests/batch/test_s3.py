"""Pictures from a bucket, answers into a bucket: the same ones as from a folder."""

from collections.abc import Iterator
from itertools import cycle
from pathlib import Path

import pytest

from florist.batch.run import SUCCESS
from florist.bundle import Bundle
from florist.storage import Bucket
from tests.batch.conftest import predict, predicted, rows_of
from tests.object_store import ObjectStore, object_store


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, photos: Path) -> Iterator[ObjectStore]:
    with object_store(monkeypatch, "flowers") as server:
        pictures = Bucket("s3://flowers/photos")
        for path in photos.rglob("*.*"):
            pictures.write(path.relative_to(photos).as_posix(), path.read_bytes())
        pictures.write("notes.txt", b"no picture")
        pictures.write("red/.hidden.png", b"no picture")
        yield server


def fetched(to: Path) -> Path:
    """Copy the answers out of the bucket."""
    answers = Bucket("s3://flowers/answers")
    for entry in answers.list():
        (to / entry.name).parent.mkdir(parents=True, exist_ok=True)
        (to / entry.name).write_bytes(answers.read(entry.name))
    return to


def test_from_s3_to_s3(bundle: Bundle, photos: Path, server: ObjectStore, tmp_path: Path) -> None:
    gone, output = "s3://flowers/photos/gone.png", "s3://flowers/answers/"
    arguments = ["s3://flowers/photos/", gone, "--output", output, "--shard", 10]
    result = predict(bundle, *arguments)
    assert result.exit_code == 1
    assert "Error: 3 of 39 pictures could not be used" in result.stderr
    expected = predicted(bundle, photos, photos / "gone.png")
    for row in expected:
        row["file"] = row["file"].replace(str(photos), "s3://flowers/photos")
    assert rows_of(fetched(tmp_path)) == expected
    assert (tmp_path / SUCCESS).is_file()
    done = server.requests
    assert predict(bundle, *arguments).exit_code == 1
    assert server.requests - done < 15  # no picture is fetched again
    other = predict(bundle, *arguments, "--top", 1)
    assert "s3://flowers/answers/run.json was begun with top 3, not 1" in other.stderr


def test_no_fault_of_the_storage_becomes_a_row(
    bundle: Bundle, photos: Path, server: ObjectStore, tmp_path: Path
) -> None:
    """Every third request to read, and to write, fails, from the first one on."""
    fine = ["", ""]
    faults = {
        "GET": cycle(["503", *fine, "cut", *fine, "503", *fine, "hang", *fine]),
        "PUT": cycle(["503", *fine, "lost", *fine]),
        "POST": cycle(["503", *fine]),
    }
    server.faults = lambda number, method: next(faults[method])
    result = predict(
        bundle, "s3://flowers/photos", "--output", "s3://flowers/answers", "--shard", 10
    )
    assert "Error: 2 of 38 pictures" in result.stderr, result.output
    assert {"503", "cut", "hang", "lost"} == {*server.failed}
    server.faults = lambda number, method: ""
    rows = rows_of(fetched(tmp_path))
    expected = predicted(bundle, photos)
    assert [row | {"file": ""} for row in rows] == [row | {"file": ""} for row in expected]


def test_a_manifest_in_a_bucket(
    bundle: Bundle, photos: Path, server: ObjectStore, tmp_path: Path
) -> None:
    names = ["s3://flowers/photos/red/001.png", str(photos / "blue" / "002.png")]
    Bucket("s3://flowers").write("lists/some.csv", "\n".join(["file", *names]).encode())
    output = f"{tmp_path / 'answers'}/"
    result = predict(bundle, "--manifest", "s3://flowers/lists/some.csv", "--output", output)
    assert result.exit_code == 0, result.output
    rows = rows_of(tmp_path / "answers")
    assert [(row["file"], row["labels"][0]) for row in rows] == [
        (names[0], "red"),
        (names[1], "blue"),
    ]
    gone = predict(bundle, "--manifest", "s3://flowers/lists/gone.csv", "--output", output)
    assert "s3://flowers/lists/gone.csv: No such file or directory" in gone.stderr


def test_a_storage_that_refuses_ends_the_run_and_no_row_says_so(
    bundle: Bundle, server: ObjectStore, tmp_path: Path
) -> None:
    result = predict(bundle, "s3://nowhere/a.png", "--output", f"{tmp_path / 'answers'}/")
    assert result.exit_code == 1
    assert "There is no bucket for s3://nowhere/a.png" in result.stderr
    assert not [*tmp_path.rglob("part-*")]


def test_pictures_of_a_bucket_need_a_folder(bundle: Bundle) -> None:
    result = predict(bundle, "s3://flowers/photos", "--json")
    assert result.exit_code == 2
    assert "Pictures of a bucket or a tar, " in result.stderr
    assert "need a folder: --output answers/" in result.stderr
