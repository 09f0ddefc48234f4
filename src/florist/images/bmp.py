"""Whether a BMP is one of those that Pillow decodes in Python (BITMAPINFOHEADER)."""

import struct
from typing import Final

from florist.images.costs import MOST_RUN_LENGTH, Price, too_costly

_RUN_LENGTH: Final = frozenset({1, 2})  # of 8 and 4 bits


def check_bmp(content: bytes) -> Price:
    """Check how large one with run-length encoding is, and return what that costs.

    Raises `TooCostlyError`, and `struct.error` where the file ends in its header.
    """
    (header,) = struct.unpack_from("<I", content, 14)
    if header < 40:  # of OS/2, which has no compression
        return Price()
    width, height, _, compression = struct.unpack_from("<iiII", content, 18)
    if compression not in _RUN_LENGTH:
        return Price()
    steps = max(len(content), width * abs(height))
    if steps > MOST_RUN_LENGTH:
        raise too_costly(
            f"a BMP of {width} × {abs(height)} pixels, {len(content):,} bytes, "
            "with run-length encoding"
        )
    return Price(0.2e-6 * steps, 4 * steps)
