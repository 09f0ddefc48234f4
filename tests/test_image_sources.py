"""A picture comes as a path, bytes, an open file, a PIL image or an array, and is the same."""

import os
from collections.abc import Callable
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from florist.errors import DamagedImageError, ImageTooLargeError, UnsupportedImageError
from florist.images import ImageSource, ImageSpec, Limits, load_picture, load_rgb, read_bytes
from tests.conftest import COLOURS, noisy_picture

SPEC = ImageSpec(size=16)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the path of a small PNG."""
    noisy_picture(COLOURS["red"], 1, 40).crop((0, 0, 40, 30)).save(tmp_path / "a.png")
    return tmp_path / "a.png"


SOURCES: dict[str, Callable[[Path], ImageSource]] = {
    "path": lambda path: path,
    "str": str,
    "bytes": Path.read_bytes,
    "open file": lambda path: BytesIO(path.read_bytes()),
    "PIL": Image.open,
    "array": lambda path: np.asarray(Image.open(path)),
    "a view of an array": lambda path: np.asarray(Image.open(path))[:, ::-1][:, ::-1],
}


@pytest.mark.parametrize("given", SOURCES.values(), ids=SOURCES)
def test_every_source_gives_the_same_pixels(
    path: Path, given: Callable[[Path], ImageSource]
) -> None:
    picture = load_picture(given(path), SPEC)
    assert (picture.pixels == load_rgb(path, SPEC)).all()
    assert (picture.width, picture.height) == (40, 30)


def test_a_file_is_read_from_where_it_stands(path: Path) -> None:
    with path.open("rb") as file:
        assert (load_rgb(file, SPEC) == load_rgb(path, SPEC)).all()


def test_an_image_in_memory_is_turned_upright_and_stays_as_it_was(tmp_path: Path) -> None:
    large = noisy_picture(COLOURS["red"], 1, 256).crop((0, 0, 256, 192))
    exif = Image.Exif()
    exif[0x0112] = 6
    large.save(tmp_path / "phone.jpg", exif=exif)
    image = Image.open(tmp_path / "phone.jpg")
    picture = load_picture(image, SPEC)
    assert (picture.width, picture.height) == (192, 256)
    assert image.size == (256, 192)
    from_path = load_rgb(tmp_path / "phone.jpg", SPEC)  # decoded at an eighth of its size
    assert np.abs(picture.pixels.astype(int) - from_path).max() <= 6


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16", "HSV"])
def test_an_image_in_memory_may_have_any_mode(mode: str) -> None:
    image = Image.new("L", (8, 8), 255)
    wide = Image.fromarray(np.full((8, 8), 65535, np.uint16))
    pixels = load_rgb(wide if mode == "I;16" else image.convert("RGB").convert(mode), SPEC)
    assert pixels.min() == 255


def test_limits_hold_for_images_in_memory_too(path: Path) -> None:
    narrow = Limits(max_pixels=1000)
    for given in (Image.open(BytesIO(path.read_bytes())), np.zeros((40, 30, 3), np.uint8)):
        with pytest.raises(ImageTooLargeError):
            load_rgb(given, SPEC, narrow)


def test_a_broken_image_in_memory_is_told_as_one(path: Path) -> None:
    with pytest.raises(DamagedImageError):
        load_rgb(Image.open(BytesIO(path.read_bytes()[:-100])), SPEC)


@pytest.mark.parametrize(
    ("pixels", "says"),
    [
        (np.zeros((8, 8, 3)), "float64"),
        (np.zeros((8, 8), np.uint8), r"\(8, 8\)"),
        (np.zeros((8, 8, 4), np.uint8), r"\(8, 8, 4\)"),
        (np.zeros((1, 8, 8, 3), np.uint8), r"\(1, 8, 8, 3\)"),
        (np.zeros((0, 8, 3), np.uint8), r"\(0, 8, 3\)"),
    ],
)
def test_an_array_of_another_kind_is_refused(pixels: Any, says: str) -> None:
    with pytest.raises(UnsupportedImageError, match=says) as raised:
        load_rgb(pixels, SPEC)
    assert "expected uint8, RGB, with the shape (height, width, 3)" in str(raised.value)


@pytest.mark.parametrize(("given", "says"), [(7, "int"), (None, "NoneType"), (StringIO(), "'rb'")])
def test_what_holds_no_picture_is_a_mistake_of_the_caller(given: Any, says: str) -> None:
    with pytest.raises(TypeError, match=says):
        load_rgb(given, SPEC)


def test_a_folder_a_pipe_or_a_device_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    for path in (tmp_path, tmp_path / "pipe.png", Path("/dev/zero")):
        with pytest.raises(UnsupportedImageError, match="pipe or device"):
            read_bytes(path)
    with pytest.raises(FileNotFoundError):
        read_bytes(tmp_path / "none.png")
