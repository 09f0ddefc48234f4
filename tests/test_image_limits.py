"""How large a picture may be is decided before it is decoded, by `Limits` alone."""

from pathlib import Path

import pytest
from PIL import Image

from florist.errors import ImageTooLargeError
from florist.images import Limits, load_picture, load_rgb
from tests.test_images import SPEC, encoded, png_announcing, scene
from tests.web.door.bad_pictures import many_pages, tiff


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "AVIF"])
def test_the_frames_of_an_animation_count(kind: str) -> None:
    frames = [Image.new("RGB", (64, 64), (8 * i, 0, 0)) for i in range(30)]
    content = encoded(frames[0], kind, save_all=True, append_images=frames[1:])
    load_rgb(content, SPEC, Limits(max_pixels=31 * 64 * 64))
    with pytest.raises(ImageTooLargeError):
        load_rgb(content, SPEC, Limits(max_pixels=25 * 64 * 64))


def test_a_file_of_too_many_bytes_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "big.bmp"
    path.write_bytes(bytes(2**20 + 1))
    with pytest.raises(ImageTooLargeError, match="1 MiB"):
        load_rgb(path, SPEC, Limits(max_bytes=2**20))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF"])
def test_limits_alone_decide_how_large_a_picture_may_be(
    monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    assert load_rgb(encoded(scene(), kind), SPEC, Limits(max_pixels=4000)).shape == (16, 16, 3)
    with pytest.raises(ImageTooLargeError):
        load_rgb(encoded(scene(), kind), SPEC, Limits(max_pixels=1000))


def test_a_thin_picture_is_too_large_however_few_its_pixels() -> None:
    with pytest.raises(ImageTooLargeError, match="65535"):
        load_rgb(png_announcing(1, 65_536), SPEC)


@pytest.mark.parametrize("following", [8, 2**31])
def test_only_the_first_page_of_a_tiff_is_looked_at(following: int) -> None:
    page: dict[int, int | list[int]] = {256: 8, 257: 8, 258: 8, 262: 1, 278: 8}
    for content in (tiff(page, b"\x80" * 64, following=following), many_pages(1000)):
        assert load_rgb(content, SPEC, Limits(max_pixels=64)).max() == 128


@pytest.mark.parametrize(("numbers", "size"), [(10, (32, 48)), (500_000, (48, 32))])
def test_an_exif_block_of_half_a_million_numbers_is_not_read(
    numbers: int, size: tuple[int, int]
) -> None:
    exif = tiff({274: 6, 282: [1] * numbers}, b"")
    picture = load_picture(encoded(scene(), "PNG", exif=exif), SPEC)
    assert (picture.width, picture.height) == size
