"""What a TIFF announces, looked at before Pillow follows it (TIFF 6.0, section 2; BigTIFF).

A directory is a list of entries: a tag, the type and the number of its values, and the value
itself or where in the file it stands. Nothing in the format keeps a file of a few kilobytes from
announcing gigabytes.
"""

import struct
from typing import Final, NamedTuple

import numpy as np

from florist.errors import DamagedImageError, ImageTooLargeError, UnsupportedImageError
from florist.images.costs import MOST_WHOLE_SCANS, Price, too_costly
from florist.images.sources import LONGEST_SIDE, Limits

_SUBFILE, _WIDTH, _LENGTH, _BITS, _COMPRESSION = 254, 256, 257, 258, 259
_SAMPLES, _ROWS = 277, 278
_TILE_WIDTH, _TILE_LENGTH = 322, 323
_STRIPS, _STRIP_BYTES, _TILES, _TILE_BYTES = 273, 279, 324, 325
_EXIF, _GPS, _INTEROP = 34665, 34853, 40965

_MOST_NUMBERS: Final = 400_000
"""In a directory. Each costs Pillow up to a microsecond and 100 bytes; 50 megapixels in tiles of
16 × 16 pixels need 390,000."""

_INTEGERS: Final = {3: "u2", 4: "u4", 16: "u8"}
_OF_BYTES: Final = frozenset({1, 2, 6, 7})

# What cameras, scanners and microscopes write: none, two of fax machines, LZW, JPEG, deflate,
# PackBits. The other ones of libtiff are rare, and each is one more decoder to attack.
_JPEG: Final = 7
_COMPRESSIONS: Final = frozenset({1, 3, 4, 5, 7, 8, 32773, 32946})


class _Entry(NamedTuple):
    """The type of a tag's values, how many there are, and where in the file they stand."""

    kind: int
    values: int
    offset: int


class _Directories:
    def __init__(self, content: bytes) -> None:
        self._content = content
        self._order = ">" if content.startswith(b"MM") else "<"
        self._big = content[2:4] in {b"+\0", b"\0+"}
        self._offset = "Q" if self._big else "I"

    def first(self) -> dict[int, _Entry]:
        (offset,) = self._unpack(self._offset, 8 if self._big else 4)
        return self.at(int(offset))

    def at(self, offset: int) -> dict[int, _Entry]:
        """Return a directory, tag → entry.

        Raises `DamagedImageError` where a tag is there twice, as readers take different ones, and
        `struct.error` where the file ends before.
        """
        entries: dict[int, _Entry] = {}
        (length,) = self._unpack("Q" if self._big else "H", offset)
        form = "HHQ" if self._big else "HHI"
        size = struct.calcsize("=" + form)
        step, start = (20, offset + 8) if self._big else (12, offset + 2)
        for place in range(start, start + step * length, step):
            tag, kind, count = self._unpack(form, place)
            if tag in entries:
                raise DamagedImageError(f"damaged: a TIFF with the tag {tag} twice")
            entries[tag] = _Entry(kind, count, place + size)
        return entries

    def numbers(self, entry: _Entry | None) -> list[int]:
        """Return the values of a tag, whole numbers; none where there is no such tag."""
        if entry is None or not entry.values:
            return []
        if entry.kind not in _INTEGERS:
            raise DamagedImageError("damaged: a TIFF with a tag of the wrong type")
        kind = np.dtype(self._order + _INTEGERS[entry.kind])
        inside = entry.values * kind.itemsize <= struct.calcsize("=" + self._offset)
        offset = entry.offset if inside else self._unpack(self._offset, entry.offset)[0]
        values: list[int] = np.frombuffer(self._content, kind, entry.values, offset).tolist()
        return values

    def _unpack(self, form: str, offset: int) -> tuple[int, ...]:
        return struct.unpack_from(self._order + form, self._content, offset)


def check_tiff(content: bytes, limits: Limits) -> Price:
    """Check what the first page of a TIFF announces; the other ones are never looked at.

    Return what its tags and the largest of its parts cost.

    Raises `ImageError`, and what parsing runs into where the file is broken.
    """
    directories = _Directories(content)
    page = directories.first()
    read = directories.numbers
    for pointer in (_EXIF, _GPS, _INTEROP):
        for offset in read(page.get(pointer))[:1]:
            _check_numbers(directories.at(offset))
    numbers = _check_numbers(page)
    if read(page.get(_SUBFILE))[:1] and read(page[_SUBFILE])[0] & 1:
        raise UnsupportedImageError(
            "a TIFF that begins with a preview, as raw files of cameras do; save it as JPEG"
        )
    if not _COMPRESSIONS.issuperset(read(page.get(_COMPRESSION))):
        raise UnsupportedImageError(
            "a TIFF of a rare compression; save it with LZW or deflate, or as PNG"
        )
    width, length = (max(read(page.get(tag)), default=0) for tag in (_TILE_WIDTH, _TILE_LENGTH))
    if max(width, length) > LONGEST_SIDE or width * length > limits.max_pixels:
        raise ImageTooLargeError(f"tiles of {width} × {length} pixels; save it in smaller ones")
    columns, rows, a_strip = (
        max(read(page.get(tag)), default=limits.max_pixels) for tag in (_WIDTH, _LENGTH, _ROWS)
    )
    part = width * length or columns * min(rows, a_strip)
    scans = 0
    if _JPEG in read(page.get(_COMPRESSION)):
        scans = _check_scans(content, part, limits)
    for offsets, sizes in ((_STRIPS, _STRIP_BYTES), (_TILES, _TILE_BYTES)):
        read(page.get(offsets))  # numbers, and in the file
        # Where parts overlap, a file of a megabyte can hold a hundred gigabytes to read.
        if sum(read(page.get(sizes))) > len(content):
            raise DamagedImageError("damaged: a TIFF whose parts are larger than the file")
    if columns * rows > limits.max_pixels:  # which is refused once Pillow has said so, too
        return Price()
    samples = max(read(page.get(_SAMPLES)), default=1)
    bits = max(read(page.get(_BITS)), default=1)
    # A part is unpacked as a whole, and one that is a JPEG as coefficients of two bytes before.
    a_pixel = samples * max(1, bits // 8 + (2 if scans else 0))
    seconds = 1e-6 * numbers + 1e-9 * (part * scans + (5 if scans else 1) * len(content))
    return Price(seconds, 100 * numbers + min(part, limits.max_pixels) * a_pixel + len(content))


def _check_scans(content: bytes, pixels: int, limits: Limits) -> int:
    """Check a TIFF whose parts, of so many pixels each, are JPEGs; return how many scans it has."""
    scans = content.count(b"\xff\xda")  # of any part: which one, only its decoder knows
    if scans * pixels > MOST_WHOLE_SCANS * limits.max_pixels:
        raise too_costly(f"a TIFF of JPEGs of {pixels / 1e6:.1f} megapixels in {scans} scans")
    return scans


def check_exif(exif: bytes) -> None:
    """Check an EXIF block, which has the form of a TIFF, before Pillow takes numbers out of it.

    Raises `ImageError`, and what parsing runs into where the block is broken.
    """
    _check_numbers(_Directories(exif.removeprefix(b"Exif\0\0")).first())


def _check_numbers(directory: dict[int, _Entry]) -> int:
    """Check how many numbers there are, and return that."""
    numbers = sum(each.values for each in directory.values() if each.kind not in _OF_BYTES)
    if numbers > _MOST_NUMBERS:
        raise ImageTooLargeError(
            "a TIFF in too many parts, or with too many values in its tags; save it anew"
        )
    return numbers
