"""Keeps pictures beside the requests, so that no answer waits for a disk or a database.

Copies wait in a queue of bounded size for one thread that writes. It tries for a while: a lock is
given back, a disk gets room, a database comes up again.
"""

import atexit
import logging
import math
import threading
import time
from collections.abc import Collection, Sequence
from concurrent.futures import wait
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Final

from florist.errors import FloristError
from florist.web.uploads.copies import Copy
from florist.web.uploads.store import UploadStore

_log = logging.getLogger(__name__)

QUEUE_BYTES: Final = 16 * 2**20
"""So much of copies may wait in a process; what comes then is not kept."""

_TOGETHER: Final = 16
"""So many pictures are kept at once: a commit, and what the disk takes for it, serves them all."""

_TRY_S: Final = 30
_PAUSE_S: Final = 0.5
_ANSWER_S: Final = 3
_CLOSE_S: Final = 3


class Keeper:
    """Keeps copies in a store, in a thread of its own; at most `pages` answers wait for it."""

    def __init__(self, store: UploadStore, pages: int) -> None:
        self._store = store
        self._queue: SimpleQueue[Copy] = SimpleQueue()
        self._changed = threading.Condition()
        self._settling = threading.BoundedSemaphore(pages)
        self._waiting: set[Copy] = set()
        self._failing = False
        self._ends = math.inf
        self._thread: threading.Thread | None = None

    def put(self, copy: Copy) -> None:
        """Let a copy wait to be kept; where too much is waiting, it is given up at once."""
        if not self._has_room(copy):
            self._resolve(copy, kept=False, reason="too many others wait")
            return
        self._queue.put(copy)
        with self._changed:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="keep-uploads", daemon=True)
                self._thread.start()
                atexit.register(self.close)

    def settle(self, copies: Collection[Copy]) -> None:
        """Wait seconds at most until copies are kept, or that fails; not where enough others do."""
        if self._settling.acquire(blocking=False):
            with self._changed:
                self._changed.wait_for(
                    lambda: self._failing or all(copy.kept.done() for copy in copies), _ANSWER_S
                )
            self._settling.release()

    def close(self, seconds: float = _CLOSE_S) -> None:
        """Try for some seconds more, and give up what is not kept by then."""
        self._ends = time.monotonic() + seconds
        with self._changed:
            waiting = [copy.kept for copy in self._waiting]
        if late := wait(waiting, seconds).not_done:
            _log.warning("Pictures that were not kept before the server stopped: %d", len(late))

    def _has_room(self, copy: Copy) -> bool:
        with self._changed:
            if sum(len(each.content) for each in (copy, *self._waiting)) > QUEUE_BYTES:
                return False
            self._waiting.add(copy)
            return True

    def _work(self) -> None:
        while True:
            copies = [self._queue.get()]
            with suppress(Empty):
                while len(copies) < _TOGETHER:
                    copies.append(self._queue.get_nowait())
            self._keep(copies)

    def _keep(self, copies: Sequence[Copy]) -> None:
        try:
            kept = self._store.add(copies)
        except Exception as error:
            if len(copies) > 1:  # perhaps it is only one of them
                for copy in copies:
                    self._keep([copy])
            else:
                copies[0].context.run(self._failed, copies[0], error)
        else:
            self._fails(None)
            for copy, is_kept in zip(copies, kept, strict=True):
                self._resolve(copy, kept=is_kept)
            self._tidy()

    def _tidy(self) -> None:
        try:
            self._store.tidy()
        except FloristError as error:
            _log.warning("The uploads cannot be tidied: %s", error)

    def _failed(self, copy: Copy, error: Exception) -> None:
        if not isinstance(error, OSError | FloristError):
            _log.error("Keeping a picture went wrong.", exc_info=error)
            self._resolve(copy, kept=False, reason="the server made a mistake")
            return
        self._fails(error)
        if time.monotonic() < min(copy.made + _TRY_S, self._ends):
            self._queue.put(copy)  # behind the others: perhaps it is only this one
            time.sleep(_PAUSE_S)
        else:
            self._resolve(copy, kept=False, reason=str(error))

    def _fails(self, error: Exception | None) -> None:
        if error is not None and not self._failing:
            _log.warning("Pictures cannot be kept now: %s", error)
        if error is None and self._failing:
            _log.warning("Pictures are kept again.")
        with self._changed:
            self._failing = error is not None
            self._changed.notify_all()

    def _resolve(self, copy: Copy, *, kept: bool, reason: str = "") -> None:
        if reason:
            _log.warning("The picture %r was not kept: %s", copy.upload.filename, reason)
        with self._changed:
            self._waiting.discard(copy)
            copy.kept.set_result(kept)
            self._changed.notify_all()
