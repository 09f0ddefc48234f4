"""Pictures that people sent through the page, and what they were told. Knows no Flask.

A picture is kept as a copy that was encoded anew, without metadata, under a random name in a
sharded folder; its record stands in a database. The file is written before its record and deleted
after it, so that a record never lacks its file, whichever process dies when.

What is too old or forgotten is not found any more from that moment on. It is deleted in steps of a
bounded size: one beside a request, the others by `keep_tidy`.
"""

import logging
import secrets
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Final

from sqlalchemy import delete, func, select, tuple_
from sqlalchemy.orm import Session

from florist.errors import FloristError, printable
from florist.images import Limits
from florist.prediction import Prediction, Result
from florist.storage import Folder
from florist.web.inference.classify import File
from florist.web.problems import UploadsError
from florist.web.settings import Settings
from florist.web.uploads.copies import copies
from florist.web.uploads.names import id_of, is_ours, name_of, names_of
from florist.web.uploads.records import NAME_LENGTH, Record, Records, Total

_log = logging.getLogger(__name__)

STEP: Final = 100
"""At most so many uploads are deleted at a time."""

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
        self._retention = retention
        self._limits = limits
        self._files = Folder(folder)
        self._records = Records(folder, database_url)
        self.untidy = threading.Event()  # set when there is more to delete than a request should

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
        self.tidy()
        query = select(Record).order_by(Record.created.desc(), Record.id.desc()).limit(limit)
        with self._records.session() as session:
            query = query.where(Record.created > self._horizon(_total(session)))
            if before is not None and (last := session.get(Record, before)) is not None:
                query = query.where(
                    tuple_(Record.created, Record.id) < tuple_(last.created, last.id)
                )
            return tuple(_upload(record) for record in session.scalars(query))

    def get(self, upload: str) -> Upload | None:
        """Return the upload of an id, or None."""
        with self._records.session() as session:
            record = session.get(Record, upload)
            if record is None or record.created <= self._horizon(_total(session)):
                return None
            return _upload(record)

    def read(self, upload: str, side: int | None = None) -> bytes | None:
        """Return the kept copy, a JPEG, or its thumbnail of that side, a WebP; None without one."""
        with suppress(FileNotFoundError):  # it is just being deleted, or never had a thumbnail
            return self._files.read(name_of(upload, side)) if self.get(upload) else None
        return None

    def delete(self, upload: str) -> bool:
        """Delete an upload; False where there is none of this id."""
        with self._records.writing() as (session, total):
            record = session.get(Record, upload)
            if record is None:
                return False
            session.delete(record)
            total.size -= record.size
        self._delete_files([upload])
        return True

    def delete_all(self) -> int:
        """Forget every upload at once, and return how many there were.

        The files of up to `STEP` are deleted now, those of others in the steps that follow.
        """
        with self._records.writing() as (session, total):
            known = Record.created > self._horizon(total)
            count = session.scalars(select(func.count()).where(known)).one()
            newest = session.scalar(select(func.max(Record.created)))
            total.forgotten = max(total.forgotten, newest or 0)
        self.tidy()
        return count

    def tidy(self) -> bool:
        """Delete a step of what is too old, forgotten or too much; whether there may be more."""
        with self._records.session() as session:
            if not self._due(session, _total(session))[0]:
                return False
        with self._records.writing() as (session, total):
            due, total.size = self._due(session, total)
            session.execute(delete(Record).where(Record.id.in_(due)))
        self._delete_files(due)
        if more := len(due) == STEP:
            self.untidy.set()
        return more

    def sweep(self, shard: str) -> None:
        """Delete files in a shard whose record was never written, or was deleted before a crash."""
        self._files.sweep(shard, _SECONDS_TO_BE_RECORDED, is_ours)
        before = time.time() - _SECONDS_TO_BE_RECORDED
        files = self._files.list(shard)
        old = [*{id_ for each in files if each.modified < before and (id_ := id_of(each.name))}]
        for start in range(0, len(old), STEP):
            some = old[start : start + STEP]
            with self._records.session() as session:
                known = {*session.scalars(select(Record.id).where(Record.id.in_(some)))}
            for name in chain.from_iterable(map(names_of, {*some} - known)):
                self._files.remove(name)

    def exists(self) -> bool:
        """Whether anything was ever kept here."""
        return self._files.path.is_dir()

    def count_anew(self) -> None:
        """Add up the sizes, in case somebody else has changed the records."""
        self._records.count_anew()

    def _add(self, file: File, result: Result) -> Upload | None:
        contents = copies(file.content, self._limits)
        if (size := sum(map(len, contents.values()))) > self._retention.bytes:
            return None
        record = Record(
            id=secrets.token_hex(16),
            filename=printable(file.filename)[:NAME_LENGTH],
            predictions=[[each.label, each.score] for each in result.predictions],
            width=result.width,
            height=result.height,
            size=size,
        )
        try:
            for side, content in contents.items():
                self._files.write(name_of(record.id, side), content)
            with self._records.writing() as (session, total):
                # A clock may go back; what is new is never among what was forgotten.
                record.created = max(time.time_ns() // 1000, total.forgotten + 1)
                session.add(record)
                total.size += record.size
        except (OSError, UploadsError):
            self._delete_files([record.id])
            raise
        self.tidy()
        return _upload(record)

    def _horizon(self, total: Total) -> int:
        """Return the time in microseconds until which everything is forgotten."""
        oldest = time.time_ns() // 1000 - int(self._retention.days * _MICROSECONDS_A_DAY)
        return max(oldest, total.forgotten)

    def _due(self, session: Session, total: Total) -> tuple[list[str], int]:
        """Return up to `STEP` uploads that have to go, and the size of all without them."""
        columns = select(Record.id, Record.created, Record.size)
        oldest = session.execute(columns.order_by(Record.created, Record.id).limit(STEP)).all()
        # Where these are all there are, their sum is right, whatever the total says.
        size = total.size if len(oldest) == STEP else sum(each.size for each in oldest)
        horizon, due = self._horizon(total), []
        for each in oldest:
            if each.created > horizon and size <= self._retention.bytes:
                break
            size -= each.size
            due.append(each.id)
        return due, size

    def _delete_files(self, uploads: Iterable[str]) -> None:
        """Delete files whose records are gone for good; one that cannot be is swept later."""
        try:
            for name in chain.from_iterable(map(names_of, uploads)):
                self._files.remove(name)
        except (OSError, ValueError) as error:  # an id that somebody else wrote names no file
            _log.warning("A kept picture was not deleted: %s", error)


def open_store(settings: Settings) -> UploadStore | None:
    """Return the store that the settings describe, or None where nothing is kept.

    It may be one that keeps for zero days: it takes nothing, and what it has is deleted.

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


def _total(session: Session) -> Total:
    return session.scalars(select(Total)).one()


def _upload(record: Record) -> Upload:
    return Upload(
        id=record.id,
        filename=record.filename,
        created=datetime.fromtimestamp(record.created / 1e6, UTC),
        predictions=tuple(Prediction(label, score) for label, score in record.predictions),
        width=record.width,
        height=record.height,
    )
