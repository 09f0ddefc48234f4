"""Pictures in tars: the answers of the same pictures as files; and tars that nobody honest made."""

import io
import struct
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from florist.batch.run import Share, answer, begin
from florist.batch.shard import Counts
from florist.batch.tar import Member, with_members
from florist.bundle import Bundle
from florist.errors import BatchError
from florist.storage import Bucket, Folder
from tests.batch.conftest import here, job_for, parts, predict, predicted, rows_of
from tests.batch.test_s3 import fetched
from tests.object_store import object_store

BLOCK = 512
PIXELS = b"\xff\xd8\xff the rest of a picture"


def packed(folder: Path, tar: Path, format: int = tarfile.PAX_FORMAT) -> Path:
    tar.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(tar, "w", format=format) as file:
        for path in sorted(folder.rglob("*.*")):
            file.add(path, f"./{path.relative_to(folder).as_posix()}")
        file.add(Path(__file__), "notes.txt")
    return tar


def written(path: Path, *members: tuple[str, bytes], **about: object) -> Path:
    """Write a tar of members, each with `about` in its header."""
    with tarfile.open(path, "w") as file:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            for key, value in about.items():
                setattr(info, key, value)
            file.addfile(info, io.BytesIO(content))
    return path


def found_in(tar: Path) -> tuple[list[str], list[str]]:
    problems: list[str] = []
    return [*map(str, with_members([str(tar)], problems))], problems


@pytest.mark.parametrize("format", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_the_answers_are_those_of_the_same_files(
    bundle: Bundle, photos: Path, tmp_path: Path, format: int
) -> None:
    tar = packed(photos, tmp_path / "a.tar", format)
    output = tmp_path / "answers"
    result = predict(bundle, tar, "--output", f"{output}/", "--shard", 10)
    assert "Error: 2 of 38 pictures could not be used" in result.stderr
    expected = predicted(bundle, photos)
    for row in expected:
        row["file"] = row["file"].replace(str(photos), str(tar))
    assert sorted(rows_of(output), key=lambda row: row["file"]) == expected


def test_what_was_interrupted_goes_on_to_the_same_bytes(
    bundle: Bundle, photos: Path, tmp_path: Path
) -> None:
    for name in ("red", "blue"):
        packed(photos / name, tmp_path / "tars" / f"{name}.tar")
    arguments = [f"{tmp_path}/tars/*.tar", "--output", f"{tmp_path / 'answers'}/", "--shard", 5]
    predict(bundle, *arguments)
    whole = parts(tmp_path / "answers")
    assert len(whole) == 5
    (tmp_path / "answers" / "part-000001.parquet").unlink()
    assert predict(bundle, *arguments).exit_code == 1
    assert parts(tmp_path / "answers") == whole
    with tarfile.open(tmp_path / "tars" / "blue.tar", "a") as file:
        file.add(photos / "blue" / "000.png", "000.png")
    moved = predict(bundle, *arguments)  # the last one of a name lies elsewhere
    assert "run.json was begun with names" in moved.stderr


def test_tars_of_a_bucket(
    bundle: Bundle, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with object_store(monkeypatch, "flowers"):
        bucket = Bucket("s3://flowers")
        for name in ("blue", "green", "red"):
            content = packed(photos / name, tmp_path / f"{name}.tar").read_bytes()
            bucket.write(f"tars/{name}.tar", content)
        bucket.write("tars/old/red.tar", content)
        bucket.write("tars/cut.tar", content[:1000])
        (tmp_path / "list.csv").write_text("file\ns3://flowers/tars/green.tar\n")
        output = ["--output", "s3://flowers/answers/", "--shard", 10]
        result = predict(
            bundle, "s3://flowers/tars/[bcr]*.tar", "--manifest", tmp_path / "list.csv", *output
        )
        assert "Error: s3://flowers/tars/cut.tar is left out: " in result.stderr
        assert "Error: 2 of 38 pictures" in result.stderr
        rows = rows_of(fetched(tmp_path))
    expected = predicted(bundle, photos)
    for row in expected:
        path = Path(row["file"])
        row["file"] = f"s3://flowers/tars/{path.parent.name}.tar/{path.name}"
    assert sorted(rows, key=lambda row: row["file"]) == expected


def test_a_tar_that_is_gone_or_shorter_when_it_is_read(
    bundle: Bundle, photos: Path, tmp_path: Path
) -> None:
    tar = written(tmp_path / "a.tar", ("rose.jpg", PIXELS))
    (member,) = with_members([str(tar)], [])
    assert isinstance(member, Member)
    assert member.read(str(tar), 1000) == PIXELS
    assert member.read(str(tar), 5) == PIXELS[:5]
    tar.write_bytes(tar.read_bytes()[: BLOCK + 4])
    with pytest.raises(BatchError, match=r"a\.tar was changed meanwhile: it is shorter"):
        member.read(str(tar), 1000)


def test_only_visible_pictures_count_and_of_one_name_the_last(tmp_path: Path) -> None:
    members = [("a.jpg", b"1"), ("__MACOSX/a.jpg", b""), ("b/._a.jpg", b""), ("x.txt", b"")]
    tar = written(tmp_path / "a.tar", *members, ("/etc/b.jpg", b""), ("./a.jpg", b"22"))
    assert found_in(tar) == ([f"{tar}/a.jpg", f"{tar}/etc/b.jpg"], [])
    last = next(with_members([str(tar)], []))
    assert isinstance(last, Member)
    assert last.read(str(tar), 99) == b"22"


def test_names_that_are_long_or_no_text(tmp_path: Path) -> None:
    long = f"{'folder/' * 500}caf\udce9.jpg"
    for format in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        with tarfile.open(tmp_path / "a.tar", "w", format=format) as file:
            file.addfile(tarfile.TarInfo(long))
        assert found_in(tmp_path / "a.tar") == ([f"{tmp_path}/a.tar/{long}"], [])


def test_links_and_devices_are_left_out_by_name(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as file:
        file.addfile(tarfile.TarInfo("rose.jpg"))
        for number, kind in enumerate([tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE]):
            info = tarfile.TarInfo(f"{number}.jpg")
            info.type, info.linkname = kind, "/etc/passwd"
            file.addfile(info)
    names, (problem,) = found_in(tmp_path / "a.tar")
    assert names == [f"{tmp_path}/a.tar/rose.jpg"]
    assert "has 3 pictures that are links or no regular files" in problem
    assert problem.endswith("the first is 0.jpg.")


def header(name: bytes, size: bytes, kind: bytes = b"0") -> bytes:
    """Return a header that says anything, with the right sum."""
    fields = struct.pack(
        "100s8s8s8s12s12s8s1s", name, b"644", b"0", b"0", size, b"0", b" " * 8, kind
    ).ljust(BLOCK, b"\0")
    return fields[:148] + b"%06o\0 " % sum(fields) + fields[156:]


def negative(size: int) -> bytes:
    return b"\xff" + size.to_bytes(11, "big", signed=True)


END = bytes(2 * BLOCK)
ROSE = header(b"rose.jpg", b"5") + b"petal".ljust(BLOCK, b"\0")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty file"),
        (b"no tar at all, but some text", "truncated header"),
        (b"\x1f\x8b" * 999, "bad checksum|invalid header"),
        (ROSE, "cut off or damaged at byte 1,024"),
        (ROSE + END[:300], "cut off or damaged at byte 1,024"),
        (ROSE[:700], "unexpected end of data"),
        (ROSE + b"x" * BLOCK + END, "cut off or damaged at byte 1,024"),
        (header(b"rose.jpg", b"77777777777") + END, "unexpected end of data"),
        # Newer Pythons refuse negative sizes themselves.
        (ROSE + header(b"rose.jpg", negative(-1024)) + END, "lies about a size|cut off or damaged"),
        (header(b"x", negative(-1024), b"x") + ROSE + END, "a header at byte|invalid offset"),
        (header(b"x", b"77777777777", b"x") + ROSE + END, "a header at byte 512 is larger"),
        (header(b"x", b"77777777777", b"L") + ROSE + END, "a header at byte 512 is larger"),
        (header(b"x", b"0", b"L") * 500 + ROSE + END, "larger than 16,384 bytes"),
        (
            header(b"x", b"13", b"g") + b"13 size=9999\n".ljust(BLOCK, b"\0") + ROSE + END,
            "lies about a size",
        ),
    ],
)
def test_what_is_no_whole_tar_is_named_and_nothing_of_it_answered(
    tmp_path: Path, content: bytes, says: str
) -> None:
    tar = tmp_path / "a.tar"
    tar.write_bytes(content)
    names, (problem,) = found_in(tar)
    assert names == []
    assert problem.startswith(f"{tar} is left out: ")
    assert any(each in problem for each in says.split("|")), problem


def test_a_tar_is_found_from_where_the_command_was_called(
    bundle: Bundle, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The nodes of a cluster are called from elsewhere."""
    packed(photos / "blue", tmp_path / "a.tar")
    monkeypatch.chdir(tmp_path)
    plan = begin(with_members(["a.tar"], []), Folder(tmp_path / "answers"), {}, None)
    monkeypatch.chdir("/")
    job = replace(job_for(bundle, tmp_path / "answers"), base=str(tmp_path))
    assert answer(plan, job, Share(), here, lambda _: None) == Counts(pictures=12)
    assert rows_of(tmp_path / "answers")[0]["file"] == "a.tar/000.png"


def test_more_pictures_than_memory_is_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("florist.batch.tar._MOST_PICTURES", 2)
    tar = written(tmp_path / "a.tar", *[(f"{number}.jpg", b"") for number in range(3)])
    assert "more than 2 pictures" in found_in(tar)[1][0]


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda path: None, "cannot be read: No such file or directory."),
        (lambda path: path.mkdir(), "is left out: it is no regular file."),
        (written, "There is no picture in"),
        (lambda path: written(path, ("notes.txt", b"no picture")), "There is no picture in"),
    ],
)
def test_what_holds_no_picture_is_said(
    tmp_path: Path, make: Callable[[Path], object], says: str
) -> None:
    make(tmp_path / "a.tar")
    names, (problem,) = found_in(tmp_path / "a.tar")
    assert names == []
    assert says in problem


def test_a_tar_needs_a_folder(bundle: Bundle, tmp_path: Path) -> None:
    result = predict(bundle, written(tmp_path / "a.tar", ("rose.jpg", PIXELS)), "--csv")
    assert result.exit_code == 2
    assert "need a folder: --output answers/" in result.stderr
