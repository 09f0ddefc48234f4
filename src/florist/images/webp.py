"""How large a WebP is, told before Pillow makes room for two canvases (RFC 9649, section 2)."""

from florist.images.costs import WEBP_PIXEL, Price, too_costly
from florist.images.sources import Limits


def check_webp(content: bytes, limits: Limits) -> Price:
    """Check how large it is, and return what its decoder costs beside the pixels.

    That is two canvases, a frame and its copy, and two copies of the file.

    Raises `TooCostlyError`.
    """
    width, height = _size(content)
    pixels = width * height
    if pixels > limits.max_pixels:  # which is refused once it is opened
        return Price()
    if pixels * WEBP_PIXEL > limits.max_pixels:
        allowed = limits.max_pixels / WEBP_PIXEL / 1e6
        raise too_costly(
            f"a WebP of {pixels / 1e6:.0f} megapixels, {allowed:.0f} allowed of that format"
        )
    return Price(30e-9 * pixels, 13 * pixels + 2 * len(content))


def _size(content: bytes) -> tuple[int, int]:
    """Return width and height of the canvas."""
    if content[12:16] == b"VP8L":
        bits = int.from_bytes(content[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if content[12:16] == b"VP8 ":
        across, down = content[26:28], content[28:30]
        return int.from_bytes(across, "little") & 0x3FFF, int.from_bytes(down, "little") & 0x3FFF
    # VP8X. Anything else is no WebP, which Pillow says.
    across, down = content[24:27], content[27:30]
    return int.from_bytes(across, "little") + 1, int.from_bytes(down, "little") + 1
