"""What a JPEG is made of, counted before Pillow follows it (ITU-T T.81, annex B).

Segments, each with its length, stand before the first scan and between scans; a scan has no length
and ends where the next marker stands.
"""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from florist.images.costs import (
    LONGEST_FILL,
    MOST_EXIF,
    MOST_PARTS,
    MOST_SCANS,
    MOST_SKIPPED,
    MOST_WHOLE_SCANS,
    Price,
    too_costly,
)
from florist.images.sources import Limits

# Not 0xFF00 and the restarts, which are part of a scan, nor reserved ones, which end the decoding.
_MARKER: Final = re.compile(rb"\xff[\xc0-\xcf\xd8-\xfe]")

_ENDS: Final = frozenset({0xD8, 0xD9})
_SCAN: Final = 0xDA
_TABLES, _EXIF, _PHOTOSHOP = 0xDB, 0xE1, 0xED
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_PROGRESSIVE: Final = frozenset({0xC2, 0xC6, 0xCA, 0xCE})


class _Segment(NamedTuple):
    """A marker's code, and where what belongs to it stands: behind its length, up to `end`."""

    marker: int
    start: int
    end: int


def check_jpeg(content: bytes, limits: Limits) -> Price:
    """Check how many segments and scans there are, and return what following these costs.

    Raises `TooCostlyError`. A JPEG that is broken is left to the decoder, which says how.
    """
    frame: _Segment | None = None
    first, scans, is_only = 0, 0, False
    for segment in _segments(content):
        if segment.marker in _FRAMES:
            frame = segment
        elif segment.marker == _SCAN:
            if frame is None:
                return Price()
            first = first or segment.start
            scans += 1
            pixels = _pixels(content, frame)
            if scans > MOST_SCANS or scans * pixels > MOST_WHOLE_SCANS * limits.max_pixels:
                raise too_costly(f"a JPEG of {pixels / 1e6:.1f} megapixels in {scans} scans")
            if is_only := _is_only_scan(content, frame, segment):
                break
    fill = content.find(b"\xff" * LONGEST_FILL, first) if first else -1
    if fill >= 0 and content.find(b"\xff\xd9", first, fill) < 0:
        raise too_costly(f"a JPEG with more than {LONGEST_FILL:,} fill bytes in its pixels")
    if frame is None or _pixels(content, frame) > limits.max_pixels:  # refused once it is opened
        return Price()
    # Of what stands before the pixels a few copies are made.
    return _price(content, frame, 0 if is_only else scans).plus(Price(0, 4 * first))


def _price(content: bytes, frame: _Segment, scans: int) -> Price:
    """Return what the entropy coding costs, of one scan (0) or of several.

    Of several all coefficients are kept, two bytes each, in blocks of 8 × 8.
    """
    pixels = _pixels(content, frame)
    factors = [(each >> 4, each & 15) for each in content[frame.start + 7 : frame.end : 3]]
    if not scans:
        return Price(6e-9 * len(content) + 0.35e-9 * pixels * len(factors))
    height = int.from_bytes(content[frame.start + 1 : frame.start + 3], "big")
    width = int.from_bytes(content[frame.start + 3 : frame.start + 5], "big")
    most_across = max((across for across, _ in factors), default=1)
    most_down = max((down for _, down in factors), default=1)
    units = -(-width // (8 * most_across or 1)) * -(-height // (8 * most_down or 1))
    coefficients = 64 * units * sum(across * down for across, down in factors)
    return Price(20e-9 * len(content) + (0.75e-9 * scans + 2e-9) * pixels, 2 * coefficients)


def _segments(content: bytes) -> Iterator[_Segment]:
    """Yield the segments up to the picture's end, as far as Pillow would follow them."""
    place, parts, exif, left, scanning = 2, 0, 0, MOST_SKIPPED, False
    while found := _MARKER.search(content, place, len(content) if scanning else place + left + 2):
        left -= 0 if scanning else found.start() - place
        marker, start = content[found.start() + 1], found.end() + 2
        if marker in _ENDS:
            return
        end = max(start, found.end() + int.from_bytes(content[found.end() : start], "big"))
        segment = _Segment(marker, start, end)
        parts += 1 + _things(content, segment)
        exif += marker == _EXIF and content.startswith(b"Exif\0\0", start)
        if parts > MOST_PARTS:
            raise too_costly(f"a JPEG of more than {MOST_PARTS:,} segments, tables and resources")
        if exif > MOST_EXIF:
            raise too_costly(f"a JPEG with EXIF in more than {MOST_EXIF} segments")
        yield segment
        place, scanning = end, scanning or marker == _SCAN
    if not scanning and len(content) - place > left:
        raise too_costly(f"a JPEG with more than {MOST_SKIPPED:,} bytes that are no part of it")


def _things(content: bytes, segment: _Segment) -> int:
    """Return how many things Pillow looks at, one after the other, in a segment."""
    marker, start, end = segment
    if marker == _TABLES:  # of 65 bytes each, or more
        return (end - start) // 65
    if marker in _FRAMES:  # three bytes a component
        return (end - start) // 3
    return content.count(b"8BIM", start, end) if marker == _PHOTOSHOP else 0


def _pixels(content: bytes, frame: _Segment) -> int:
    size = content[frame.start + 1 : frame.start + 5]
    return int.from_bytes(size[:2], "big") * int.from_bytes(size[2:], "big")


def _is_only_scan(content: bytes, frame: _Segment, scan: _Segment) -> bool:
    """Tell the scan of all components at once; libjpeg refuses another one behind it."""
    components = content[frame.start + 5 : frame.start + 6]
    return frame.marker not in _PROGRESSIVE and content[scan.start : scan.start + 1] == components
