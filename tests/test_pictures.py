"""`pictures.zip` comes back as it was written; what else may stand in its place is refused."""

import json
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from PIL import Image

from florist.bundle import MODEL, PICTURES, Bundle, write_bundle
from florist.errors import BundleError
from florist.pictures import SmallPicture, read_pictures, to_bytes
from tests.conftest import COLOURS, noisy_picture


def webp(colour: str, seed: int = 0, size: int = 32) -> bytes:
    buffer = BytesIO()
    noisy_picture(COLOURS[colour], seed, size).save(buffer, "WEBP")
    return buffer.getvalue()


def mistake(label: str, predicted: str, seed: int = 0) -> SmallPicture:
    """Return a test picture of one colour that was taken for another, or was not."""
    name = f"{label}/{seed:03}.png"
    return SmallPicture(
        name=name, label=label, content=webp(label, seed), predicted=predicted, score=0.9
    )


def trained_on(label: str, row: int) -> SmallPicture:
    return SmallPicture(name=f"{label}/{row:03}.png", label=label, content=webp(label), row=row)


SOME = (mistake("green", "red"), mistake("blue", "blue"), trained_on("red", 3))


def with_pictures(bundle: Bundle, path: Path, content: bytes) -> Bundle:
    """Write a model folder anew with small pictures in it."""

    def write_files(folder: Path) -> None:
        for name in bundle.manifest.files:
            (folder / name).write_bytes(bundle.read(name))
        (folder / PICTURES).write_bytes(content)

    return write_bundle(path, replace(bundle.manifest, files={}), write_files)


def test_they_come_back_as_they_were_written(bundle: Bundle, tmp_path: Path) -> None:
    content = to_bytes(SOME)
    assert content == to_bytes(SOME)
    found = read_pictures(with_pictures(bundle, tmp_path / "model", content))
    assert found == SOME
    assert [each.is_mistake for each in found] == [True, False, False]
    assert [each.is_right for each in found] == [False, True, False]
    assert read_pictures(bundle) == ()


def spoiled(**changes: object) -> bytes:
    """Return a file whose index says something else of its first picture."""
    return zipped(json.dumps([entry() | changes]), webp("red"))


def entry() -> dict[str, object]:
    return {"name": "a.png", "label": "red", "predicted": "blue", "score": 0.5, "row": None}


def zipped(index: str, *copies: bytes, compression: int = 0) -> bytes:
    file = BytesIO()
    with ZipFile(file, "w", compression) as archive:
        archive.writestr("index.json", index)
        for number, copy in enumerate(copies):
            archive.writestr(f"{number:04}.webp", copy)
    return file.getvalue()


def overlapping() -> bytes:
    """Return a file in which ten thousand names stand for the same bytes."""
    content = zipped(json.dumps([entry()]), b"0" * 100_000)
    end = content.rindex(b"PK\x05\x06")
    listed = content.index(b"PK\x01\x02")
    second = content.index(b"PK\x01\x02", listed + 1)
    more = content[second:end] * 9000
    count = (2 + 9000).to_bytes(2, "little")
    size = (end - listed + len(more)).to_bytes(4, "little")
    return content[:end] + more + content[end : end + 8] + count * 2 + size + content[end + 16 :]


def as_png() -> bytes:
    buffer = BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (lambda: b"no zip", "not a zip file"),
        (lambda: zipped(json.dumps([entry()])), "0000.webp"),
        (lambda: zipped("[" * 100_000), "RecursionError|JSONDecodeError"),
        (lambda: zipped("{}", webp("red"), compression=ZIP_DEFLATED), "compressed"),
        (overlapping, "more is in it than can be"),
        (lambda: zipped(json.dumps([entry()]), as_png()), "no WebP"),
        (lambda: zipped(json.dumps([entry()]), webp("red", size=161)), "161 × 161 pixels"),
        (lambda: spoiled(label="pink"), "another class"),
        (lambda: spoiled(predicted="pink"), "another class"),
        (lambda: spoiled(label=["red"]), "another class"),
        (lambda: spoiled(row=1), "of the test or of the training"),
        (lambda: spoiled(predicted=None, row=-1), "whole number from 0"),
        (lambda: spoiled(score=2), "share"),
        (lambda: spoiled(name="\x1b[2J"), "expected text"),
    ],
)
def test_what_cannot_be_is_refused(
    bundle: Bundle, tmp_path: Path, content: Callable[[], bytes], why: str
) -> None:
    folder = with_pictures(bundle, tmp_path / "model", content())
    with pytest.raises(BundleError, match=why) as caught:
        read_pictures(folder)
    assert PICTURES in str(caught.value)
    assert folder.read(MODEL)
