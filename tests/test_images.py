"""Every kind of picture that people have, and everything that only looks like one."""

import struct
import sys
import zlib
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image

from florist.errors import (
    DamagedImageError,
    EmptyImageError,
    ImageTooLargeError,
    UnsupportedImageError,
)
from florist.formats import formats, served_formats
from florist.images import FITS, ImageSpec, Limits, copy_without_metadata, load_picture, load_rgb

SPEC = ImageSpec(size=16)


def scene(width: int = 48, height: int = 32) -> Image.Image:
    """Return a picture without symmetry: left red, top bright."""
    x, y = np.meshgrid(np.linspace(255, 0, width), np.linspace(255, 60, height))
    return Image.fromarray(np.stack([x, y, x * 0 + 30], axis=-1).astype(np.uint8))


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def png_announcing(width: int, height: int) -> bytes:
    """Return a PNG of 50 kB whose header announces a size that its data does not have."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(bytes(50_000_000))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        ("JPEG", "RGB"),
        ("JPEG", "L"),
        ("JPEG", "CMYK"),
        ("PNG", "RGB"),
        ("PNG", "1"),
        ("PNG", "P"),
        ("PNG", "LA"),
        ("PNG", "RGBA"),
        ("PNG", "I;16"),
        ("WEBP", "RGB"),
        ("WEBP", "RGBA"),
        ("GIF", "P"),
        ("BMP", "RGB"),
        ("TIFF", "RGB"),
        ("TIFF", "L"),
        ("TIFF", "1"),
        ("TIFF", "P"),
        ("TIFF", "RGBA"),
        ("TIFF", "CMYK"),
        ("TIFF", "I;16"),
        ("AVIF", "RGB"),
        ("AVIF", "RGBA"),
    ],
)
def test_formats_and_modes(kind: str, mode: str) -> None:
    if mode == "I;16":
        wide = np.asarray(scene().convert("L")).astype(np.uint16) * 257
        image = Image.fromarray(wide)
    else:
        image = scene().convert(mode)
    picture = load_picture(encoded(image, kind), SPEC)
    expected = scene() if mode in {"RGB", "RGBA", "CMYK", "P"} else scene().convert("L")
    assert picture.pixels.shape == (16, 16, 3)
    assert picture.pixels.dtype == np.uint8
    assert (picture.format, picture.width, picture.height) == (kind, 48, 32)
    tolerance = 40 if mode == "1" else 12  # dithering
    shown = np.asarray(expected.convert("RGB").resize((16, 16))).astype(int)
    assert np.abs(picture.pixels - shown).mean() < tolerance


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF", "AVIF"])
def test_animations_show_their_first_frame(kind: str) -> None:
    first, second = Image.new("RGB", (8, 8), "red"), Image.new("RGB", (8, 8), "blue")
    content = encoded(first, kind, save_all=True, append_images=[second, first])
    assert load_rgb(content, SPEC)[8, 8].tolist() == pytest.approx([255, 0, 0], abs=6)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_exif_orientations_give_equal_pixels(kind: str, orientation: int) -> None:
    lossless: dict[str, Any] = {
        "JPEG": {"quality": 100, "subsampling": 0},
        "PNG": {},
        "WEBP": {"lossless": True},
        "TIFF": {},
        "AVIF": {"quality": 100, "subsampling": "4:4:4"},
    }
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = scene().transpose(undo[orientation]) if orientation in undo else scene()
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = load_picture(encoded(stored, kind, exif=exif, **lossless[kind]), SPEC)
    upright = load_rgb(encoded(scene(), kind, **lossless[kind]), SPEC)
    assert (picture.width, picture.height) == (48, 32)
    difference = np.abs(picture.pixels.astype(int) - upright)
    assert difference.max() <= (2 if kind in {"JPEG", "AVIF"} else 0)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_a_broken_exif_block_does_not_spoil_a_picture() -> None:
    content = encoded(scene(), "JPEG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff")
    assert load_rgb(content, SPEC).shape == (16, 16, 3)


def test_transparency_shows_white() -> None:
    assert load_rgb(encoded(Image.new("RGBA", (8, 8), (0, 0, 0, 0)), "PNG"), SPEC).min() == 255
    palette = Image.new("P", (8, 8), 3)
    palette.putpalette([9, 9, 9] * 4)
    assert load_rgb(encoded(palette, "PNG", transparency=3), SPEC).min() == 255


def test_a_copy_has_the_pixels_and_nothing_else() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "Camera"
    exif.get_ifd(0x8825)[2] = (48.0, 8.0, 0.0)
    content = encoded(scene(), "JPEG", exif=exif, comment=b"secret", icc_profile=b"profile")
    copy = Image.open(BytesIO(copy_without_metadata(content, 24)))
    assert (copy.format, copy.size) == ("JPEG", (16, 24))  # turned upright, and reduced
    assert not copy.getexif()
    assert not {"exif", "comment", "icc_profile", "xmp"} & set(copy.info)
    clear = Image.new("RGBA", (8, 8), (0, 0, 0, 0))
    white = Image.open(BytesIO(copy_without_metadata(encoded(clear, "PNG"), 24)))
    assert (white.size, white.getpixel((4, 4))) == ((8, 8), (255, 255, 255))


def test_large_jpegs_are_reduced_while_decoding_and_still_look_the_same() -> None:
    large = scene(1200, 800)
    reduced = load_rgb(encoded(large, "JPEG", quality=95), SPEC)
    whole = load_rgb(encoded(large, "PNG"), SPEC)
    assert np.abs(reduced.astype(int) - whole).max() <= 6


def test_fits_place_the_picture_as_named() -> None:
    # A wide picture: a red square in the middle, blue beside it.
    image = Image.new("RGB", (96, 32), "blue")
    image.paste("red", (32, 0, 64, 32))
    shown = {fit: load_rgb(encoded(image, "PNG"), ImageSpec(size=24, fit=fit)) for fit in FITS}
    assert (shown["crop"][12, [1, 12, 22]] == [255, 0, 0]).all()
    assert shown["stretch"][[1, 22], 1].tolist() == [[0, 0, 255]] * 2
    assert shown["pad"][[0, 23], 12].tolist() == [[255, 255, 255]] * 2
    assert shown["pad"][12, 12].tolist() == [255, 0, 0]


def with_wrong_checksum(png: bytes) -> bytes:
    """Return the PNG with a wrong CRC after right pixels."""
    return png[:-16] + bytes([png[-16] ^ 0xFF]) + png[-15:]


def with_wrong_pixels(png: bytes) -> bytes:
    """Return the PNG with a broken stream of pixels under a right CRC."""
    start = png.index(b"IDAT")
    length = int.from_bytes(png[start - 4 : start], "big")
    data = bytearray(png[start : start + 4 + length])
    data[len(data) // 2] ^= 0xFF
    return png[:start] + data + struct.pack(">I", zlib.crc32(data)) + png[start + 8 + length :]


@pytest.mark.parametrize(
    ("content", "error", "says"),
    [
        (b"", EmptyImageError, "0 bytes"),
        (b"just some text", UnsupportedImageError, "not a picture"),
        (b"%PDF-1.7 ...", UnsupportedImageError, "PDF"),
        (b"PK\x03\x04....", UnsupportedImageError, "ZIP"),
        (b"  <svg xmlns=''/>", UnsupportedImageError, "SVG"),
        (b"<!doctype html>", UnsupportedImageError, "HTML"),
        (b"\0\0\0\x18ftypavif", DamagedImageError, "AVIF"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0isom", UnsupportedImageError, "not a picture"),
        (encoded(scene(), "TIFF")[:-100], DamagedImageError, "damaged"),
        (encoded(scene(), "TIFF")[:12], DamagedImageError, "damaged"),
        (encoded(scene(), "AVIF")[:-60], DamagedImageError, "damaged"),
        (encoded(Image.new("F", (8, 8)), "TIFF"), UnsupportedImageError, "floating-point"),
        (encoded(scene(), "PPM"), UnsupportedImageError, "not a picture"),
        (encoded(scene(), "JPEG", quality=95)[:-100], DamagedImageError, "truncated"),
        (encoded(scene(), "PNG")[:-60], DamagedImageError, "damaged"),
        (encoded(scene(), "WEBP")[:-60], DamagedImageError, "damaged"),
        (encoded(scene(), "JPEG")[:4], DamagedImageError, "JPEG"),
        (encoded(scene(), "PNG").replace(b"IDAT", b"IDAZ"), DamagedImageError, "damaged"),
        (with_wrong_checksum(encoded(scene(), "PNG")), DamagedImageError, "damaged"),
        (with_wrong_pixels(encoded(scene(), "PNG")), DamagedImageError, "damaged"),
        (encoded(scene(), "PNG")[:-12], DamagedImageError, "damaged"),
        (png_announcing(0, 5), DamagedImageError, "PNG"),
        (png_announcing(20_000, 20_000), ImageTooLargeError, "400 megapixels"),
        (png_announcing(10_000, 10_000), ImageTooLargeError, "100 megapixels"),
        (png_announcing(8_000, 8_000), ImageTooLargeError, "64 megapixels"),
    ],
)
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_what_is_no_usable_picture(content: bytes, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        load_rgb(content, SPEC)


def test_phone_formats_are_read_with_the_extra() -> None:
    import pillow_heif  # type: ignore[import-untyped,unused-ignore]

    buffer = BytesIO()
    pillow_heif.from_pillow(scene()).save(buffer, quality=90)
    picture = load_picture(buffer.getvalue(), SPEC)
    assert (picture.format, picture.width) == ("HEIF", 48)


def test_a_phone_format_that_is_not_read_is_named_and_only_its_reader_told_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)  # as if it were not installed
    formats.cache_clear()
    heic = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"
    try:
        with pytest.raises(UnsupportedImageError, match=r"HEIC picture.*pip install"):
            load_rgb(heic, SPEC)
        with pytest.raises(UnsupportedImageError, match="a HEIC picture; save it as JPEG$"):
            load_rgb(heic, SPEC, Limits(formats=served_formats()))
    finally:
        formats.cache_clear()
