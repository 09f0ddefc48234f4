"""Which picture formats are read, what they are called, and how their contents begin."""

from functools import cache
from pathlib import PurePath
from typing import Final

from PIL import Image

from florist.errors import DamagedImageError, EmptyImageError, ImageError, UnsupportedImageError

# Pillow's name of a format → the endings that go with it, the usual one first.
SUFFIXES: Final[dict[str, tuple[str, ...]]] = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "PNG": (".png", ".apng"),
    "WEBP": (".webp",),
    "GIF": (".gif",),
    "BMP": (".bmp", ".dib"),
    "HEIF": (".heic", ".heif", ".hif"),
}

# What else pictures are called: such files are named as unusable rather than passed over.
_OTHER_SUFFIXES: Final = frozenset(
    {".tif", ".tiff", ".avif", ".svg", ".psd", ".ico", ".jxl", ".raw", ".dng"}
)

# How contents begin that people do upload under a picture's name → what to call them.
_FOREIGN: Final[tuple[tuple[bytes, str], ...]] = (
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"II*\0", "a TIFF picture"),
    (b"MM\0*", "a TIFF picture"),
    (b"8BPS", "a Photoshop document"),
    (b"%!PS", "an EPS drawing"),
    (b"<svg", "an SVG drawing"),
    (b"<!DOCTYPE", "an HTML page"),
    (b"<html", "an HTML page"),
    (b"\x1f\x8b", "gzip-compressed"),
)


def is_picture_name(path: PurePath) -> bool:
    """Tell whether a file is called like a picture. Whether it is one, its content decides."""
    suffix = path.suffix.lower()
    return suffix in _OTHER_SUFFIXES or any(suffix in endings for endings in SUFFIXES.values())


def is_hidden(name: str) -> bool:
    """Tell the files that systems leave behind: .DS_Store, ._x.jpg, Thumbs.db, __MACOSX."""
    return name.startswith((".", "__MACOSX")) or name.lower() in {"thumbs.db", "desktop.ini"}


@cache
def formats() -> tuple[str, ...]:
    """Return the formats that can be read here: HEIF is there with the extra `florist[heic]`."""
    return tuple(name for name in SUFFIXES if name != "HEIF" or _register_heif())


def _register_heif() -> bool:
    try:
        from pillow_heif import register_heif_opener  # type: ignore[import-untyped,unused-ignore]
    except ImportError:
        return False
    if "HEIF" not in Image.OPEN:
        register_heif_opener()
    return True


def not_identified(content: bytes) -> ImageError:
    """Tell a broken picture from something else, by how the content begins."""
    if not content:
        return EmptyImageError("empty file (0 bytes)")
    if sniff(content):
        return DamagedImageError(f"damaged: a {sniff(content)} picture with a broken header")
    if content[4:8] == b"ftyp":
        return UnsupportedImageError(
            "a HEIC, AVIF or video file; save it as JPEG (HEIC is read after "
            "`pip install 'florist[heic]'`)"
        )
    start = content[:64].lstrip().lower()
    name = next((name for sign, name in _FOREIGN if start.startswith(sign.lower())), None)
    return UnsupportedImageError(
        f"{name or 'not a picture'}; florist reads {', '.join(formats())} by content"
    )


def sniff(content: bytes) -> str | None:
    """Return the picture format whose signature the content begins with, or None."""
    if content.startswith(b"\xff\xd8"):
        return "JPEG"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if content.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return "WEBP"
    if content.startswith(b"BM") and content[6:10] == bytes(4):  # two reserved words, always zero
        return "BMP"
    return None
