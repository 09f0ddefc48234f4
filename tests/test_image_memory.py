"""A picture costs the memory of its pixels as they are stored, and no copy of them."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from florist.images import FITS, ImageSpec, copy_without_metadata, load_rgb
from florist.images.upright import PIXELS_A_STRIP, TURNS, Upright
from tests.web.conftest import encoded
from tests.web.door.bad_pictures import tiff

MEGAPIXELS = 16

# Of the address space, which begins anew with a program; `ru_maxrss` begins with its parent's.
PEAK = """
import sys
from pathlib import Path
from florist.images import ANY, ImageSpec, load_within

def peak():
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024

small, large = (Path(name).read_bytes() for name in sys.argv[1:])
load_within(ANY, small, ImageSpec(size=64))
before = peak()
load_within(ANY, large, ImageSpec(size=64))  # here, not in a process of its own
print(peak() - before)
"""


@pytest.mark.parametrize(
    ("mode", "bytes_a_pixel", "orientation"),
    [("RGBA", 4, 1), ("RGBA", 4, 6), ("LA", 4, 3), ("P", 1, 8), ("RGB", 4, 5), ("I;16", 3, 1)],
)
def test_no_copy_of_a_large_picture_is_made(
    tmp_path: Path, mode: str, bytes_a_pixel: int, orientation: int
) -> None:
    files = [tmp_path / "small.png", tmp_path / "large.png"]
    for file, height in zip(files, (8, MEGAPIXELS * 1000), strict=True):
        exif = tiff({274: orientation}, b"")
        file.write_bytes(encoded(Image.new(mode, (1000, height)), "PNG", exif=exif))
    found = subprocess.run(
        [sys.executable, "-c", PEAK, *files], check=True, capture_output=True, text=True
    )
    pixels = MEGAPIXELS * bytes_a_pixel * 1e6 / 2**20
    # A few strips of RGB, and rows of Pillow's own, are there beside.
    assert pixels * 0.9 < float(found.stdout) < pixels + 24


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("orientation", [1, *TURNS])
def test_strips_give_the_pixels_of_the_whole(mode: str, orientation: int) -> None:
    rng = np.random.default_rng(7)
    shape = (2300, 2000, len(mode))
    image = Image.fromarray(rng.integers(0, 256, shape, np.uint8)).convert("RGBA").convert(mode)
    assert image.width * image.height > 4 * PIXELS_A_STRIP
    upright = Upright(image, orientation, mode)
    whole = image.transpose(TURNS[orientation]) if orientation in TURNS else image
    box = (100.5, 30, 1900.25, 1999.5)
    for part in (None, box):
        expected = np.asarray(whole.resize((40, 30), Image.Resampling.BILINEAR, part), np.int16)
        assert upright.size == whole.size
        difference = np.abs(np.asarray(upright.resized((40, 30), part), np.int16) - expected)
        assert difference[..., :3].max() <= 1


@pytest.mark.parametrize("fit", FITS)
def test_the_thinnest_picture_is_fitted(fit: str) -> None:
    content = encoded(Image.new("RGB", (1, 500)), "PNG")
    shown = load_rgb(content, ImageSpec(size=16, fit=fit))  # type: ignore[arg-type]
    assert shown.min() == 0
    assert len(copy_without_metadata(content, 16)) > 0
