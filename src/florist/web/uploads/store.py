"""Pictures that people sent through the page, and what they were told. Knows no Flask.

A picture is kept as a copy that was encoded anew, without metadata, under a random name in a
sharded folder; its record stands in a database. The file is written before its record and deleted
after it, so that a record never lacks its file, whichever process dies when.

What is too old or forgotten is not found any more from that moment on. It is deleted in steps of a
bounded size by `keep_tidy`, and one after each new picture, so that they never take too much.
"""

import logging
import threading
import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Final

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from florist.storage import Folder
from florist.web.problems import UploadsError
from florist.web.uploads.copies import Copy, Upload
from florist.web.uploads.listing import (
    EVERYTHING,
    Filter,
    labels,
    record_of,
    sent_at,
    there,
    upload_of,
)
from florist.web.uploads.names import id_of, is_ours, name_of, names_of
from florist.web.uploads.records import Record, Records, Total

_log = logging.getLogger(__name__)

STEP: Final = 100
"""At most so many uploads are deleted at a time."""

UNDO_S: Final = 600
"""So long what was deleted on its own can be brought back."""

_MICROSECONDS_A_DAY: Final = 24 * 3600 * 1_000_000
_SECONDS_TO_BE_RECORDED: Final = 3600


@dataclass(frozen=True, kw_only=True)
class Retention:
    """How long pictures are kept, and how many bytes they may take together."""

    days: float
    bytes: int


class UploadStore:
    """Keeps pictures below `folder`, and their records in a database.

    Every method raises `UploadsError` where the records cannot be reached.
    """

    def __init__(self, folder: Path, *, database_url: str, retention: Retention) -> None:
        self._retention = retention
        self._files = Folder(folder)
        self._records = Records(folder, database_url)
        self.untidy = threading.Event()  # set when a step is not to wait for the next round

    def add(self, copies: Sequence[Copy]) -> list[bool]:
        """Keep pictures; False for one where all were forgotten since it was sent, or too large.

        Raises `OSError`, too, where a file cannot be written: then it has kept none. May be called
        again after an error.
        """
        sizes = {copy.upload.id: sum(map(len, copy.files.values())) for copy in copies}
        most = self._retention.bytes
        small = {copy.upload.id: copy for copy in copies if sizes[copy.upload.id] <= most}
        try:
            for id_, copy in small.items():
                for side, content in copy.files.items():
                    self._files.write(name_of(id_, side), content)
            kept = self._record([copy.upload for copy in small.values()], sizes)
        except (OSError, UploadsError):
            # Where a connection broke, the records may stand all the same.
            with suppress(UploadsError):
                self._delete_files(self._unknown(small))
            raise
        self._delete_files(small.keys() - kept)
        return [copy.upload.id in kept for copy in copies]

    def recent(
        self, limit: int = 50, before: str | None = None, only: Filter = EVERYTHING
    ) -> tuple[Upload, ...]:
        """Return up to `limit` uploads, the newest first, older than the upload `before`."""
        with self._records.session() as session:
            last = session.get(Record, before) if before is not None else None
            query = only.older(self._horizon(_total(session)), last).limit(limit)
            return tuple(upload_of(record) for record in session.scalars(query))

    def newer(self, upload: str, only: Filter = EVERYTHING) -> Upload | None:
        """Return the next newer upload, or None."""
        with self._records.session() as session:
            if (this := session.get(Record, upload)) is None:
                return None
            record = session.scalar(only.newer(self._horizon(_total(session)), this).limit(1))
            return upload_of(record) if record is not None else None

    def labels(self) -> list[str]:
        """Return the classes that were told, in order."""
        with self._records.session() as session:
            return labels(session)

    def get(self, upload: str) -> Upload | None:
        """Return the upload of an id, or None."""
        with self._records.session() as session:
            record = self._find(session, upload, _total(session))
            return upload_of(record) if record is not None else None

    def read(self, upload: str, side: int | None = None) -> bytes | None:
        """Return the kept copy, a JPEG, or its thumbnail of that side, a WebP; None without one."""
        with suppress(FileNotFoundError):  # it is just being deleted, or never had a thumbnail
            return self._files.read(name_of(upload, side)) if self.get(upload) else None
        return None

    def delete(self, upload: str) -> bool:
        """Delete an upload, for good after `UNDO_S`; False where there is none of this id."""
        with self._records.writing() as (session, total):
            if (record := self._find(session, upload, total)) is not None:
                record.deleted = _now()
            return record is not None

    def restore(self, upload: str) -> bool:
        """Bring back an upload that was deleted; False where it is gone for good."""
        with self._records.writing() as (session, total):
            record = session.get(Record, upload)
            if record is None or record.created <= self._horizon(total):
                return False
            record.deleted = None
            return True

    def delete_all(self) -> int:
        """Forget every upload at once, and return how many there were; files go in the steps."""
        with self._records.writing() as (session, total):
            count = session.scalars(select(func.count()).where(there(self._horizon(total)))).one()
            newest = session.scalar(select(func.max(Record.created)))
            # What was sent until now is forgotten, too, where it still waits to be kept.
            total.forgotten = max(total.forgotten, newest or 0, _now())
        self.untidy.set()
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
        if more := len(due) >= STEP:
            self.untidy.set()
        return more

    def sweep(self, shard: str) -> None:
        """Delete files in a shard whose record was never written, or was deleted before a crash."""
        self._files.sweep(shard, _SECONDS_TO_BE_RECORDED, is_ours)
        before = time.time() - _SECONDS_TO_BE_RECORDED
        files = self._files.list(shard)
        old = [*{id_ for each in files if each.modified < before and (id_ := id_of(each.name))}]
        for start in range(0, len(old), STEP):
            self._delete_files(self._unknown(old[start : start + STEP]))

    def exists(self) -> bool:
        """Whether anything was ever kept here."""
        return self._files.path.is_dir()

    def count_anew(self) -> None:
        """Add up the sizes, in case somebody else has changed the records."""
        self._records.count_anew()

    def _record(self, uploads: Sequence[Upload], sizes: Mapping[str, int]) -> set[str]:
        """Write the records of uploads; return the ids of all but those forgotten before."""
        with self._records.writing() as (session, total):
            known = [each for each in uploads if not sent_at(each) < total.forgotten <= _now()]
            for upload in known:
                if (kept := session.get(Record, upload.id)) is not None:
                    kept.deleted = None  # sent again
                else:
                    # A clock may go back; what is new is never among what was forgotten.
                    created = max(sent_at(upload), total.forgotten + 1)
                    session.add(record_of(upload, created, sizes[upload.id]))
                    total.size += sizes[upload.id]
            return {each.id for each in known}

    def _unknown(self, uploads: Collection[str]) -> set[str]:
        """Return which ids have no record."""
        with self._records.session() as session:
            return {*uploads} - {*session.scalars(select(Record.id).where(Record.id.in_(uploads)))}

    def _find(self, session: Session, upload: str, total: Total) -> Record | None:
        """Return the record of an upload that is there."""
        here = there(self._horizon(total))
        return session.scalar(select(Record).where(Record.id == upload, here))

    def _horizon(self, total: Total) -> int:
        """Return the time until which everything is forgotten."""
        oldest = _now() - int(self._retention.days * _MICROSECONDS_A_DAY)
        return max(oldest, total.forgotten)

    def _due(self, session: Session, total: Total) -> tuple[list[str], int]:
        """Return some uploads that have to go, and the size of all without them."""
        columns = select(Record.id, Record.created, Record.size)
        gone = columns.where(Record.deleted < _now() - UNDO_S * 1_000_000).limit(STEP)
        oldest = session.execute(columns.order_by(Record.created, Record.id).limit(STEP)).all()
        # Where these are all there are, their sum is right, whatever the total says.
        size = total.size if len(oldest) == STEP else sum(each.size for each in oldest)
        due = {each.id: each.size for each in session.execute(gone)}
        size -= sum(due.values())
        horizon = self._horizon(total)
        for each in oldest:
            if each.created > horizon and size <= self._retention.bytes:
                break
            if each.id not in due:
                size -= each.size
                due[each.id] = each.size
        return [*due], size

    def _delete_files(self, uploads: Collection[str]) -> None:
        """Delete files whose records are gone for good; one that cannot be is swept later."""
        try:
            for name in chain.from_iterable(map(names_of, uploads)):
                self._files.remove(name)
        except (OSError, ValueError) as error:  # an id that somebody else wrote names no file
            _log.warning("A kept picture was not deleted: %s", error)


def _now() -> int:
    """Return the time in microseconds since 1970."""
    return time.time_ns() // 1000


def _total(session: Session) -> Total:
    return session.scalars(select(Total)).one()
