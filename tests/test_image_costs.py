"""What a picture costs is counted before it is opened; what real ones have is let through."""

from io import BytesIO
from typing import Any, NoReturn

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from florist.errors import TooCostlyError
from florist.images import ImageSpec, Limits, load_picture
from tests.conftest import COLOURS, noisy_picture
from tests.costly_pictures import (
    COSTLY,
    before_end,
    gif,
    jpeg,
    png_of_pieces,
    png_with,
    run_length_bmp,
    segment,
    text,
    tiff_of_jpeg,
    with_scans,
)
from tests.web.conftest import encoded

SPEC = ImageSpec(size=16)


@pytest.mark.parametrize("name", COSTLY)
def test_a_costly_picture_is_refused_before_it_is_opened(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    content = COSTLY[name]()

    def never(*_: object, **__: object) -> NoReturn:
        raise RuntimeError("opened")

    monkeypatch.setattr(Image, "open", never)
    with pytest.raises(TooCostlyError, match=f"a {name[:3]}.*save it anew") as caught:
        load_picture(content, SPEC)
    assert caught.value.code == "too-costly"


UNUSUAL = {
    "JPEG of 20 scans": with_scans(14),
    "JPEG with a profile in 100 segments": jpeg(segment(0xE2, b"ICC_PROFILE\0" + bytes(9)) * 100),
    "JPEG with an XMP text in 300 segments": jpeg(
        segment(0xE1, b"http://ns.adobe.com/xmp/extension/\0" + bytes(99)) * 300
    ),
    "JPEG with fill bytes": jpeg(b"\xff" * 500),
    "JPEG with a segment of the wrong length": jpeg(b"\xff\xe2\0\x10" + bytes(65_000)),
    "JPEG with another one behind it": jpeg() + bytes(9000) + b"\xff" * 9000 + jpeg(),
    "progressive JPEG with 2,000 segments behind it": jpeg(progressive=True)
    + segment(0xE5, b"") * 2000,
    "PNG whose pixels are in 900 pieces": png_of_pieces(900),
    "PNG of 16 compressed texts": png_with(text(b"zTXt", 16, b"\0")),
    "PNG of 100 texts": png_with(text(b"tEXt", 50) + text(b"iTXt", 50, b"\0\0\0\0")),
    "GIF with a long comment": gif(b"!\xfe" + (b"\xff" + b"a" * 255) * 5000 + b"\0"),
    "BMP with run-length encoding": run_length_bmp(640, 480),
}


@pytest.mark.parametrize("name", UNUSUAL)
def test_an_unusual_picture_is_read(name: str) -> None:
    assert load_picture(UNUSUAL[name], SPEC).pixels.shape == (16, 16, 3)


WRITTEN: list[tuple[str, str, dict[str, Any]]] = [
    *(("JPEG", mode, {"progressive": True}) for mode in ("L", "RGB", "CMYK")),
    ("JPEG", "RGB", {"icc_profile": bytes(500_000), "exif": Image.Exif(), "comment": b"hello"}),
    ("JPEG", "RGB", {"xmp": bytes(60_000), "restart_marker_blocks": 1, "optimize": True}),
    ("JPEG", "RGB", {"restart_marker_rows": 1, "progressive": True, "subsampling": 0}),
    *(("PNG", mode, {"optimize": True}) for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")),
    *(("GIF", mode, {"comment": b"x" * 5000}) for mode in ("1", "L", "P", "RGB", "RGBA")),
    *(("BMP", mode, {}) for mode in ("1", "L", "P", "RGB", "RGBA")),
]


@pytest.mark.parametrize(("kind", "mode", "options"), WRITTEN)
def test_what_pillow_writes_is_read_with_the_same_pixels(
    kind: str, mode: str, options: dict[str, Any]
) -> None:
    content = encoded(noisy_picture(COLOURS["red"], 1, 64).convert(mode), kind, **options)
    with Image.open(BytesIO(content)) as image:
        rgb = image.convert("RGBA" if image.has_transparency_data else "RGB")
    whole = ImageSpec(size=40)  # of which a JPEG is not decoded at a half
    if mode != "I;16":
        assert np.array_equal(load_picture(content, whole).pixels, load_picture(rgb, whole).pixels)


def test_a_picture_of_several_is_read() -> None:
    one, other = (noisy_picture(COLOURS[name], 1, 64) for name in ("red", "blue"))
    content = encoded(one, "MPO", save_all=True, append_images=[other] * 5)
    assert load_picture(content, SPEC).format == "JPEG"


def test_a_png_with_all_that_pillow_can_add_is_read() -> None:
    more = PngInfo()
    for at in range(10):
        more.add_text(f"key {at}", "x" * 2000, zip=True)
    more.add_itxt("XML:com.adobe.xmp", "x" * 2000)
    options: dict[str, Any] = {
        "pnginfo": more,
        "icc_profile": bytes(3000),
        "exif": Image.Exif(),
        "dpi": (72, 72),
    }
    assert load_picture(encoded(noisy_picture(COLOURS["red"], 1, 64), "PNG", **options), SPEC)


def test_scans_are_weighed_by_the_pixels_that_are_allowed() -> None:
    content = with_scans(16, side=64)
    load_picture(content, SPEC, Limits(max_pixels=10 * 64 * 64))
    with pytest.raises(TooCostlyError, match="scans"):
        load_picture(content, SPEC, Limits(max_pixels=64 * 64))


def test_a_webp_costs_twice_as_much() -> None:
    content = encoded(Image.new("RGB", (64, 64)), "WEBP")
    load_picture(content, SPEC, Limits(max_pixels=2 * 64 * 64))
    with pytest.raises(TooCostlyError, match="a WebP of"):
        load_picture(content, SPEC, Limits(max_pixels=2 * 64 * 64 - 1))


def test_a_tiff_of_many_small_jpegs_is_read() -> None:
    content = encoded(noisy_picture(COLOURS["red"], 1, 640), "TIFF", compression="jpeg")
    assert content.count(b"\xff\xda") > 1
    assert load_picture(content, SPEC, Limits(max_pixels=640 * 640))
    assert load_picture(tiff_of_jpeg(with_scans(5), 32), SPEC)


def test_fill_bytes_behind_the_end_are_none_of_the_pixels() -> None:
    for progressive in (False, True):
        content = jpeg(progressive=progressive)
        assert load_picture(content + b"\xff" * 9000, SPEC)
        with pytest.raises(TooCostlyError, match="fill"):
            load_picture(before_end(content, b"\xff" * 9000), SPEC)
