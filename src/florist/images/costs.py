"""What reading a picture may cost: as a price, and in counts of its parts, however few its pixels.

A header announces a size, and `Limits` bounds that. These bound what no header announces: parts
that cost Pillow microseconds each while a sender pays a few bytes for them. The checks walk from
part to part before Pillow sees a byte, and stop at the limit. In brackets: the most that was seen
in real files, or that a writer is known to make.
"""

import math
from typing import Final, NamedTuple

from florist.errors import TooCostlyError


class Price(NamedTuple):
    """Seconds of a CPU, and bytes of memory beside those of the file."""

    seconds: float = 0.0
    memory: int = 0

    def plus(self, other: "Price") -> "Price":
        """Return what both cost together."""
        return Price(self.seconds + other.seconds, self.memory + other.memory)


CHEAP: Final = Price(0.05, 24 * 2**20)
"""What a decoding may cost in the thread that asks for it: nearly all photographs, of 12 megapixels
too, and screenshots of 2."""

ANY: Final = Price(math.inf, 2**63)


class CostlyError(Exception):
    """A picture costs more, `price`, than a caller has allowed for."""

    def __init__(self, price: Price) -> None:
        super().__init__(f"{price.seconds:.2f} s, {price.memory / 2**20:.0f} MiB")
        self.price = price


def require(price: Price, most: Price) -> None:
    """Raise `CostlyError` where a price is higher than allowed."""
    if price.seconds > most.seconds or price.memory > most.memory:
        raise CostlyError(price)


def price_of_exif(length: int) -> Price:
    """Return what it costs to read so many bytes of EXIF: half of them may be numbers.

    Of one segment of a JPEG most are a preview, so time begins to count behind that.
    """
    return Price(0.5e-6 * max(0, length - 65_536), 50 * min(length, 800_000))


MOST_PARTS: Final = 1_000
"""Segments of a JPEG up to its last scan, tables and resources in them counted singly; chunks of a
PNG beside those of pixels. (53) Each costs Pillow 1 to 5 µs and up to 300 bytes."""

BYTES_A_CHUNK: Final = 1024
"""Of pixels in a PNG, on average, beyond the first `MOST_PARTS` chunks. (4,096, the least; an
empty chunk has 12 bytes and costs 3 µs)"""

MOST_COMPRESSED: Final = 16
"""Compressed texts and profiles of a PNG. (6) Pillow makes up to 1 MiB of each, in 4 ms, and up to
4 bytes a character."""

MOST_EXIF: Final = 16
"""Segments that hold EXIF in a JPEG. (1) For each, Pillow copies all of those before it."""

MOST_SKIPPED: Final = 100_000
"""Bytes that are no part at all, before a JPEG's pixels. (65,000, where the length of a segment is
wrong) Pillow looks at each in Python, in up to 0.4 µs."""

LONGEST_FILL: Final = 4_096
"""Bytes of 0xFF in a row within a JPEG's pixels. (2) libjpeg begins anew at them with each block of
64 KiB that it is given."""

MOST_SCANS: Final = 64
"""Of a JPEG. (14) A scan takes 60 bytes, and costs as much as all pixels do."""

MOST_WHOLE_SCANS: Final = 20
"""Of a JPEG with as many pixels as are allowed, by itself or in a TIFF: those of smaller ones cost
less."""

WEBP_PIXEL: Final = 2
"""Pixels that one of a WebP counts as: the only decoder that Pillow has for it takes 16 bytes."""

MOST_BLOCKS: Final = 10_000
"""Blocks before the first picture of a GIF, or bytes that are none. (some 100, of an XMP text) Each
is walked over in Python, in 0.1 to 0.3 µs."""

MOST_RUN_LENGTH: Final = 4 * 2**20
"""Pixels, and bytes, of a BMP with run-length encoding. (64,000) It is decoded in Python, in 0.1 µs
a pixel."""


def too_costly(what: str) -> TooCostlyError:
    """Return the error of a picture in which there is so much of something."""
    return TooCostlyError(f"it would take too much time or memory: {what}; save it anew to use it")
