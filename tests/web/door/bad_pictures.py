"""Pictures that people hope will break a server, each made here from a few lines."""

import gzip
import io
import struct
import zipfile
import zlib
from typing import Any

from PIL import Image

from tests.conftest import COLOURS, noisy_picture
from tests.web.conftest import encoded, red


def chunk(kind: bytes, data: bytes) -> bytes:
    check = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)


def png(width: int, height: int, pixels: bytes, *, depth: int = 8, extra: bytes = b"") -> bytes:
    """Return an RGB PNG that says what it is told to, true or not."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, 2, 0, 0, 0))
    body = extra + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + header + body


def red_with_16_bits() -> bytes:
    row = b"\0" + struct.pack(">HHH", 210 * 257, 50 * 257, 40 * 257) * 8
    return png(8, 8, row * 8, depth=16)


def huge_png() -> bytes:
    """400 megapixels announced, in 50 kB."""
    content = png(20_000, 20_000, bytes(50_000_000))
    assert len(content) < 52_000
    return content


def changed_png(part: bytes, offset: int) -> bytes:
    """Return a PNG with one byte changed, so far behind the name of a chunk."""
    content = bytearray(red())
    content[content.index(part) + offset] ^= 0xFF
    return bytes(content)


def bad_crc(part: bytes) -> bytes:
    """Return a PNG whose pixels are all right, and one of whose checksums is wrong."""
    content = red()
    start = content.index(part)
    length = int.from_bytes(content[start - 4 : start], "big")
    return changed_png(part, 4 + length)


def text_bomb() -> bytes:
    return png(8, 8, bytes(200), extra=chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(10**8))))


def icc_bomb() -> bytes:
    return png(8, 8, bytes(200), extra=chunk(b"iCCP", b"icc\0\0" + zlib.compress(bytes(10**8))))


def animation(frames: int) -> bytes:
    """Return a GIF of so many frames, of 100 × 100 pixels each."""
    first, second = Image.new("P", (100, 100), 1), Image.new("P", (100, 100), 2)
    content = encoded(first, "GIF", save_all=True, append_images=[second], duration=40)
    frame = content[content.rindex(b"\x21\xf9\x04") : -1]
    return content[:-1] + frame * (frames - 2) + content[-1:]


def tiff(
    tags: dict[int, int | list[int]], pixels: bytes, *, more: bytes = b"", following: int = 0
) -> bytes:
    """Return a TIFF of one strip with these tags, all of them LONG, `more` being raw entries."""
    values: dict[int, list[int]] = {
        tag: value if isinstance(value, list) else [value] for tag, value in tags.items()
    }
    size = 8 + 2 + 12 * len({*values, 273, 279}) + len(more) + 4
    data = 4 * sum(len(value) for value in values.values() if len(value) > 1)
    values = {273: [size + data], 279: [len(pixels)]} | values
    entries, outside = b"", b""
    for tag, value in sorted(values.items()):
        packed = struct.pack(f"<{len(value)}I", *value)
        place = packed if len(value) == 1 else struct.pack("<I", size + len(outside))
        entries += struct.pack("<HHI", tag, 4, len(value)) + place
        outside += packed if len(value) > 1 else b""
    count = struct.pack("<H", len(values) + len(more) // 12)
    head = b"II*\0" + struct.pack("<I", 8) + count + entries + more
    return head.ljust(size - 4, b"\0") + struct.pack("<I", following) + outside + pixels


def red_tiff(**options: Any) -> bytes:
    return encoded(noisy_picture(COLOURS["red"], 1, 32), "TIFF", **options)


def tiled(side: int) -> bytes:
    """Return a TIFF of 8 × 8 pixels in a tile of so many."""
    tags = {256: 8, 257: 8, 258: 8, 259: 8, 262: 1, 322: side, 323: side}
    return tiff({**tags, 324: 8, 325: 100}, bytes(200))


def many_pages(count: int) -> bytes:
    """Return a TIFF whose first page is followed by so many others, all of them the same."""
    page = tiff({256: 8, 257: 8, 258: 8, 262: 1, 278: 8}, b"\x80" * 64)
    entries, start = page[8 : 10 + 12 * 7], len(page)
    chain = (struct.pack("<I", start + (len(entries) + 4) * (i + 1)) for i in range(count - 1))
    first = page[: 10 + 12 * 7] + struct.pack("<I", start) + page[14 + 12 * 7 :]
    return first + b"".join(entries + each for each in chain) + entries + bytes(4)


def avif_with_a_lie() -> bytes:
    """Return an AVIF of 2 kB: 16 × 16 pixels announced, a frame of 16 megapixels inside."""
    content = encoded(Image.new("RGB", (4000, 4000)), "AVIF", speed=10, quality=30)
    at = content.index(b"ispe") + 8
    return content[:at] + struct.pack(">II", 16, 16) + content[at + 8 :]


def zip_file() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("rose.jpg", red(kind="JPEG"))
    return buffer.getvalue()


def oriented(orientation: int) -> bytes:
    """Return a JPEG of 48 × 32 pixels, upright once the tag is obeyed."""
    stored = noisy_picture(COLOURS["red"], 1, 48).crop(
        (0, 0, 32, 48) if orientation >= 5 else (0, 0, 48, 32)
    )
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(stored, "JPEG", exif=exif)


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\nshowpage\n"
PSD = b"8BPS" + struct.pack(">H6xHIIHH", 1, 3, 8, 8, 8, 3) + bytes(400)
PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
GZIP = gzip.compress(red())
