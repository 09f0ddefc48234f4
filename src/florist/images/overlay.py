"""What shows where a model looked: a veil over a picture, thin where it found most."""

from io import BytesIO
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from florist.images.picture import Fit, shrunk_size

_SIDE: Final = 64
"""Some 9 pixels for each of 7 places: whoever shows the veil makes it larger, smoothly."""
_GREY: Final = 112
"""Of the veil: it can be seen on white as on black."""
_THICKNESSES: Final = bytes(range(0, 217, 8))
"""Of 255: nobody sees the steps, and below the thickest one a picture can still be made out."""


def overlay(heat: NDArray[np.float32], fit: Fit, size: tuple[int, int]) -> bytes:
    """Return a PNG of a picture's shape to lay over it, given (height, width) numbers from 0 on.

    `size` is that of the picture, `fit` how it was made a square. What the model did not see of it
    is under the thickest veil.
    """
    width, height = shrunk_size(size, _SIDE)
    most = np.maximum(heat.max(), np.finfo(np.float32).tiny)
    shares = Image.fromarray(np.asarray(heat / most, np.float32))
    shown = Image.new("F", (width, height))
    left, top, wide, high = _seen(fit, (width, height))
    shown.paste(shares.resize((wide, high), Image.Resampling.BICUBIC), (left, top))
    steps = (len(_THICKNESSES) - 1) * (1 - np.clip(np.asarray(shown), 0, 1))
    # A palette of one grey in each thickness: one byte a pixel to compress, in place of two.
    veil = Image.fromarray(np.rint(steps).astype(np.uint8))
    veil.putpalette([_GREY] * 3 * len(_THICKNESSES))
    buffer = BytesIO()
    veil.save(buffer, "PNG", transparency=_THICKNESSES)
    return buffer.getvalue()


def laid_over(copy: bytes, png: bytes) -> bytes:
    """Return a JPEG copy that was made here with such a veil over it, as a JPEG."""
    with Image.open(BytesIO(copy), formats=["JPEG"]) as image:
        small = Image.open(BytesIO(png), formats=["PNG"]).convert("LA")
        veil = small.resize(image.size, Image.Resampling.BICUBIC)
        image.paste(veil.getchannel("L"), mask=veil.getchannel("A"))
        buffer = BytesIO()
        image.save(buffer, "JPEG", quality=88)
        return buffer.getvalue()


def centre(heat: NDArray[np.float32], fit: Fit, size: tuple[int, int]) -> tuple[float, float]:
    """Return where in a picture the heat lies on average, as shares of its width and height."""
    left, top, wide, high = _seen(fit, size)
    total = max(float(heat.sum()), float(np.finfo(np.float32).tiny))
    rows, columns = (heat.sum(axis=axis) / total for axis in (1, 0))
    x, y = (float(each @ ((np.arange(len(each)) + 0.5) / len(each))) for each in (columns, rows))
    return (left + x * wide) / size[0], (top + y * high) / size[1]


def _seen(fit: Fit, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Return left, top, width and height of what a model sees of a picture of this size."""
    width, height = size
    if fit == "stretch":
        return 0, 0, width, height
    side = min(size) if fit == "crop" else max(size)
    return (width - side) // 2, (height - side) // 2, side, side
