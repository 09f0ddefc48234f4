"""A decoded picture, turned upright and converted strip by strip while it is made smaller.

Whole, each of the two would be another copy of up to 4 bytes a pixel. Rows are resized one by one,
and columns then, as Pillow does it for most pictures; for tall ones it begins with the columns, and
what is rounded in between differs by 1 of 255.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from PIL import Image

PIXELS_A_STRIP: Final = 2**20

SMALL: Final = 4 * 2**20
"""Pixels of a picture that is converted whole, at most 16 MiB. A JPEG is decoded smaller than that.
"""

Size = tuple[int, int]
Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""

# EXIF orientation → what turns the picture upright (CIPA DC-008, section 4.6.4, tag 0x0112).
TURNS: Final[dict[int, Image.Transpose]] = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_ON_THEIR_SIDE: Final = frozenset({5, 6, 7, 8})
_FROM_THE_END: Final = frozenset({3, 4, 7, 8})
"""Orientations whose upright picture begins with the last row or column that is stored."""


@dataclass(frozen=True)
class Upright:
    """A decoded picture, its EXIF orientation, and the mode to see it in: RGB or RGBA."""

    image: Image.Image
    orientation: int
    mode: str

    @property
    def is_turned(self) -> bool:
        """Whether width becomes height."""
        return self.orientation in _ON_THEIR_SIDE

    @property
    def size(self) -> Size:
        """Width and height of the upright picture."""
        width, height = self.image.size
        return (height, width) if self.is_turned else (width, height)

    def resized(self, size: Size, box: Box | None = None) -> Image.Image:
        """Return what is in `box`, or all of it, antialiased, in `mode`."""
        how = Image.Resampling.BILINEAR
        width, height = self.size
        left, top, right, bottom = box or (0, 0, width, height)
        as_it_is = self.image.mode == self.mode == "RGB" and self.orientation == 1
        if as_it_is or width * height <= SMALL:
            return self._rows(0, height).resize(size, how, (left, top, right, bottom))
        # As Pillow does it, so that what is transparent does not tint what is beside it.
        between = "RGBa" if self.mode == "RGBA" else self.mode
        narrow = Image.new(between, (size[0], height))
        for first, last in strips((width, height)):
            rows = as_mode(self._rows(first, last), between)
            box_of_rows = (left, 0, right, rows.height)
            narrow.paste(rows.resize((size[0], rows.height), how, box_of_rows), (0, first))
        return as_mode(narrow.resize(size, how, (0, top, size[0], bottom)), self.mode)

    def _rows(self, first: int, last: int) -> Image.Image:
        """Return so many rows of the upright picture."""
        if (first, last) == (0, self.size[1]):
            part = self.image
        else:
            width, height = self.image.size
            if self.orientation in _FROM_THE_END:
                first, last = self.size[1] - last, self.size[1] - first
            box = (first, 0, last, height) if self.is_turned else (0, first, width, last)
            part = self.image.crop(box)
        part = as_mode(part, self.mode)
        turn = TURNS.get(self.orientation)
        return part if turn is None else part.transpose(turn)


def strips(size: Size) -> Iterator[tuple[int, int]]:
    """Yield the first row of each strip, and the one behind its last."""
    width, height = size
    rows = max(1, PIXELS_A_STRIP // width)
    for first in range(0, height, rows):
        yield first, min(first + rows, height)


def as_mode(image: Image.Image, mode: str) -> Image.Image:
    """Convert, unless the mode is that already: Pillow would make a copy."""
    return image if image.mode == mode else image.convert(mode)
