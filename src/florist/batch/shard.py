"""A stretch of pictures in, their answers out, as rows of a Parquet file.

The rows say what `florist predict --json` says, and nothing of when or how fast: who does a shard
again writes the same bytes.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from florist.batch.pieces import Piece
from florist.batch.plan import Names, parquet
from florist.batch.tar import Member, Picture
from florist.engine import Runtime
from florist.errors import BatchError, DecoderError, printable
from florist.images import ImageSource
from florist.parallel import in_order
from florist.prediction import answer_of, load
from florist.result import Failure, Prediction, Result
from florist.storage import Bucket, is_address, split, storage_at

SCHEMA: Final = pa.schema(
    [
        ("file", pa.string()),
        ("error", pa.string()),
        ("error_code", pa.string()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("labels", pa.list_(pa.string())),
        ("scores", pa.list_(pa.float32())),
        ("verdict", pa.string()),
        ("familiarity", pa.float64()),
        ("set", pa.list_(pa.string())),
    ]
)

_READERS: Final = 8
"""Of a bucket, which answers after tens of milliseconds."""

_LOST: Final = Failure.of(
    DecoderError(
        "the process that read it died, time and again; save it anew, as JPEG or PNG, to use it"
    )
)


@dataclass(frozen=True, kw_only=True)
class Job:
    """What a process has to know to answer any piece of a plan, in `output`, by a model folder.

    Names of files are relative to `base`, where that is no empty text.
    """

    model: Path
    digest: str
    runtime: Runtime
    top: int
    none: float | None
    max_error: float | None
    sets: float | None
    output: str
    base: str = ""


@dataclass(frozen=True, kw_only=True)
class Counts:
    """How many pictures were answered, or have an error instead."""

    pictures: int = 0
    errors: int = 0

    def plus(self, other: "Counts") -> "Counts":
        """Return both together."""
        return Counts(pictures=self.pictures + other.pictures, errors=self.errors + other.errors)


@dataclass(frozen=True, kw_only=True)
class Done:
    """A piece that was answered: the file of a shard is written, of less there are `rows`.

    `nodes` is how many there are at work in a cluster.
    """

    piece: Piece
    counts: Counts
    rows: bytes = b""
    nodes: int = 0


class Worker:
    """A loaded model, and the names of a plan: answers one piece after the other."""

    def __init__(self, job: Job) -> None:
        """Load the model.

        Raises `BundleError` and `EngineError` as `load` does, `BatchError` where it is another one
        than the job was given out with.
        """
        self._predictor = load(job.model, job.runtime, none=job.none, max_error=job.max_error)
        found = self._predictor.bundle.digest
        if found != job.digest:
            raise BatchError(
                f"{printable(job.model)} was replaced meanwhile: its digest is {found}, not "
                f"{job.digest}. Put it back, or begin anew in another folder."
            )
        self._most = self._predictor.limits.max_bytes + 1  # one more tells that it is too large
        self._base = job.base
        self._top = job.top
        self._sets = None if job.sets is None else self._predictor.label_sets(job.sets)
        self._folder = storage_at(job.output)
        self._buckets: dict[str, Bucket] = {}
        self._names = Names(self._folder)

    def do(self, piece: Piece) -> Done:
        """Answer a piece; write the file of a whole shard. Raises `OSError` where it cannot."""
        pictures = self._names.between(piece.first, piece.last)
        names = [*map(str, pictures)]
        results = map(self._result, self._sources(pictures, piece))
        named = zip(map(printable, names), results, strict=True)
        answer = answer_of(self._predictor, named, self._sets)
        content = parquet(pa.Table.from_pylist([*map(_row, answer["predictions"])], SCHEMA))
        if piece.whole:
            self._folder.write(part(piece.shard), content)
        return Done(
            piece=piece,
            counts=counts_of(content),
            rows=b"" if piece.whole else content,
        )

    def _sources(
        self, pictures: Sequence[Picture], piece: Piece
    ) -> Iterable[ImageSource | Failure]:
        """Return what is to be read; a bucket is asked for several pictures at a time."""
        if piece.lost:
            return [_LOST] * len(pictures)
        if any(is_address(str(picture)) for picture in pictures):
            return in_order(self._source, pictures, _READERS)
        return map(self._source, pictures)

    def _source(self, picture: Picture) -> ImageSource | Failure:
        if is_address(str(picture)):
            return self._fetched(picture)
        if not isinstance(picture, Member):
            return self._path(picture)
        try:
            return BytesIO(picture.read(self._path(picture.tar), self._most))
        except OSError as error:
            return Failure.of(error)

    def _path(self, name: str) -> str:
        return os.path.join(self._base, name)  # noqa: PTH118 - as it is, where it is absolute

    def _fetched(self, picture: Picture) -> ImageSource | Failure:
        """Fetch a picture out of a bucket. Only that it is not there is said of the picture."""
        address, name = split(str(picture))
        if address not in self._buckets:
            self._buckets[address] = Bucket(address)  # of two threads that both do, one's is kept
        bucket = self._buckets[address]
        try:
            if not isinstance(picture, Member):
                return BytesIO(bucket.read(name, self._most))
            _, tar = split(picture.tar)
            length = min(picture.size, self._most)
            return BytesIO(bucket.read_range(tar, picture.offset, length))
        except FileNotFoundError as error:
            return Failure.of(error)

    def _result(self, source: ImageSource | Failure) -> Result:
        if isinstance(source, Failure):
            return Result(error=source)
        return self._predictor.result(source, self._top)


def part(shard: int) -> str:
    """Return the name of the file with a shard's answers."""
    return f"part-{shard:06}.parquet"


def joined(contents: Iterable[bytes]) -> bytes:
    """Return the file of a shard, out of the rows of its pieces in their order."""
    # Made of rows anew: Arrow's own joining leaves traces in how nulls are written.
    rows = [row for each in contents for row in rows_of(each)]
    return parquet(pa.Table.from_pylist(rows, SCHEMA))


def rows_of(content: bytes) -> list[dict[str, Any]]:
    """Return the rows of a file of answers."""
    rows: list[dict[str, Any]] = pq.read_table(BytesIO(content)).to_pylist()
    return rows


def counts_of(content: bytes) -> Counts:
    """Return what a file of answers holds. Raises `ValueError` where it is none."""
    try:
        about = pq.read_metadata(BytesIO(content))
    except OSError as error:  # which is what Arrow calls some damages
        raise ValueError(str(error)) from error
    column = about.schema.to_arrow_schema().get_field_index("error")
    groups = [about.row_group(number).column(column) for number in range(about.num_row_groups)]
    return Counts(
        pictures=about.num_rows,
        errors=about.num_rows - sum(each.statistics.null_count for each in groups),
    )


def _row(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return in columns what JSON tells of a picture; the others are null."""
    if error := entry.get("error"):
        return {"file": entry["filename"], "error": error["detail"], "error_code": error["code"]}
    return {
        "file": entry["filename"],
        "width": entry["width"],
        "height": entry["height"],
        "labels": [each["label"] for each in entry["predictions"]],
        "scores": [each["score"] for each in entry["predictions"]],
        "verdict": entry["verdict"],
        "familiarity": entry["familiarity"],
        "set": entry.get("set"),
    }


def result_of(row: Mapping[str, Any]) -> Result:
    """Return what a row was made of."""
    if row["error"] is not None:
        return Result(error=Failure(code=row["error_code"], title="", detail=row["error"]))
    return Result(
        predictions=tuple(map(Prediction, row["labels"], row["scores"])),
        verdict=row["verdict"],
        familiarity=row["familiarity"],
        width=row["width"],
        height=row["height"],
    )
