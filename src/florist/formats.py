"""Which picture formats are read, what they are called, and how their contents begin."""

from collections.abc import Collection
from functools import cache
from pathlib import PurePath
from typing import Final

from PIL import Image, features

from florist.errors import DamagedImageError, EmptyImageError, ImageError, UnsupportedImageError

# Pillow's name of a format → the endings that go with it, the usual one first.
SUFFIXES: Final[dict[str, tuple[str, ...]]] = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "PNG": (".png", ".apng"),
    "WEBP": (".webp",),
    "GIF": (".gif",),
    "BMP": (".bmp", ".dib"),
    "TIFF": (".tif", ".tiff"),
    "AVIF": (".avif",),
    "HEIF": (".heic", ".heif", ".hif"),
}

# What else pictures are called: such files are named as unusable rather than passed over.
_OTHER_SUFFIXES: Final = frozenset({".svg", ".psd", ".ico", ".jxl", ".raw", ".dng"})

_SIGNATURES: Final = {
    b"\xff\xd8": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    **dict.fromkeys((b"GIF87a", b"GIF89a"), "GIF"),
    **dict.fromkeys((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"), "TIFF"),
}

# A brand of a file of ISO's media format → the picture format that it stands for.
_BRANDS: Final = {
    b"avif": "AVIF",
    b"avis": "AVIF",
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1"), "HEIF"),
}

# How contents begin that people do upload under a picture's name → what to call them.
_FOREIGN: Final[tuple[tuple[bytes, str], ...]] = (
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive"),
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


def is_tar(name: str) -> bool:
    """Tell whether a file is called like a tar that is not compressed."""
    return name.lower().endswith(".tar")


def is_hidden(name: str) -> bool:
    """Tell what systems leave behind: .DS_Store, ._x.jpg, Thumbs.db, __MACOSX, lost+found."""
    left_behind = {"thumbs.db", "desktop.ini", "lost+found"}
    return name.startswith((".", "__MACOSX")) or name.lower() in left_behind


def is_visible_picture(path: PurePath) -> bool:
    """Tell whether a file is called like a picture, and neither it nor a folder of it is hidden."""
    return is_picture_name(path) and not any(map(is_hidden, path.parts))


@cache
def formats() -> tuple[str, ...]:
    """Return the formats that can be read here.

    HEIF is there with the extra `florist[heic]`, AVIF where Pillow was built with it.
    """
    found = {"HEIF": _register_heif, "AVIF": _has_avif}
    return tuple(name for name in SUFFIXES if name not in found or found[name]())


def served_formats() -> tuple[str, ...]:
    """Return the formats that a server reads from anybody: all but AVIF.

    An AVIF of 2 kB can announce 16 × 16 pixels and hold a frame of 100 megapixels, which is decoded
    before the two are compared.
    """
    return tuple(name for name in formats() if name != "AVIF")


def _has_avif() -> bool:
    return bool(features.check("avif"))  # type: ignore[no-untyped-call,unused-ignore]


def _register_heif() -> bool:
    try:
        from pillow_heif import register_heif_opener  # type: ignore[import-untyped,unused-ignore]
    except ImportError:
        return False
    if "HEIF" not in Image.OPEN:
        register_heif_opener()
    return True


def not_identified(content: bytes, wanted: Collection[str]) -> ImageError:
    """Tell a broken picture from something else, by how the content begins.

    `wanted` are the formats that would be read if they could: only to whom asked for HEIC is said
    what to install.
    """
    if not content:
        return EmptyImageError("empty file (0 bytes)")
    kind = sniff(content)
    if kind in formats() and kind in wanted:
        return DamagedImageError(f"damaged: a {kind} picture with a broken header")
    if kind is not None:
        how = " (HEIC is read after `pip install 'florist[heic]'`)"
        hint = how if kind == "HEIF" and kind in wanted else ""
        name = {"HEIF": "a HEIC picture", "AVIF": "an AVIF picture"}.get(kind, f"a {kind} picture")
        return UnsupportedImageError(f"{name}; save it as JPEG{hint}")
    start = content[:64].lstrip().lower()
    name = next(
        (name for sign, name in _FOREIGN if start.startswith(sign.lower())), "not a picture"
    )
    readable = ", ".join(each for each in formats() if each in wanted)
    return UnsupportedImageError(f"{name}; florist reads {readable} by content")


def sniff(content: bytes) -> str | None:
    """Return the picture format whose signature the content begins with, or None."""
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return "WEBP"
    if content.startswith(b"BM") and content[6:10] == bytes(4):  # two reserved words, always zero
        return "BMP"
    if content[4:8] == b"ftyp":  # ISO/IEC 14496-12, section 4.3: the brands that the file follows
        end = min(64, int.from_bytes(content[:4], "big"))
        brands = {content[at : at + 4] for at in (8, *range(16, end, 4))}
        return next((kind for brand, kind in _BRANDS.items() if brand in brands), None)
    return next((kind for sign, kind in _SIGNATURES.items() if content.startswith(sign)), None)
