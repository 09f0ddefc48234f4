"""The list of a bucket that S3 Inventory writes every day, as CSV.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-inventory-location.html
"""

import csv
import gzip
import json
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Final
from urllib.parse import unquote_plus

from florist.formats import is_visible_picture
from florist.storage import Bucket, split

MANIFEST: Final = "manifest.json"

_MOST_BYTES: Final = 64 * 2**20


def pictures_in(manifest: str, folder: Path) -> Iterator[str]:
    """Yield the addresses of the visible pictures that an inventory lists, in its order.

    Of several versions of an object, it is the current one that counts. One file of the inventory
    at a time is copied to `folder`. What is no inventory raises something of
    `checks.NOT_AS_EXPECTED`, or what gzip and csv raise.
    """
    address, name = split(manifest)
    bucket = Bucket(address)  # Amazon writes the files of an inventory beside its manifest
    inventory = json.loads(bucket.read(name, _MOST_BYTES))
    if inventory["fileFormat"] != "CSV":
        raise ValueError(f"it lists {inventory['fileFormat']} files, not CSV")
    columns = [column.strip() for column in inventory["fileSchema"].split(",")]
    path = folder / "inventory.csv.gz"
    for file in inventory["files"]:
        bucket.fetch(file["key"], path)
        with gzip.open(path, "rt", encoding="utf-8", newline="") as text:
            for row in csv.DictReader(text, columns):
                key = unquote_plus(row["Key"])
                if _is_current(row) and is_visible_picture(PurePosixPath(key)):
                    yield f"s3://{row['Bucket']}/{key}"


def _is_current(row: dict[str, str]) -> bool:
    """Tell whether there is such an object; without these columns, only current ones are listed."""
    return row.get("IsLatest") != "false" and row.get("IsDeleteMarker") != "true"
