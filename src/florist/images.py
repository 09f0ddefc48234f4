"""Bytes or a path in, an upright RGB array out: the only decoder and the only resize.

Training and serving both come through here, so a served model sees the pixels it was trained on.
Pictures are hostile until decoded: the format is taken from the content and must be on the
allow-list, the size is taken from the header before anything is decoded, and a truncated file is
an error, not a grey bar.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from florist.errors import DamagedImageError, ImageError, ImageTooLargeError
from florist.formats import formats, not_identified

Fit = Literal["stretch", "pad", "crop"]
FITS: Final[tuple[Fit, ...]] = get_args(Fit)

Source = str | os.PathLike[str] | bytes
RGB = NDArray[np.uint8]

# EXIF orientation → what turns the picture upright (CIPA DC-008, section 4.6.4, tag 0x0112).
_UPRIGHT: Final[dict[int, Image.Transpose]] = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

_BACKGROUND: Final = (255, 255, 255)
"""What shows through transparent pixels, and around a padded picture."""


@dataclass(frozen=True, kw_only=True)
class ImageSpec:
    """What a model wants to see: a square of `size` pixels, and how a picture is fitted into it."""

    size: int
    fit: Fit = "stretch"


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What is refused before anything is decoded.

    `max_pixels` counts width × height × frames, as the header announces them.
    """

    max_bytes: int = 64 * 2**20
    max_pixels: int = 50_000_000


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A decoded picture: `pixels` of the wanted size, `width` × `height` of the original."""

    pixels: RGB
    format: str
    width: int
    height: int


DEFAULT_LIMITS: Final = Limits()


def read_bytes(path: str | os.PathLike[str], limits: Limits = DEFAULT_LIMITS) -> bytes:
    """Read a picture file whole, unless it is larger than `limits.max_bytes`.

    Raises `ImageTooLargeError`, or `OSError` when the file cannot be read.
    """
    with Path(path).open("rb") as file:
        return read_stream(file, limits)


def read_stream(file: BinaryIO, limits: Limits = DEFAULT_LIMITS) -> bytes:
    """Read an open file to its end, as `read_bytes` does."""
    content = file.read(limits.max_bytes + 1)
    if len(content) > limits.max_bytes:
        raise ImageTooLargeError(
            f"larger than {limits.max_bytes / 2**20:.0f} MiB; save it smaller to use it"
        )
    return content


def load_rgb(source: Source, spec: ImageSpec, limits: Limits = DEFAULT_LIMITS) -> RGB:
    """Return the picture as an upright RGB array, uint8, of shape (size, size, 3).

    Raises `ImageError` as `load_picture` does.
    """
    return load_picture(source, spec, limits).pixels


def load_picture(source: Source, spec: ImageSpec, limits: Limits = DEFAULT_LIMITS) -> Picture:
    """Decode the first frame of a picture, turn it upright and fit it to `spec`.

    Raises `UnsupportedImageError`, `DamagedImageError` or `ImageTooLargeError`; when `source` is a
    path that cannot be read, `OSError`.
    """
    content = source if isinstance(source, bytes) else read_bytes(source, limits)
    with _open(content, limits) as image:
        full_width, full_height = image.size
        upright, turned = _upright(image, 2 * spec.size)
        width, height = (full_height, full_width) if turned else (full_width, full_height)
        pixels = np.asarray(_fit(upright, spec))
        kind = "JPEG" if image.format == "MPO" else str(image.format)
        return Picture(pixels=pixels, format=kind, width=width, height=height)


def copy_without_metadata(content: bytes, side: int, limits: Limits = DEFAULT_LIMITS) -> bytes:
    """Return the first frame, upright, as a JPEG of at most `side` × `side` with only its pixels.

    Raises `ImageError` as `load_picture` does.
    """
    with _open(content, limits) as image:
        upright, _ = _upright(image, side)
        upright.thumbnail((side, side))
        # A new picture has no comment, profile, GPS position or thumbnail to carry over.
        copy = Image.new("RGB", upright.size, _BACKGROUND)
        copy.paste(upright, mask=upright if upright.mode == "RGBA" else None)
        buffer = BytesIO()
        copy.save(buffer, "JPEG", quality=88)
        return buffer.getvalue()


@contextmanager
def _open(content: bytes, limits: Limits) -> Iterator[Image.Image]:
    """Open a picture by its content, check its announced size, and name what goes wrong inside."""
    try:
        with Image.open(BytesIO(content), formats=formats()) as image:
            _check_size(image, content, limits)
            if image.format == "PNG":
                _check_sums(content)
            yield image
    except ImageError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        # Pillow's own two thresholds lie above ours; its message begins with the number of pixels.
        pixels = re.search(r"\d+", str(error))
        raise _too_large(int(pixels[0]) if pixels else 0, limits) from error
    except UnidentifiedImageError as error:
        raise not_identified(content) from error
    except MemoryError as error:
        raise ImageTooLargeError("not enough memory to decode it; save it smaller") from error
    except Exception as error:
        # Pillow's decoders raise whatever their parsing ran into (OSError, SyntaxError, ValueError,
        # struct.error, EOFError, zlib.error, ...): on hostile bytes all of them mean one thing.
        raise DamagedImageError(f"damaged: {str(error) or type(error).__name__}") from error


def _check_sums(content: bytes) -> None:
    """Check the CRC of every chunk of a PNG, and that the last one is there: decoding does not."""
    with Image.open(BytesIO(content), formats=["PNG"]) as image:
        image.verify()


def _check_size(image: Image.Image, content: bytes, limits: Limits) -> None:
    match image.format:
        case "GIF":
            # Pillow counts a GIF's frames by walking it, seconds for a hostile one; animated ones
            # announce each frame with a graphic control extension (GIF89a, section 23).
            frames = max(1, content.count(b"\x21\xf9\x04"))
        case "MPO":  # a phone's JPEG with previews or a gain map behind it, never decoded here
            frames = 1
        case _:
            frames = getattr(image, "n_frames", 1)
    pixels = image.width * image.height * frames
    if pixels > limits.max_pixels:
        raise _too_large(pixels, limits)


def _too_large(pixels: int, limits: Limits) -> ImageTooLargeError:
    return ImageTooLargeError(
        f"{pixels / 1e6:.0f} megapixels announced, {limits.max_pixels / 1e6:.0f} allowed "
        "(over all frames); save it smaller to use it"
    )


def _upright(image: Image.Image, side: int) -> tuple[Image.Image, bool]:
    """Decode, at no less than `side` × `side`, and turn upright; whether width became height."""
    # JPEG is decoded at a half, a quarter or an eighth where that is still large enough: several
    # times faster on phone photographs, and antialiasing has enough to work on.
    image.draft(None, (side, side))
    # Before the EXIF block is asked for: Pillow may decode to find it, the error of a broken
    # picture would be taken for one of the block, and a second attempt succeeds with a grey bar.
    image.load()
    orientation = _orientation(image)
    upright = _to_8_bits(image)
    if orientation in _UPRIGHT:
        upright = upright.transpose(_UPRIGHT[orientation])
    return upright, orientation >= 5


def _orientation(image: Image.Image) -> int:
    """Return the EXIF orientation, 1 to 8; 1 where there is none or the EXIF block is broken."""
    try:
        orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:  # a broken EXIF block does not make a picture unreadable
        return 1
    return orientation if orientation in _UPRIGHT else 1


def _to_8_bits(image: Image.Image) -> Image.Image:
    """Return the first frame as RGB, or RGBA where it has transparency, with 8 bits a channel."""
    if image.mode.startswith("I"):
        # Pillow's own conversion would clip: all but the darkest 1/256 of a scan turns white.
        scaled = np.asarray(image).clip(0, 65535) / 257
        return Image.fromarray(scaled.round().astype(np.uint8)).convert("RGB")
    return _as_mode(image, "RGBA" if image.has_transparency_data else "RGB")


def _as_mode(image: Image.Image, mode: str) -> Image.Image:
    """Convert, unless the mode is that already: Pillow would make a copy."""
    return image if image.mode == mode else image.convert(mode)


def _fit(image: Image.Image, spec: ImageSpec) -> Image.Image:
    """Resize with antialiasing, then lay what is transparent on the background."""
    size, how = (spec.size, spec.size), Image.Resampling.BILINEAR
    match spec.fit:
        case "stretch":
            fitted = image.resize(size, how)
        case "crop":
            fitted = ImageOps.fit(image, size, how)
        case "pad":
            fitted = ImageOps.pad(image, size, how, color=_BACKGROUND)
    if fitted.mode == "RGBA":
        canvas = Image.new("RGBA", size, _BACKGROUND)
        fitted = Image.alpha_composite(canvas, fitted)
    return _as_mode(fitted, "RGB")
