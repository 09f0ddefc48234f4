"""Pictures of more than 8 bits a channel, as cameras of 10, 12 or 14 bits store them in 16."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from florist.errors import UnsupportedImageError
from florist.images.upright import strips

_BITS_PER_SAMPLE, _PHOTOMETRIC, _MAX_SAMPLE_VALUE = 258, 262, 281
_WHITE_IS_ZERO: Final = 0


def to_8_bits(image: Image.Image) -> Image.Image:
    """Return a grey picture of up to 32 bits with 8 bits a pixel, black to white.

    White is the end of the range that holds the picture: 10, 12, 14 or 16 bits, the smallest in
    which its brightest pixel fits; a TIFF may say how far it goes (BitsPerSample, MaxSampleValue).

    Raises `UnsupportedImageError` where pixels are floating-point numbers, of no known range.
    """
    if image.mode == "F":
        raise UnsupportedImageError(
            "its pixels are floating-point numbers; save it with 8 or 16 bits a pixel"
        )
    bits = _bits(image)
    grey = Image.new("L", image.size)
    for top, strip in _strips(image):
        eight = np.empty(strip.shape, np.uint8)
        np.right_shift(strip.clip(0, None), bits - 8, out=eight, casting="unsafe")
        grey.paste(Image.fromarray(eight), (0, top))
    white_is_zero = _tags(image).get(_PHOTOMETRIC) == _WHITE_IS_ZERO
    return ImageOps.invert(grey) if white_is_zero else grey


def _bits(image: Image.Image) -> int:
    """Return how many bits a pixel has: an even number, at least 10."""
    tags = _tags(image)
    stored = min(tags.get(_BITS_PER_SAMPLE, (16,)))
    announced = 2**stored - 1 if stored < 16 else max(tags.get(_MAX_SAMPLE_VALUE) or (0,))
    if announced >= 2**16:  # more than the file can hold says nothing
        announced = 0
    bits = max(int(announced), *(int(strip.max()) for _, strip in _strips(image))).bit_length()
    return max(10, bits + bits % 2)


def _strips(image: Image.Image) -> Iterator[tuple[int, NDArray[np.integer]]]:
    """Yield the picture in strips, each with its top row: an array of the whole is a copy of it."""
    for top, bottom in strips(image.size):
        yield top, np.asarray(image.crop((0, top, image.width, bottom)))


def _tags(image: Image.Image) -> Mapping[int, Any]:
    """Return the tags of a TIFF; none of any other picture."""
    tags: Mapping[int, Any] = getattr(image, "tag_v2", {})
    return tags
