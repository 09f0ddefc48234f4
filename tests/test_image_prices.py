"""What a decoding costs is known before: memory from above, time well enough to choose a place."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest
from PIL import Image

from florist.images import DEFAULT_LIMITS, ImageSpec
from florist.images.costs import CHEAP, CostlyError, Price, require
from florist.images.decoding import opened, reduce
from florist.images.picture import load_within
from florist.images.prices import price_of
from tests.conftest import COLOURS, noisy_picture
from tests.costly_pictures import png_with, text, with_scans
from tests.test_image_costs import UNUSUAL, WRITTEN
from tests.web.conftest import encoded
from tests.web.door.bad_pictures import png, tiff

# Each picture in turn, with malloc giving back what is freed: the peak is that of the one picture.
MEASURE: Final = """
import json, sys
from pathlib import Path
from florist.images import ImageSpec, copy_without_metadata, load_rgb

def of_memory(name):
    status = Path("/proc/self/status").read_text()
    return int(status.partition(name)[2].split()[0]) * 1024

def peak(work):
    Path("/proc/self/clear_refs").write_text("5")
    before = of_memory("VmRSS:")
    work()
    return of_memory("VmHWM:") - before

contents = [Path(name).read_bytes() for name in sys.argv[1:]]
spec = ImageSpec(size=299)
for content in contents:  # what is loaded once for a format
    if len(content) < 100_000:
        copy_without_metadata(content, 16)
print(json.dumps([
    [peak(lambda: load_rgb(content, spec)), peak(lambda: copy_without_metadata(content, 1600))]
    for content in contents
]))
"""
GIVING_BACK: Final = {"MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "0"}


NOISY: Final = noisy_picture(COLOURS["red"], 1, 250)


def large(mode: str, width: int = 2100, height: int = 2000) -> Image.Image:
    return NOISY.resize((width, height)).convert(mode)


def pictures() -> dict[str, bytes]:
    """Return pictures of every format and mode, on both sides of what is converted in strips."""
    found: dict[str, bytes] = dict(UNUSUAL)
    turned: dict[str, Any] = {"exif": tiff({274: 6}, b"")}
    for number, (kind, mode, options) in enumerate(WRITTEN):
        found[f"{kind} {mode} {number}"] = encoded(large(mode, 150, 100), kind, **options)
    for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"):
        found[f"PNG {mode}"] = encoded(large(mode), "PNG", compress_level=1, **turned)
        found[f"PNG {mode} smaller"] = encoded(large(mode, 2000), "PNG", **turned)
    for mode in ("1", "L", "RGB", "RGBA", "CMYK", "I;16", "I"):
        for compression in ("raw", "tiff_lzw"):
            found[f"TIFF {mode} {compression}"] = encoded(
                large(mode), "TIFF", compression=compression, tiffinfo={278: 10_000}
            )
    for mode in ("L", "RGB"):
        options = {"compression": "jpeg", "tiffinfo": {278: 10_000}}
        found[f"TIFF {mode} jpeg"] = encoded(large(mode), "TIFF", **options)
    for mode in ("RGB", "RGBA"):
        found[f"WEBP {mode}"] = encoded(large(mode), "WEBP", method=0)
        found[f"WEBP {mode} lossless"] = encoded(large(mode), "WEBP", method=0, lossless=True)
    frames = [large("P"), large("P").rotate(90)]
    for disposal in (1, 2, 3):
        found[f"GIF disposal {disposal}"] = encoded(
            frames[0], "GIF", save_all=True, append_images=frames[1:], disposal=disposal
        )
    for mode in ("L", "RGB", "CMYK"):
        for progressive in (False, True):
            name = f"JPEG {mode} {progressive}"
            found[name] = encoded(large(mode), "JPEG", progressive=progressive, **turned)
    found["PNG of 16 bits"] = png(2000, 2500, bytes((6 * 2000 + 1) * 2500), depth=16)
    found["PNG, thin"] = encoded(large("RGB", 60, 60_000), "PNG")
    return found


def price_to_load(content: bytes) -> Price:
    with opened(content, DEFAULT_LIMITS) as (image, parts):
        reduce(image, 2 * 299)
        return parts.plus(price_of(image, (299, 299)))


def price_to_copy(content: bytes) -> Price:
    with opened(content, DEFAULT_LIMITS) as (image, parts):
        reduce(image, 1600)
        longest = max(image.size)
        across, down = (each * min(1600, longest) // longest + 1 for each in image.size)
        return parts.plus(price_of(image, (across, down)))


@pytest.mark.once
def test_no_decoding_takes_more_memory_than_its_price(tmp_path: Path) -> None:
    contents = dict(enumerate(pictures().values()))
    for number, content in contents.items():
        (tmp_path / str(number)).write_bytes(content)
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, *map(str, contents)],
        env=os.environ | GIVING_BACK,
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )
    for (name, content), (loaded, copied) in zip(
        pictures().items(), json.loads(done.stdout), strict=True
    ):
        assert loaded <= price_to_load(content).memory, name
        assert copied <= price_to_copy(content).memory, name


def photograph(side: int, **options: Any) -> bytes:
    return encoded(large("RGB", side * 4 // 3, side), "JPEG", quality=90, **options)


def test_what_real_pictures_cost_is_cheap() -> None:
    thumbnail = tiff({274: 6}, bytes(30_000))
    for content in (
        photograph(3000, exif=thumbnail),
        photograph(1500, progressive=True),
        encoded(large("RGB", 1920, 1080), "PNG", compress_level=1),
        encoded(large("RGB", 800, 600), "WEBP", method=0),
        encoded(large("P", 800, 600), "GIF"),
    ):
        require(price_to_load(content), CHEAP)


@pytest.mark.parametrize(
    "content",
    [
        png_with(text(b"zTXt", 16, b"\0")),
        with_scans(30, side=2000),
        encoded(large("RGB", 4000, 3000), "PNG", compress_level=1),
        encoded(large("RGB"), "WEBP", method=0),
        b"\0\0\0\x14ftypheic" + bytes(8) + b"\0\0\0\x14ispe" + bytes(4) + b"\0\0\x0f\xc0" * 2,
    ],
    ids=["texts", "scans", "12 megapixels", "WebP", "HEIC"],
)
def test_what_costs_more_is_left_to_others(content: bytes) -> None:
    with pytest.raises(CostlyError):
        load_within(CHEAP, content, ImageSpec(size=299))
