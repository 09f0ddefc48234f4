"""Pictures that people sent through the page, and what they were told. Knows no Flask.

A picture is kept as a copy that was encoded anew, without metadata, under a random name in a
sharded folder; its record stands in a database. The file is written before its record and deleted
after it, so that a record never lacks its file, whichever process dies when.
"""

import logging
import os
import re
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Final, cast

from sqlalchemy import CursorResult, delete, func, select, tuple_
from sqlalchemy.orm import Session

from florist.errors import FloristError, printable
from florist.images import Limits, copy_without_metadata
from florist.prediction import Prediction, Result
from florist.web.inference.classify import File
from florist.web.problems import UploadsError
from florist.web.settings import Settings
from florist.web.uploads.records import NAME_LENGTH, Record, Records

_log = logging.getLogger(__name__)

_SIDE: Final = 1600
"""A kept copy is at most so many pixels wide and high: enough to look at, and for any backbone."""

_ID: Final = re.compile("[0-9a-f]{32}")
_MICROSECONDS_A_DAY: Final = 24 * 3600 * 1_000_000
_SECONDS_TO_BE_RECORDED: Final = 3600


@dataclass(frozen=True, kw_only=True)
class Retention:
    """How long pictures are kept, and how many bytes they may take together."""

    days: float
    bytes: int


@dataclass(frozen=True, kw_only=True)
class Upload:
    """A kept picture; `width` × `height` is the size of the original."""

    id: str
    filename: str
    created: datetime
    predictions: tuple[Prediction, ...]
    width: int
    height: int


class UploadStore:
    """Keeps pictures below `folder`, and their records in a database."""

    def __init__(
        self, folder: Path, *, database_url: str, retention: Retention, limits: Limits
    ) -> None:
        self._folder = folder
        self._retention = retention
        self._limits = limits
        self._records = Records(database_url or f"sqlite:///{folder / 'uploads.sqlite3'}")
        self._swept = False

    def add(self, file: File, result: Result) -> Upload | None:
        """Keep a picture and its result; None, and a line in the log, where that fails."""
        try:
            return self._add(file, result)
        except (OSError, FloristError) as error:
            _log.warning("The picture %r was not kept: %s", file.filename, error)
            return None

    def recent(self, limit: int = 50, before: str | None = None) -> tuple[Upload, ...]:
        """Return up to `limit` uploads, the newest first, older than the upload `before`.

        Raises `UploadsError`, like all of the following, where the records cannot be reached.
        """
        query = select(Record).order_by(Record.created.desc(), Record.id.desc()).limit(limit)
        with self._session() as session:
            self._retain(session)
            if before is not None and (last := session.get(Record, before)) is not None:
                query = query.where(
                    tuple_(Record.created, Record.id) < tuple_(last.created, last.id)
                )
            return tuple(_upload(record) for record in session.scalars(query))

    def get(self, upload: str) -> Upload | None:
        """Return the upload of an id, or None."""
        with self._session() as session:
            record = session.get(Record, upload)
            return _upload(record) if record is not None else None

    def open(self, upload: str) -> IO[bytes] | None:
        """Open the kept copy, a JPEG, or return None where there is none of this id."""
        if self.get(upload) is None:
            return None
        try:
            return self._path(upload).open("rb")
        except FileNotFoundError:
            return None

    def delete(self, upload: str) -> bool:
        """Delete an upload; False where there is none of this id."""
        with self._session() as session:
            return self._forget(session, [upload]) > 0

    def delete_all(self) -> int:
        """Delete every upload, and return how many there were."""
        with self._session() as session:
            return self._forget(session, session.scalars(select(Record.id)).all())

    def _add(self, file: File, result: Result) -> Upload | None:
        content = copy_without_metadata(file.content, _SIDE, self._limits)
        if len(content) > self._retention.bytes:
            return None
        record = Record(
            id=secrets.token_hex(16),
            created=time.time_ns() // 1000,
            filename=printable(file.filename)[:NAME_LENGTH],
            predictions=[[each.label, each.score] for each in result.predictions],
            width=result.width,
            height=result.height,
            size=len(content),
        )
        upload, path = _upload(record), self._path(record.id)
        _write(path, content)
        try:
            with self._session() as session:
                session.add(record)
                session.flush()
                self._retain(session)
        except UploadsError:
            path.unlink(missing_ok=True)
            raise
        return upload

    def _retain(self, session: Session) -> None:
        """Forget what is too old, and the oldest of what is too much."""
        oldest = time.time_ns() // 1000 - int(self._retention.days * _MICROSECONDS_A_DAY)
        gone = list(session.scalars(select(Record.id).where(Record.created < oldest)))
        kept = select(Record.id, Record.size).where(Record.created >= oldest)
        total = session.scalar(select(func.coalesce(func.sum(kept.subquery().c.size), 0))) or 0
        if total > self._retention.bytes:
            for name, size in session.execute(kept.order_by(Record.created, Record.id)):
                if total <= self._retention.bytes:
                    break
                gone.append(name)
                total -= size
        if gone:
            self._forget(session, gone)

    def _forget(self, session: Session, uploads: Sequence[str]) -> int:
        """Delete records, and their files once the records are gone for good."""
        forgotten = 0
        for start in range(0, len(uploads), 500):  # databases bound the length of a statement
            some = uploads[start : start + 500]
            result = session.execute(delete(Record).where(Record.id.in_(some)))
            forgotten += int(cast("CursorResult[Any]", result).rowcount)
        session.commit()
        for upload in uploads:
            if _ID.fullmatch(upload):
                self._path(upload).unlink(missing_ok=True)
        return forgotten

    def _path(self, upload: str) -> Path:
        return self._folder / upload[:2] / upload[2:4] / f"{upload}.jpg"

    @contextmanager
    def _session(self) -> Iterator[Session]:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UploadsError(str(error)) from error
        with self._records.session() as session:
            if not self._swept:
                self._sweep(session)
            yield session

    def _sweep(self, session: Session) -> None:
        """Delete files whose record was never written, or was deleted just before a crash."""
        self._swept = True
        known = set(session.scalars(select(Record.id)))
        for path in self._folder.glob("??/??/*"):
            with suppress(FileNotFoundError):
                old = path.stat().st_mtime < time.time() - _SECONDS_TO_BE_RECORDED
                if old and path.stem not in known:
                    path.unlink()


def open_store(settings: Settings) -> UploadStore | None:
    """Return the store that the settings describe, or None where nothing is kept.

    Raises `SettingsError` where the address of the database cannot be used.
    """
    if not settings.keep_uploads:
        return None
    return UploadStore(
        Path(settings.uploads),
        database_url=settings.database_url,
        retention=Retention(days=settings.uploads_days, bytes=int(settings.uploads_mib * 2**20)),
        limits=settings.limits,
    )


def _upload(record: Record) -> Upload:
    return Upload(
        id=record.id,
        filename=record.filename,
        created=datetime.fromtimestamp(record.created / 1e6, UTC),
        predictions=tuple(Prediction(label, score) for label, score in record.predictions),
        width=record.width,
        height=record.height,
    )


def _write(path: Path, content: bytes) -> None:
    """Write a file that is whole under its name, or not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    try:
        with partial.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError:
        partial.unlink(missing_ok=True)
        raise
