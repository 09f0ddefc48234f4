"""Files by name: what a folder and an object store have in common.

A name is a relative POSIX path, such as `24/12/rose.jpg`. Folders come with the first file in them
and go with the last one. A file is there under its name with all of its content, or not at all.
"""

from pathlib import Path

from florist.storage.bucket import Bucket, is_address, split
from florist.storage.folder import Entry, Folder

__all__ = ["Bucket", "Entry", "Folder", "Storage", "is_address", "split", "storage_at"]

Storage = Folder | Bucket


def storage_at(place: str) -> Storage:
    """Return what is at an address such as `s3://bucket/answers`, or else in a folder.

    Raises `StorageError` where the address cannot be used here.
    """
    return Bucket(place) if is_address(place) else Folder(Path(place))
