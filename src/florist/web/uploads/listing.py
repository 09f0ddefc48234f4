"""Which of the kept pictures are meant, as queries that an index answers; records, and back."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Select, func, select, tuple_
from sqlalchemy.orm import Session

from florist.confidence.verdict import VERDICTS, Verdict, verdict_of
from florist.prediction import Prediction
from florist.web.uploads.copies import Upload
from florist.web.uploads.records import NAME_LENGTH, Record, label_of

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


@dataclass(frozen=True, kw_only=True)
class Filter:
    """What is looked for; None means any. `label` finds no picture of none of the classes."""

    label: str | None = None
    verdict: Verdict | None = None
    browser: str | None = None

    def query(self, horizon: int) -> Select[Record]:
        """Select what was kept after `horizon`, and is there."""
        query = select(Record).where(there(horizon))
        if self.label is not None:
            query = query.where(Record.label == self.label[:NAME_LENGTH])
        if self.verdict is not None:
            query = query.where(Record.verdict == self.verdict)
        if self.browser is not None:
            query = query.where(Record.browser == self.browser)
        return query

    def older(self, horizon: int, than: Record | None) -> Select[Record]:
        """Select what is older than a record, the newest first."""
        query = self.query(horizon).order_by(Record.created.desc(), Record.id.desc())
        return query if than is None else query.where(_place() < _place(than))

    def newer(self, horizon: int, than: Record) -> Select[Record]:
        """Select what is newer than a record, the oldest first."""
        query = self.query(horizon).order_by(Record.created, Record.id)
        return query.where(_place() > _place(than))


EVERYTHING: Final = Filter()


def there(horizon: int) -> ColumnElement[bool]:
    """Return what holds for a picture that was kept after `horizon` and not deleted."""
    return (Record.created > horizon) & Record.deleted.is_(None)


def labels(session: Session) -> list[str]:
    """Return the classes that were told, in order.

    It goes from one to the next in the index; `DISTINCT` would look at every picture.
    """
    first = func.min(Record.label).label("label")
    step = select(first).where(Record.label > "").cte(recursive=True)
    following = select(first).where(Record.label > step.c.label).scalar_subquery()
    step = step.union_all(select(following).where(step.c.label.is_not(None)))
    return [*session.scalars(select(step.c.label).where(step.c.label.is_not(None)))]


def record_of(upload: Upload, created: int, size: int) -> Record:
    """Return what is recorded of an upload: created in microseconds, its size in bytes."""
    return Record(
        id=upload.id,
        created=created,
        filename=upload.filename,
        predictions=[[each.label, each.score] for each in upload.predictions],
        verdict=upload.verdict,
        label=label_of([each.label for each in upload.predictions], upload.verdict),
        width=upload.width,
        height=upload.height,
        model=upload.model,
        browser=upload.browser,
        size=size,
    )


def upload_of(record: Record) -> Upload:
    """Return what a record says."""
    return Upload(
        id=record.id,
        filename=record.filename,
        created=_EPOCH + record.created * _MICROSECOND,
        predictions=tuple(Prediction(label, score) for label, score in record.predictions),
        verdict=_verdict(record),
        width=record.width,
        height=record.height,
        model=record.model or "",
        browser=record.browser or "",
    )


def sent_at(upload: Upload) -> int:
    """Return when an upload was sent, in microseconds since 1970."""
    return (upload.created - _EPOCH) // _MICROSECOND


def _place(record: Record | type[Record] = Record) -> ColumnElement[tuple[int, str]]:
    """Return what records are ordered by."""
    return tuple_(record.created, record.id)


def _verdict(record: Record) -> Verdict:
    """Return what was said; an earlier version kept only the scores."""
    known: dict[str | None, Verdict] = {each: each for each in VERDICTS}
    best = max((score for _, score in record.predictions), default=0.0)
    return known.get(record.verdict) or verdict_of(best)
