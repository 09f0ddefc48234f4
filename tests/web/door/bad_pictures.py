"""Pictures that people hope will break a server, each made here from a few lines."""

import gzip
import io
import struct
import zipfile
import zlib

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
