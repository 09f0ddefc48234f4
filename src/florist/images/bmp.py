"""Whether a BMP is one of those that Pillow decodes in Python (BITMAPINFOHEADER)."""

import struct
from typing import Final

from florist.images.costs import MOST_RUN_LENGTH, too_costly

_RUN_LENGTH: Final = frozenset({1, 2})  # of 8 and 4 bits


def check_bmp(content: bytes) -> None:
    """Check how large one with run-length encoding is.

    Raises `TooCostlyError`, and `struct.error` where the file ends in its header.
    """
    (header,) = struct.unpack_from("<I", content, 14)
    if header < 40:  # of OS/2, which has no compression
        return
    width, height, _, compression = struct.unpack_from("<iiII", content, 18)
    if compression in _RUN_LENGTH and max(len(content), width * abs(height)) > MOST_RUN_LENGTH:
        raise too_costly(
            f"a BMP of {width} × {abs(height)} pixels, {len(content):,} bytes, "
            "with run-length encoding"
        )
