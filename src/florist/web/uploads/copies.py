"""What is kept of a picture: a copy to look at, and small ones for lists."""

from typing import Final

from florist.images import Limits, copy_without_metadata, thumbnail
from florist.web.uploads.names import THUMBNAILS

_SIDE: Final = 1600
"""A kept copy is at most so many pixels wide and high: enough to look at, and for any backbone."""

_THUMBNAIL_BYTES: Final = 15_000
"""A page of the history has 24 of them, and should load over a telephone line."""


def copies(content: bytes, limits: Limits) -> dict[int | None, bytes]:
    """Return thumbnails, as WebP, by their sides, and the copy, a JPEG, under None.

    Raises `ImageError`.
    """
    copy = copy_without_metadata(content, _SIDE, limits)
    return {None: copy} | {side: thumbnail(copy, side, _THUMBNAIL_BYTES) for side in THUMBNAILS}
