"""Copies of pictures that were sent through the page: only pixels, and what they were told."""

import hashlib
import logging
import secrets
from concurrent.futures import Future
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from time import monotonic
from typing import Final

from florist.confidence.verdict import Verdict
from florist.errors import ImageError, printable
from florist.images import ANY, Limits, Price, copy_without_metadata, thumbnails
from florist.prediction import Prediction, Result
from florist.web.inference.classify import File
from florist.web.uploads.names import THUMBNAILS
from florist.web.uploads.records import NAME_LENGTH

_log = logging.getLogger(__name__)


SIDE: Final = 1600
"""A copy to keep is at most so many pixels wide and high: enough to look at, for any backbone."""

PREVIEW_SIDE: Final = 480
"""The same for a copy that is shown once."""

_THUMBNAIL_BYTES: Final = 15_000
"""A page of the history has 24 of them, and should load over a telephone line."""


@dataclass(frozen=True, kw_only=True)
class Upload:
    """A kept picture; `width` × `height` is the size of the original.

    `model` is the digest of the model that answered, `browser` the id of the one that sent it;
    empty where an earlier version kept it.
    """

    id: str
    filename: str
    created: datetime
    predictions: tuple[Prediction, ...]
    verdict: Verdict
    width: int
    height: int
    model: str = ""
    browser: str = ""


@dataclass(frozen=True)
class Origin:
    """Where an answer comes from: the digest of its model, the browser that asked, and its form.

    What a form sends twice, as a double click does, is kept once; each one is drawn with a name.
    """

    model: str = ""
    browser: str = ""
    form: str = ""


NOWHERE: Final = Origin()


@dataclass(frozen=True, eq=False)
class Copy:
    """A copy of a picture, a JPEG; its content is empty where none could be made.

    `kept` is resolved once it is known whether it is kept. The context carries the id of the
    request into what is logged of it.
    """

    upload: Upload
    content: bytes
    kept: "Future[bool]" = field(default_factory=Future)
    context: Context = field(default_factory=copy_context)
    made: float = field(default_factory=monotonic)

    @cached_property
    def files(self) -> dict[int | None, bytes]:
        """What is kept: the copy, and thumbnails of it, WebP, by their sides."""
        small = thumbnails(self.content, THUMBNAILS, _THUMBNAIL_BYTES)
        return dict([(None, self.content), *small.items()])

    @property
    def is_kept(self) -> bool:
        """Whether it is known to be kept."""
        return self.kept.done() and self.kept.result()


def copy_of(
    file: File,
    result: Result,
    side: int,
    limits: Limits,
    most: Price = ANY,
    origin: Origin = NOWHERE,
) -> Copy:
    """Make a copy of at most `side` × `side` pixels of a picture that has an answer.

    Raises `CostlyError` where that costs more than `most`.
    """
    upload = Upload(
        id=_id_of(file, origin),
        filename=printable(file.filename)[:NAME_LENGTH],
        created=datetime.now(UTC),
        predictions=tuple(result.predictions),
        verdict=result.verdict,
        width=result.width,
        height=result.height,
        model=origin.model,
        browser=origin.browser,
    )
    try:
        return Copy(upload, copy_without_metadata(file.content, side, limits, most))
    except ImageError as error:  # the model's own decode may have stopped earlier
        _log.warning("The picture %r cannot be copied: %s", upload.filename, error)
        return Copy(upload, b"")


def _id_of(file: File, origin: Origin) -> str:
    """Return an id that nobody can guess; the same one for the same picture of the same form."""
    if not origin.form:
        return secrets.token_hex(16)
    content = hashlib.sha256(file.content).hexdigest()
    return hashlib.sha256(f"{content} {origin.form}".encode()).hexdigest()[:32]
