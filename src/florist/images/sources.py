"""Where a picture comes from, and what is refused before it is decoded."""

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from florist.errors import ImageTooLargeError, UnsupportedImageError
from florist.formats import SUFFIXES

RGB = NDArray[np.uint8]

ImageSource = str | os.PathLike[str] | bytes | BinaryIO | Image.Image | RGB
"""A path, the bytes of a file, a file opened for reading bytes, a PIL image, or an array.

An array is uint8, RGB, of shape (height, width, 3).
"""


LONGEST_SIDE: Final = 65_535
"""Of a picture, as JPEG has it: each row costs Pillow tens of bytes, however thin the picture."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What is refused before anything is decoded.

    `max_pixels` counts width × height × frames, as the header announces them. `formats` are the
    ones that are read, of those that can be. `seconds` is when a decoding is given up that was
    expected to take long, beside a training, for instance, that keeps all CPUs busy.
    """

    max_bytes: int = 64 * 2**20
    max_pixels: int = 50_000_000
    formats: tuple[str, ...] = tuple(SUFFIXES)
    seconds: float = 300.0


DEFAULT_LIMITS: Final = Limits()


def read_bytes(path: str | os.PathLike[str], limits: Limits = DEFAULT_LIMITS) -> bytes:
    """Read a picture file whole, unless it is larger than `limits.max_bytes`.

    Raises `ImageTooLargeError`, `UnsupportedImageError` where there is a folder, pipe or device in
    place of a file, `OSError` where the file cannot be read.
    """
    # To open a pipe would wait for a writer, and a device may have no end.
    if not stat.S_ISREG(Path(path).stat().st_mode):
        raise UnsupportedImageError("no regular file but a folder, pipe or device")
    with Path(path).open("rb") as file:
        return read_stream(file, limits)


def read_stream(file: BinaryIO, limits: Limits = DEFAULT_LIMITS) -> bytes:
    """Read an open file to its end, as `read_bytes` does.

    Raises `TypeError` where the file was opened for text.
    """
    content = file.read(limits.max_bytes + 1)
    if not isinstance(content, bytes):
        raise TypeError(f"read() gave {type(content).__name__}; open the file for bytes, as 'rb'.")
    if len(content) > limits.max_bytes:
        raise ImageTooLargeError(
            f"larger than {limits.max_bytes / 2**20:.0f} MiB; save it smaller to use it"
        )
    return content


def read_source(source: ImageSource, limits: Limits) -> bytes | Image.Image:
    """Return the bytes of a picture file, or pixels as they are.

    Raises `ImageError` and `OSError` as `read_bytes` does, `TypeError` where `source` is nothing
    that holds a picture.
    """
    match source:
        case bytes():
            return source
        case str() | os.PathLike():
            return read_bytes(source, limits)
        case Image.Image():
            return source
        case np.ndarray():
            return _from_array(source)
    if hasattr(source, "read"):
        return read_stream(source, limits)
    raise TypeError(
        f"{type(source).__name__} is no picture: give a path, bytes, a file opened for bytes, a "
        "PIL image, or an RGB array."
    )


def _from_array(pixels: RGB) -> Image.Image:
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or not pixels.size:
        raise UnsupportedImageError(
            f"an array of {pixels.dtype} with the shape {pixels.shape}; "
            "expected uint8, RGB, with the shape (height, width, 3)"
        )
    return Image.fromarray(pixels)
