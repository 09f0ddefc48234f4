"""Pictures from a bucket, answers into a bucket: the same ones as from a folder."""

import gzip
import json
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

from florist.batch.manifest import names_in
from florist.batch.run import SUCCESS
from florist.bundle import Bundle
from florist.errors import BatchError
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


def write_inventory(schema: str, rows: list[str], **facts: Any) -> str:
    """Write what S3 Inventory does, in two files; return where its manifest is."""
    inventory, files = Bucket("s3://flowers"), []
    for number, lines in enumerate((rows[:2], rows[2:])):
        files.append({"key": f"lists/data/{number}.csv.gz"})
        inventory.write(files[-1]["key"], gzip.compress("".join(lines).encode()))
    content = {"fileFormat": "CSV", "fileSchema": schema, "files": files, **facts}
    inventory.write("lists/2026-11-25T01-00Z/manifest.json", json.dumps(content).encode())
    return "s3://flowers/lists/2026-11-25T01-00Z/manifest.json"


def test_an_inventory_of_a_bucket(server: ObjectStore) -> None:
    place = write_inventory(
        "Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size",
        [
            '"flowers","photos/a+rose%2B%C3%A4.jpg","v2","true","false","7"\n',
            '"flowers","photos/a+rose%2B%C3%A4.jpg","v1","false","false","7"\n',
            '"flowers","photos/gone.jpg","v1","true","true",""\n',
            '"flowers","notes.txt","","true","false","7"\n',
            '"flowers","photos/.thumbs/b.jpg","","true","false","7"\n',
            '"other","b.PNG","","true","false","7"\n',
        ],
    )
    assert [*names_in(place)] == ["s3://flowers/photos/a rose+\u00e4.jpg", "s3://other/b.PNG"]
    assert [*names_in(write_inventory("Bucket, Key", ['"flowers","c.jpg"\n']))] == [
        "s3://flowers/c.jpg"
    ]


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        ({"fileFormat": "ORC"}, "it lists ORC files, not CSV"),
        ({"fileSchema": "Bucket, Size"}, "Key"),
        ({"fileSchema": None}, "is no list"),
        ({"files": [1]}, "is no list"),
        ({"files": [{"key": "photos/red/001.png"}]}, "Not a gzipped file"),
    ],
)
def test_an_inventory_that_is_none_is_named(
    server: ObjectStore, facts: dict[str, Any], says: str
) -> None:
    place = write_inventory("Bucket, Key", ['"flowers","c.jpg"\n'], **facts)
    with pytest.raises(BatchError, match=says):
        [*names_in(place)]


def test_an_inventory_that_is_cut_off_is_named(server: ObjectStore) -> None:
    place = write_inventory("Bucket, Key", ['"flowers","c.jpg"\n'])
    whole = Bucket("s3://flowers").read("lists/data/0.csv.gz")
    Bucket("s3://flowers").write("lists/data/0.csv.gz", whole[:-9])
    with pytest.raises(BatchError, match="ended before the end"):
        [*names_in(place)]


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
