"""A picture, fitted to what a model wants to see, or copied without its metadata."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from typing import Final, Literal, cast, get_args

import numpy as np
from PIL import Image

from florist.errors import DecoderError
from florist.images.costs import ANY, CHEAP, CostlyError, Price, require
from florist.images.decoding import decoded, opened, reduce
from florist.images.isolation import ENDED, SANDBOXES
from florist.images.prices import price_of
from florist.images.sandbox import Answer
from florist.images.sources import DEFAULT_LIMITS, RGB, ImageSource, Limits, read_source
from florist.images.upright import Upright, as_mode

Fit = Literal["stretch", "pad", "crop"]
FITS: Final[tuple[Fit, ...]] = get_args(Fit)

_BACKGROUND: Final = (255, 255, 255)
"""What shows through transparent pixels, and around a padded picture."""


@dataclass(frozen=True, kw_only=True)
class ImageSpec:
    """What a model wants to see: a square of `size` pixels, and how a picture is fitted into it."""

    size: int
    fit: Fit = "stretch"


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A decoded picture: `pixels` of the wanted size, `width` × `height` of the original.

    `format` is Pillow's name of it, empty where the source was pixels rather than a file.
    """

    pixels: RGB
    format: str
    width: int
    height: int


def load_rgb(source: ImageSource, spec: ImageSpec, limits: Limits = DEFAULT_LIMITS) -> RGB:
    """Return the picture as an upright RGB array, uint8, of shape (size, size, 3).

    Raises `ImageError` as `load_picture` does.
    """
    return load_picture(source, spec, limits).pixels


def load_picture(source: ImageSource, spec: ImageSpec, limits: Limits = DEFAULT_LIMITS) -> Picture:
    """Decode a picture, the first frame of a file, turn it upright and fit it to `spec`.

    Raises `ImageError`; when `source` is a path that cannot be read, `OSError`; when it is nothing
    that holds a picture, `TypeError`.
    """
    source = read_source(source, limits)
    try:
        return load_within(CHEAP, source, spec, limits)
    except CostlyError as costly:
        return load_isolated(costly.price, cast("bytes", source), spec, limits)


def load_within(
    most: Price, source: bytes | Image.Image, spec: ImageSpec, limits: Limits = DEFAULT_LIMITS
) -> Picture:
    """Return what `load_picture` does, in this thread, at no higher a price.

    Raises `CostlyError`, too, where the source is a file's content.
    """
    with opened(source, limits, most) as (image, parts):
        full_width, full_height = image.size
        reduce(image, 2 * spec.size)
        if isinstance(source, bytes):
            require(parts.plus(price_of(image, (spec.size, spec.size))), most)
        upright = decoded(image)
        turned = upright.is_turned
        width, height = (full_height, full_width) if turned else (full_width, full_height)
        pixels = np.asarray(_fit(upright, spec))
        kind = "JPEG" if image.format == "MPO" else image.format or ""
        return Picture(pixels=pixels, format=kind, width=width, height=height)


def load_isolated(price: Price, content: bytes, spec: ImageSpec, limits: Limits) -> Picture:
    """Return what `load_picture` does, in a process of its own that is ended after its time.

    Raises `ImageError`.
    """
    work = partial(_load_in_sandbox, spec=spec, limits=limits)
    said, pixels = SANDBOXES.run(work, content, price, limits.seconds)
    try:
        return Picture(
            pixels=np.frombuffer(pixels, np.uint8).reshape(spec.size, spec.size, 3),
            format=str(said["format"]),
            width=int(said["width"]),
            height=int(said["height"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise DecoderError(ENDED) from error


def _load_in_sandbox(content: bytes, spec: ImageSpec, limits: Limits) -> Answer:
    found = load_within(ANY, content, spec, limits)
    about = {"format": found.format, "width": found.width, "height": found.height}
    return about, found.pixels.tobytes()


def copy_without_metadata(
    content: bytes, side: int, limits: Limits = DEFAULT_LIMITS, most: Price = ANY
) -> bytes:
    """Return the first frame, upright, as a JPEG of at most `side` × `side` with only its pixels.

    Raises `ImageError` as `load_picture` does, and `CostlyError` where it costs more than `most`.
    """
    try:
        return _copy_within(CHEAP, content, side, limits)
    except CostlyError as costly:
        require(costly.price, most)
        work = partial(_copy_in_sandbox, side=side, limits=limits)
        return SANDBOXES.run(work, content, costly.price, limits.seconds)[1]


def _copy_in_sandbox(content: bytes, side: int, limits: Limits) -> Answer:
    return {}, _copy_within(ANY, content, side, limits)


def _copy_within(most: Price, content: bytes, side: int, limits: Limits) -> bytes:
    with opened(content, limits, most) as (image, parts):
        reduce(image, side)
        size = shrunk_size(image.size, min(side, max(image.size)))
        require(parts.plus(price_of(image, size)), most)
        upright = decoded(image)
        small = upright.resized(shrunk_size(upright.size, min(side, max(upright.size))))
        # A new picture has no comment, profile, GPS position or thumbnail to carry over.
        copy = Image.new("RGB", small.size, _BACKGROUND)
        copy.paste(small, mask=small if small.mode == "RGBA" else None)
        buffer = BytesIO()
        copy.save(buffer, "JPEG", quality=88)
        return buffer.getvalue()


def thumbnails(copy: bytes, sides: Iterable[int], most_bytes: int) -> dict[int, bytes]:
    """Return, for each side, a `thumbnail` of a copy made here; one that is small is made once."""
    with Image.open(BytesIO(copy), formats=["JPEG"]) as image:
        fitting = {side: min(side, max(image.size)) for side in sides}
    made = {side: thumbnail(copy, side, most_bytes) for side in {*fitting.values()}}
    return {side: made[each] for side, each in fitting.items()}


def thumbnail(copy: bytes, side: int, most_bytes: int) -> bytes:
    """Return a WebP of at most `side` × `side` pixels and `most_bytes` of a copy made here.

    What cannot be said in so few bytes, noise for instance, is said with fewer pixels.
    """
    with Image.open(BytesIO(copy), formats=["JPEG"]) as image:
        image.thumbnail((side, side))
        for quality in (70, 45, 20):
            buffer = BytesIO()
            image.save(buffer, "WEBP", quality=quality, method=2)  # half of the time for 3 % more
            if buffer.tell() <= most_bytes:
                return buffer.getvalue()
    return thumbnail(copy, side * 3 // 4, most_bytes)


def _fit(upright: Upright, spec: ImageSpec) -> Image.Image:
    """Resize with antialiasing, then lay what is transparent on the background."""
    size = (spec.size, spec.size)
    width, height = upright.size
    match spec.fit:
        case "stretch":
            fitted = upright.resized(size)
        case "crop":
            side = min(width, height)
            left, top = (width - side) / 2, (height - side) / 2
            fitted = upright.resized(size, (left, top, left + side, top + side))
        case "pad":
            whole = upright.resized(shrunk_size((width, height), spec.size))
            fitted = Image.new(whole.mode, size, _BACKGROUND)
            left, top = (round((spec.size - each) / 2) for each in whole.size)
            fitted.paste(whole, (left, top))
    if fitted.mode == "RGBA":
        canvas = Image.new("RGBA", size, _BACKGROUND)
        fitted = Image.alpha_composite(canvas, fitted)
    return as_mode(fitted, "RGB")


def shrunk_size(size: tuple[int, int], side: int) -> tuple[int, int]:
    """Return the size whose longer side is this, as near to the same shape as pixels allow."""
    width, height = (max(1, round(each / max(size) * side)) for each in size)
    return width, height
