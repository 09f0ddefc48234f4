"""What a decoding will cost, told from the header and from what the walk over a file has counted.

Memory is an upper bound. Time is what one core of 2020 takes, and rather too much: it only chooses
where a picture is decoded. The figures were measured with pictures of 12 megapixels, flat and of
noise, in every mode.
"""

import re
from typing import Final

from PIL import Image

from florist.images.costs import Price, price_of_exif
from florist.images.sources import Limits
from florist.images.upright import PIXELS_A_STRIP, SMALL, Size

# Bytes a pixel as Pillow stores it; 4 in any other mode.
_STORED: Final = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2, "I;16L": 2, "I;16N": 2}

# A pixel, unpacked and made smaller; a JPEG's when its entropy coding is paid for.
_NANOSECONDS: Final = {"JPEG": 6, "MPO": 6, "BMP": 6, "GIF": 10}

# ISO/IEC 23008-12, section 6.5.3: the size of an item, a tile or the whole picture.
_ISPE: Final = re.compile(rb"ispe\0\0\0\0(.{4})(.{4})", re.DOTALL)

_SPARE: Final = 2 * 2**20
"""For what is small whatever the picture: rows, tables, the answer."""

_STRIPS: Final = 24 * PIXELS_A_STRIP
"""A strip as it is stored, converted, turned, made smaller; or as numbers of 32 bits, and clipped.
"""


def price_of_iso(content: bytes, limits: Limits) -> Price:
    """Return what a HEIF or AVIF costs that says the truth.

    Their decoders are large, and know the picture only once they have followed the file: they
    begin where they can be killed, however small it is.
    """
    sizes = (tuple(int.from_bytes(each) for each in pair) for pair in _ISPE.findall(content))
    pixels = min(max((width * height for width, height in sizes), default=0), limits.max_pixels)
    return Price(1 + 100e-9 * pixels, 16 * 2**20 + 10 * pixels + 2 * len(content))


def price_of(image: Image.Image, size: Size) -> Price:
    """Return what it costs to decode an opened picture and to make it so large.

    What a format costs beside that, its check adds.
    """
    pixels = image.width * image.height
    stored = _STORED.get(image.mode, 4)
    width, height = size
    # Made narrower first, and then laid on a background.
    memory = pixels * stored + 4 * width * (max(image.size) + 2 * height) + _SPARE
    if pixels > SMALL:
        memory += _STRIPS
    else:  # whole: converted, turned, and its colours multiplied by how opaque they are
        clear = image.has_transparency_data
        is_converted = image.mode != ("RGBA" if clear else "RGB")
        memory += 4 * pixels * (1 + clear + is_converted)
    if image.mode.startswith("I"):
        memory += pixels
    nanoseconds = _NANOSECONDS.get(image.format or "", 5 + 2.5 * stored)
    if image.format == "GIF":  # a background, and what a frame leaves behind
        memory += 5 * pixels
    exif = price_of_exif(len(image.info.get("exif") or b""))
    return exif.plus(Price(pixels * nanoseconds / 1e9, memory))
