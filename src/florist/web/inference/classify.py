"""A bounded number of places, and a deadline, around decoding and inference. Knows no Flask.

A request takes a place before its body is read, so that memory and waiting are bounded; when all
are taken it is refused at once. Its pictures are then worked on by one of a few threads. Python
cannot stop a thread, so the deadline is looked at between two steps (a decode, an inference, a
copy) as well as while waiting; limits bound each step. A place is free again once the work on its
pictures has really ended, however long ago its request was answered.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass, replace
from typing import Final

from prometheus_client import Gauge

from florist.prediction import Predictor, Result
from florist.system import cpu_limit
from florist.web.inference.model import ServedModel
from florist.web.problems import BusyError, DeadlineError
from florist.web.settings import Settings

MAX_TOP: Final = 1000


@dataclass(frozen=True)
class File:
    """A picture as it came in. `filename` is only ever shown, never used as a path."""

    filename: str
    content: bytes


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a picture of a request got."""

    filename: str
    result: Result
    queue_ms: float = 0


Then = Callable[[File, Result], None]
"""What is done with a picture that has an answer, in the thread that worked on it."""


class Place:
    """What a request holds while it is worked on."""

    def __init__(self, classifier: "Classifier", predictor: Predictor) -> None:
        self._classifier = classifier
        self.predictor = predictor
        self._begin = 0.0
        self._work: Future[tuple[Answer, ...]] | None = None

    def classify(
        self, files: Sequence[File], top: int, then: Then | None = None
    ) -> tuple[Answer, ...]:
        """Answer every file, in order; a bad one gets an answer with its error.

        Raises `DeadlineError`.
        """
        self._begin = time.monotonic()
        # The context carries the id of the request into what the thread logs.
        held = [(copy_context(), files, then)]

        def work() -> tuple[Answer, ...]:
            context, files, then = held.pop()
            return context.run(self._answer_all, files, top, then)

        self._work = self._classifier.pool.submit(work)
        try:
            return self._work.result(timeout=self._classifier.deadline_s)
        except TimeoutError as error:
            if self._work.cancel():
                # The pool still has it in its queue: what the request held must not wait there.
                held.clear()
            raise self._too_late() from error

    def leave(self, vacate: Callable[[], None]) -> None:
        """Call `vacate` once no thread works on the pictures any more."""
        if self._work is None:
            vacate()
        else:
            self._work.add_done_callback(lambda _: vacate())

    def _answer_all(self, files: Sequence[File], top: int, then: Then | None) -> tuple[Answer, ...]:
        waited_ms = (time.monotonic() - self._begin) * 1000
        answers = (self._answer(file, top, then) for file in files)
        return tuple(replace(answer, queue_ms=waited_ms) for answer in answers)

    def _answer(self, file: File, top: int, then: Then | None) -> Answer:
        self._check()
        result = self.predictor.result(file.content, top, before_inference=self._check)
        if then is not None and result.error is None:
            self._check()
            then(file, result)
        return Answer(filename=file.filename, result=result)

    def _check(self) -> None:
        if time.monotonic() > self._begin + self._classifier.deadline_s:
            raise self._too_late()

    def _too_late(self) -> DeadlineError:
        return DeadlineError(
            f"No answer within {self._classifier.deadline_s:g} s. Try again, with fewer pictures."
        )


class Classifier:
    """Answers pictures with a few threads, while a bounded number of further requests waits."""

    def __init__(self, model: ServedModel, settings: Settings, taken: Gauge) -> None:
        self.model = model
        threads = settings.threads or cpu_limit()
        self.deadline_s = settings.deadline_s
        self.pool = ThreadPoolExecutor(threads, thread_name_prefix="classify")
        self._places = threading.BoundedSemaphore(threads + settings.queue)
        self._taken = taken

    @contextmanager
    def place(self) -> Iterator[Place]:
        """Take a place, and give it back at the end, or when a late work on it has ended.

        Raises `BusyError` where none is free, `NotReadyError` where there is no model yet.
        """
        predictor = self.model.predictor()
        if not self._places.acquire(blocking=False):
            raise BusyError("Every place is taken. Try again in a second.")
        self._taken.inc()
        place = Place(self, predictor)
        try:
            yield place
        finally:
            place.leave(self._vacate)

    def _vacate(self) -> None:
        self._taken.dec()
        self._places.release()
