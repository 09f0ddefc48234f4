"""What a PNG is made of, checked before Pillow follows it (PNG, third edition, section 5)."""

import re
import zlib
from typing import Final

from florist.errors import DamagedImageError
from florist.images.costs import (
    BYTES_A_CHUNK,
    MOST_COMPRESSED,
    MOST_PARTS,
    Price,
    price_of_exif,
    too_costly,
)

_NAME: Final = re.compile(rb"\w{4}")
_OF_PIXELS: Final = frozenset({b"IDAT", b"fdAT", b"fcTL"})
_COMPRESSED_TEXT: Final = re.compile(rb"[^\x00]*\x00[^\x00]")


def check_png(content: bytes) -> Price:
    """Check how many chunks there are, the checksum of each, and that the last one is there.

    Return what it costs to read those that are no pixels.

    Raises `DamagedImageError`, `TooCostlyError`.
    """
    place, parts, of_pixels, compressed, size = 8, 0, 0, 0, 0
    exif = Price()
    view = memoryview(content)
    while (name := content[place + 4 : place + 8]) != b"IEND":
        end = place + 8 + int.from_bytes(content[place : place + 4], "big")
        if not _NAME.fullmatch(name) or end + 4 > len(content):
            raise DamagedImageError("damaged: a PNG that is truncated, or has a broken chunk")
        if zlib.crc32(view[place + 4 : end]) != int.from_bytes(content[end : end + 4], "big"):
            raise DamagedImageError(f"damaged: a PNG with a wrong checksum in {name.decode()}")
        if name in _OF_PIXELS:
            of_pixels += 1
        else:
            parts += 1
            size += end - place
        if name == b"eXIf":
            exif = price_of_exif(end - place)
        compressed += name in {b"zTXt", b"iCCP"} or (
            name == b"iTXt" and _COMPRESSED_TEXT.match(content, place + 8, end) is not None
        )
        if parts > MOST_PARTS or of_pixels > MOST_PARTS + len(content) // BYTES_A_CHUNK:
            raise too_costly(f"a PNG of {parts + of_pixels:,} chunks or more")
        if compressed > MOST_COMPRESSED:
            raise too_costly(f"a PNG with more than {MOST_COMPRESSED} compressed texts or profiles")
        place = end + 4
    # A byte of text may become a character of four.
    return exif.plus(Price(0.004 * compressed, 5 * 2**20 * compressed + 6 * size))
