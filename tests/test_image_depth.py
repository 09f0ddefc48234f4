"""Cameras of 10, 12 or 14 bits store their pictures in 16: they are not shown nearly black."""

from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image

from florist.images import ImageSpec, load_rgb
from tests.web.door.bad_pictures import tiff

SIDE = 64
SPEC = ImageSpec(size=SIDE)


def ramp(bits: int, brightest: float = 1.0) -> Image.Image:
    """Return a grey picture from black to so much of the range of so many bits."""
    row = np.linspace(0, brightest * (2**bits - 1), SIDE).round().astype(np.uint16)
    return Image.fromarray(np.tile(row, (SIDE, 1)))


def shown(image: Image.Image, kind: str, **options: Any) -> list[int]:
    buffer = BytesIO()
    image.save(buffer, kind, **options)
    return [int(each) for each in load_rgb(buffer.getvalue(), SPEC)[0, :, 0]]


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
@pytest.mark.parametrize("bits", [10, 12, 14, 16])
def test_the_range_is_the_one_that_holds_the_picture(kind: str, bits: int) -> None:
    grey = shown(ramp(bits), kind)
    assert grey == pytest.approx(np.linspace(0, 255, SIDE), abs=1)
    # As bright as it was taken, as long as it needs the range.
    assert max(shown(ramp(bits, 0.6), kind)) == pytest.approx(0.6 * 255, abs=1)


def test_a_picture_in_memory_has_the_same_range() -> None:
    assert [int(each) for each in load_rgb(ramp(12), SPEC)[0, :, 0]] == shown(ramp(12), "PNG")


def test_a_dark_picture_is_not_torn_to_white() -> None:
    assert max(shown(Image.fromarray(np.full((8, 8), 100, np.uint16)), "PNG")) == 25


def test_a_tiff_may_say_its_range() -> None:
    assert max(shown(ramp(10), "TIFF", tiffinfo={281: 65535})) == 3
    assert max(shown(ramp(10), "TIFF", tiffinfo={281: 4000})) == 63
    assert max(shown(ramp(16), "TIFF", tiffinfo={281: 1000})) == 255  # not true


def test_twelve_bits_packed_into_a_tiff() -> None:
    packed = tiff({256: 8, 257: 8, 258: 12, 262: 1, 278: 8}, bytes([0x10, 0x01, 0x00]) * 32)
    assert load_rgb(packed, SPEC).max() == 256 // 16


def test_white_may_be_zero() -> None:
    pixels = np.full((8, 8), 65535, "<u2").tobytes()
    content = tiff({256: 8, 257: 8, 258: 16, 262: 0, 278: 8}, pixels)
    assert load_rgb(content, SPEC).max() == 0


@pytest.mark.parametrize(("value", "grey"), [(-5, 0), (4095, 255), (2**30 - 1, 255)])
def test_whole_numbers_of_32_bits(value: int, grey: int) -> None:
    image = Image.fromarray(np.full((8, 8), value, np.int32))
    assert set(shown(image, "TIFF")) == {grey}


def test_strips_leave_no_seam() -> None:
    image = Image.fromarray(
        np.arange(1500 * 1500, dtype=np.uint32).reshape(1500, 1500).astype("i4")
    )
    grey = load_rgb(image, ImageSpec(size=1500))[:, :, 0].astype(int)
    assert (np.diff(grey.ravel()) >= 0).all()
