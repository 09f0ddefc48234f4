"""Lists of pictures that somebody has already: no folder, and no bucket, has to be listed then."""

import csv
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from florist import checks
from florist.batch import inventory
from florist.errors import BatchError, printable
from florist.storage import Bucket, is_address, split

COLUMN: Final = "file"

_ROWS: Final = 16_384


def names_in(place: str) -> Iterator[str]:
    """Yield the column `file` of a CSV or Parquet file, here or in a bucket, in its order.

    Of an inventory's `manifest.json` in a bucket, it is the pictures that the inventory lists.

    Raises `BatchError` where it is none of these, or has a row without a name, `OSError` and
    `StorageError` where it cannot be read.
    """
    with tempfile.TemporaryDirectory(prefix="florist-manifest-") as folder:
        try:
            found = _listed(place, Path(folder))
            for row, name in enumerate(found, start=1):
                if not name:
                    raise ValueError(f"row {row:,} has no name in the column {COLUMN!r}")
                yield name
        except (*checks.NOT_AS_EXPECTED, csv.Error, zlib.error, EOFError, OSError) as error:
            if isinstance(error, OSError) and error.errno:  # Arrow calls some damages so, without
                raise
            raise BatchError(
                f"{printable(place)} is no list of pictures: {printable(error)}. Give a CSV or "
                f"Parquet file whose column {COLUMN!r} names them, or the {inventory.MANIFEST} of "
                "an S3 Inventory in CSV."
            ) from error


def _listed(place: str, folder: Path) -> Iterator[str]:
    if is_address(place) and place.endswith(f"/{inventory.MANIFEST}"):
        return inventory.pictures_in(place, folder)
    path = _fetched(place, folder) if is_address(place) else Path(place)
    return _of_parquet(path) if path.suffix == ".parquet" else _of_csv(path)


def _fetched(address: str, folder: Path) -> Path:
    bucket, name = split(address)
    path = folder / f"manifest{Path(name).suffix}"
    Bucket(bucket).fetch(name, path)
    return path


def _of_parquet(path: Path) -> Iterator[str]:
    with path.open("rb") as file:
        table = pq.ParquetFile(file, pre_buffer=False)
        kind = table.schema_arrow.field(COLUMN).type
        if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
            raise ValueError(f"the column {COLUMN!r} holds {kind}, not text")
        for batch in table.iter_batches(_ROWS, columns=[COLUMN], use_threads=False):
            yield from batch.column(0).to_pylist()


def _of_csv(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file)
        if COLUMN not in (rows.fieldnames or ()):
            raise ValueError(f"its first line is {','.join(rows.fieldnames or ())[:100]!r}")
        for row in rows:
            yield row[COLUMN]
