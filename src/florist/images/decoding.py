"""Open a picture by its content, under limits, and decode it upright, with 8 bits a channel."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Final

from PIL import ExifTags, Image, UnidentifiedImageError

from florist.errors import DamagedImageError, ImageError, ImageTooLargeError
from florist.formats import formats, not_identified, sniff
from florist.images.bmp import check_bmp
from florist.images.costs import ANY, CostlyError, Price, require
from florist.images.depth import to_8_bits
from florist.images.gif import check_gif
from florist.images.jpeg import check_jpeg
from florist.images.png import check_png
from florist.images.prices import price_of_iso
from florist.images.sources import LONGEST_SIDE, Limits
from florist.images.tiff import check_exif, check_tiff
from florist.images.upright import TURNS, Upright
from florist.images.webp import check_webp

# What Pillow would follow or walk over without a look, and what that costs. Nothing is opened as
# one of these that was not checked as one.
_CHECKS: Final[dict[str | None, Callable[[bytes, Limits], Price]]] = {
    "JPEG": check_jpeg,
    "PNG": lambda content, _: check_png(content),
    "GIF": lambda content, _: check_gif(content),
    "BMP": lambda content, _: check_bmp(content),
    "TIFF": check_tiff,
    "WEBP": check_webp,
    "HEIF": price_of_iso,
    "AVIF": price_of_iso,
}


@contextmanager
def opened(
    source: bytes | Image.Image, limits: Limits, most: Price = ANY
) -> Iterator[tuple[Image.Image, Price]]:
    """Give a picture whose announced size is within `limits`, and name what goes wrong inside.

    Beside it stands what it costs to follow its parts, which is at most `most`.

    Raises `ImageError`, and `CostlyError` also where what is inside raises it.
    """
    if Image.MAX_IMAGE_PIXELS is not None and limits.max_pixels > Image.MAX_IMAGE_PIXELS:
        # Pillow's cap is one for the process. It is raised where it would refuse what is allowed
        # here, and never lowered.
        Image.MAX_IMAGE_PIXELS = limits.max_pixels
    try:
        if isinstance(source, bytes):
            parts = _check_parts(source, limits)
            require(parts, most)
            with _open(source, limits) as image:
                _check_size(image, source, limits)
                yield image, parts
        else:
            _check_pixels(source.size, 1, limits)
            source.load()  # whole: what a caller still holds must not be decoded at half its size
            yield source, Price()
    except (ImageError, CostlyError):
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        # Pillow's own two thresholds lie above ours; its message begins with the number of pixels.
        pixels = re.search(r"\d+", str(error))
        raise _too_large(int(pixels[0]) if pixels else 0, limits) from error
    except MemoryError as error:
        raise ImageTooLargeError("not enough memory to decode it; save it smaller") from error
    except Exception as error:
        # Pillow's decoders raise whatever their parsing ran into (OSError, SyntaxError, ValueError,
        # struct.error, EOFError, zlib.error, ...): on hostile bytes all of them mean one thing.
        raise DamagedImageError(f"damaged: {str(error) or type(error).__name__}") from error


def _check_parts(content: bytes, limits: Limits) -> Price:
    """Check what a picture is made of, and return what following that costs."""
    kind = _kind(content)
    check = _CHECKS.get(kind) if kind in limits.formats and kind in formats() else None
    return Price() if check is None else check(content, limits)


def _open(content: bytes, limits: Limits) -> Image.Image:
    """Let Pillow read the header, as that of the one format that was checked."""
    kind = _kind(content)
    readable = [
        name
        for name in formats()
        if name in limits.formats and (name == kind or name not in _CHECKS)
    ]
    try:
        return Image.open(BytesIO(content), formats=readable)
    except UnidentifiedImageError as error:
        raise not_identified(content, limits.formats) from error


def _kind(content: bytes) -> str | None:
    """Return the format that a content is checked and opened as."""
    # Pillow takes more for a BMP than `sniff`, which is not to take every text for one.
    return "BMP" if content.startswith(b"BM") else sniff(content)


def _check_size(image: Image.Image, content: bytes, limits: Limits) -> None:
    match image.format:
        case "GIF":
            # Pillow counts a GIF's frames by walking it, seconds for a hostile one; animated ones
            # announce each frame with a graphic control extension (GIF89a, section 23).
            frames = max(1, content.count(b"\x21\xf9\x04"))
        case "MPO" | "TIFF":
            # A phone's JPEG has previews or a gain map behind it, a TIFF further pages: they are
            # never decoded here, and to count pages would be to follow them.
            frames = 1
        case _:
            frames = getattr(image, "n_frames", 1)
    _check_pixels(image.size, frames, limits)


def _check_pixels(size: tuple[int, int], frames: int, limits: Limits) -> None:
    pixels = size[0] * size[1] * frames
    if pixels > limits.max_pixels:
        raise _too_large(pixels, limits)
    if max(size) > LONGEST_SIDE:
        raise ImageTooLargeError(
            f"{size[0]} × {size[1]} pixels announced, a side of at most {LONGEST_SIDE} is allowed"
        )


def _too_large(pixels: int, limits: Limits) -> ImageTooLargeError:
    return ImageTooLargeError(
        f"{pixels / 1e6:.0f} megapixels announced, {limits.max_pixels / 1e6:.0f} allowed "
        "(over all frames); save it smaller to use it"
    )


def reduce(image: Image.Image, side: int) -> None:
    """Have a JPEG decoded at a half, a quarter or an eighth, at no less than `side` × `side`.

    That is several times faster on phone photographs, and antialiasing has enough to work on.
    """
    image.draft(None, (side, side))


def decoded(image: Image.Image) -> Upright:
    """Decode the first frame, with 8 bits a channel."""
    # Before the EXIF block is asked for: Pillow may decode to find it, the error of a broken
    # picture would be taken for one of the block, and a second attempt succeeds with a grey bar.
    image.load()
    orientation = _orientation(image)
    if image.mode.startswith(("I", "F")):  # Pillow would clip: most of a scan would turn white
        return Upright(to_8_bits(image), orientation, "RGB")
    return Upright(image, orientation, "RGBA" if image.has_transparency_data else "RGB")


def _orientation(image: Image.Image) -> int:
    """Return the EXIF orientation, 1 to 8; 1 where there is none or the EXIF block is broken."""
    try:
        if exif := image.info.get("exif"):
            check_exif(exif)
        orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:  # a broken EXIF block does not make a picture unreadable
        return 1
    return orientation if orientation in TURNS else 1
