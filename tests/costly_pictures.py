"""Small pictures that take long to read: each has a little more of something than is allowed."""

import struct
import zlib
from collections.abc import Callable
from typing import Final

from PIL import Image

from tests.conftest import COLOURS, noisy_picture
from tests.web.conftest import encoded
from tests.web.door.bad_pictures import chunk, png, tiff


def segment(marker: int, data: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data


def jpeg(
    extra: bytes = b"", *, mode: str = "RGB", side: int = 32, progressive: bool = False
) -> bytes:
    """Return a JPEG with more behind its first marker."""
    picture = noisy_picture(COLOURS["red"], 1, side).convert(mode)
    content = encoded(picture, "JPEG", progressive=progressive)
    return content[:2] + extra + content[2:]


def with_scans(more: int, *, side: int = 32) -> bytes:
    """Return a progressive JPEG, grey, whose last scan is there so many times more."""
    content = encoded(Image.new("L", (side, side), 7), "JPEG", progressive=True)
    last = content.rindex(b"\xff\xda")
    return content[:-2] + content[last:-2] * more + content[-2:]


def before_end(content: bytes, extra: bytes) -> bytes:
    return content[:-2] + extra + content[-2:]


def before_last_scan(content: bytes, extra: bytes) -> bytes:
    at = content.rindex(b"\xff\xda")
    return content[:at] + extra + content[at:]


def png_with(extra: bytes) -> bytes:
    return png(8, 8, bytes(200), extra=extra)


def text(kind: bytes, count: int, flags: bytes = b"") -> bytes:
    packed = zlib.compress(b"x" * 1000)
    return b"".join(chunk(kind, b"k%d\0" % at + flags + packed) for at in range(count))


def png_of_pieces(count: int) -> bytes:
    content = png_with(b"")
    end = content.rindex(b"IEND") - 4
    return content[:end] + chunk(b"IDAT", b"") * count + content[end:]


def gif(extra: bytes) -> bytes:
    """Return a GIF with more before its first picture."""
    content = encoded(Image.new("L", (8, 8)), "GIF")
    at = content.index(b",")
    return content[:at] + extra + content[at:]


def tiff_of_jpeg(content: bytes, side: int) -> bytes:
    """Return a TIFF, grey, that is all one JPEG."""
    return tiff({256: side, 257: side, 258: 8, 259: 7, 262: 1, 277: 1, 278: side}, content)


def run_length_bmp(width: int, height: int, *, more: int = 0, reserved: int = 0) -> bytes:
    """Return a BMP with run-length encoding that is all black."""
    head = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, 1, 0, 0, 0, 256, 0)
    start = struct.pack("<IHHI", 0, reserved, 0, 54 + 1024)
    return (
        b"BM" + start + head + bytes(1024) + b"\0\2\xff\xff" * (width * height // 99) + bytes(more)
    )


COSTLY: Final[dict[str, Callable[[], bytes]]] = {
    "JPEG of 65 scans": lambda: with_scans(60),
    "JPEG of 21 scans of 50 megapixels": lambda: with_scans(16, side=7071),
    "JPEG of 1,000 segments": lambda: jpeg(segment(0xE5, b"") * 1000),
    "JPEG of segments of no length": lambda: jpeg(b"\xff\xe5\0\0" * 1000),
    "JPEG of 1,000 segments between scans": lambda: before_last_scan(
        jpeg(progressive=True), segment(0xE5, b"") * 1000
    ),
    "JPEG of 2,000 tables": lambda: jpeg(segment(0xDB, bytes(65) * 1000) * 2),
    "JPEG of frames of many components": lambda: jpeg(segment(0xC0, bytes(6000))),
    "JPEG of 1,000 resources": lambda: jpeg(
        segment(0xED, b"Photoshop 3.0\0" + b"8BIM\4\4\0\0\0\0\0\0" * 1000)
    ),
    "JPEG with EXIF in 17 segments": lambda: jpeg(segment(0xE1, b"Exif\0\0II*\0") * 17),
    "JPEG with fill bytes": lambda: jpeg(b"\xff" * 110_000),
    "JPEG with bytes that are no part of it": lambda: jpeg(bytes(110_000)),
    "JPEG with a few such bytes in many places": lambda: jpeg(
        (bytes(600) + segment(0xE5, b"")) * 200
    ),
    "JPEG with fill bytes in its pixels": lambda: before_end(jpeg(), b"\xff" * 5000),
    "JPEG with fill bytes between scans": lambda: before_last_scan(
        jpeg(progressive=True), b"\xff" * 5000
    ),
    "PNG of 1,000 chunks": lambda: png_with(chunk(b"abCd", b"") * 1000),
    "PNG whose pixels are in pieces": lambda: png_of_pieces(1100),
    "PNG of 17 profiles": lambda: png_with(text(b"iCCP", 17, b"\0")),
    "PNG of 17 compressed texts": lambda: png_with(text(b"zTXt", 17, b"\0")),
    "PNG of 17 compressed international texts": lambda: png_with(text(b"iTXt", 17, b"\1\0\0\0")),
    "GIF of 10,000 extensions": lambda: gif(b"!\xfe\0" * 10_000),
    "GIF of 10,000 blocks in a comment": lambda: gif(b"!\xfe" + b"\1a" * 10_000 + b"\0"),
    "GIF whose extension begins with an empty block": lambda: gif(
        b"!\xf9\0" + b"\1," * 10_000 + b"\0"
    ),
    "GIF with bytes that are no part of it": lambda: gif(bytes(10_000)),
    "TIFF of a JPEG of many scans": lambda: tiff_of_jpeg(with_scans(16, side=7071), 7071),
    "BMP with run-length encoding, large": lambda: run_length_bmp(60_000, 100),
    "BMP with run-length encoding, long": lambda: run_length_bmp(100, 100, more=5 * 2**20),
    "BMP with run-length encoding, unusual": lambda: run_length_bmp(60_000, 100, reserved=1),
}


def _flat(mode: str, width: int, height: int, kind: str, **options: object) -> bytes:
    return encoded(Image.new(mode, (width, height)), kind, **options)


WITHIN_LIMITS: Final[dict[str, Callable[[], bytes]]] = {
    "JPEG of 20 scans of 50 megapixels": lambda: with_scans(14, side=7070),
    "progressive JPEG of 50 megapixels": lambda: _flat(
        "RGB", 7070, 7070, "JPEG", progressive=True, subsampling=0
    ),
    "PNG of 763 × 65,535 pixels of 16 bits": lambda: _flat("I;16", 762, 65_535, "PNG"),
    "PNG of 50 megapixels, RGBA": lambda: _flat("RGBA", 7070, 7070, "PNG"),
    "PNG of 30 megapixels, RGB": lambda: _flat("RGB", 6000, 5000, "PNG"),
    "PNG of 16 compressed texts": lambda: png_with(text(b"zTXt", 16, b"\0")),
    "WebP of 25 megapixels": lambda: _flat("RGB", 5000, 4990, "WEBP"),
    "WebP of 6 megapixels": lambda: _flat("RGB", 3000, 2000, "WEBP"),
    "TIFF of 50 megapixels of 32 bits": lambda: _flat(
        "I", 7070, 7070, "TIFF", compression="tiff_lzw"
    ),
    "GIF of 50 megapixels": lambda: _flat("L", 7070, 7070, "GIF"),
}
"""What no limit forbids, and what takes the most of a server's time and memory."""
