"""The names of kept pictures' files, which follow from their ids.

A picture is `ab/cd/abcd….jpg`, with thumbnails such as `ab/cd/abcd….240.webp` beside it; uploads of
earlier versions have none.

Ours are told by their whole name and the place that follows from it, so that no file of somebody
else in the same folder is ever touched.
"""

import re
from typing import Final

SHARDS: Final = tuple(f"{number:02x}" for number in range(256))

THUMBNAILS: Final = (240, 480)
"""Sides in pixels of the small copies."""

_ID: Final = re.compile("[0-9a-f]{32}")
_ENDINGS: Final[dict[int | None, str]] = {None: ".jpg"}
_ENDINGS.update({side: f".{side}.webp" for side in THUMBNAILS})


def name_of(upload: str, side: int | None = None) -> str:
    """Return the name of an upload's copy, or of its thumbnail of that side.

    Raises `ValueError` for what is no id.
    """
    if not _ID.fullmatch(upload):
        raise ValueError(f"{upload!r} is no id of an upload.")
    return f"{upload[:2]}/{upload[2:4]}/{upload}{_ENDINGS[side]}"


def names_of(upload: str) -> list[str]:
    """Return the names of all files of an upload. Raises `ValueError` for what is no id."""
    return [name_of(upload, side) for side in _ENDINGS]


def id_of(name: str) -> str | None:
    """Return the id of the upload that has a file of this name, or None where it is not ours."""
    upload = name.rpartition("/")[2].partition(".")[0]
    return upload if _ID.fullmatch(upload) and name in names_of(upload) else None


def is_ours(name: str) -> bool:
    """Return whether a file is one of an upload."""
    return id_of(name) is not None
