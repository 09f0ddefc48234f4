"""The names of kept pictures' files: `ab/cd/abcd….jpg`, which follow from their ids.

Ours are told by their whole name and the place that follows from it, so that no file of somebody
else in the same folder is ever touched.
"""

import re
from typing import Final

SHARDS: Final = tuple(f"{number:02x}" for number in range(256))

_ID: Final = re.compile("[0-9a-f]{32}")
_ENDING: Final = ".jpg"


def name_of(upload: str) -> str:
    """Return the name of an upload's file. Raises `ValueError` for what is no id."""
    if not _ID.fullmatch(upload):
        raise ValueError(f"{upload!r} is no id of an upload.")
    return f"{upload[:2]}/{upload[2:4]}/{upload}{_ENDING}"


def id_of(name: str) -> str | None:
    """Return the id of the upload whose file has this name, or None where it is not ours."""
    upload = name.rpartition("/")[2].removesuffix(_ENDING)
    return upload if _ID.fullmatch(upload) and name == name_of(upload) else None


def is_ours(name: str) -> bool:
    """Return whether a file is one of an upload."""
    return id_of(name) is not None
