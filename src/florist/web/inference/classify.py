"""A bounded number of places, and a deadline, around decoding and inference. Knows no Flask.

A request takes a place for its pictures, so that memory and waiting are bounded; when all are taken
it is refused at once. Its pictures are then worked on by one of a few threads. Python
cannot stop a thread, so the deadline is looked at between two steps (a decode, an inference, a
copy) as well as while waiting, and each step is cheap: what is not is done in a process that can be
killed, for which the request's own thread waits, so that cheap pictures find the others free. A
place is free again once the work on its pictures has really ended, however long ago its request was
answered.
"""

import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass, replace
from typing import Final

from prometheus_client import Gauge

from florist.images import ANY, CHEAP, CostlyError, Limits, Price, load_isolated, load_within
from florist.prediction import Predictor, Result
from florist.web.inference.memory import slots_of, threads_of
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


Then = Callable[[File, Result, Limits, Price], None]
"""What is done with a picture that has an answer, at no higher a price; raises `CostlyError`."""

_Steps = Generator[None, None, Answer]
"""The work on a picture: in one of the few threads, after a `yield` in the request's own, after
another one there again."""


class Place:
    """What a request holds while it is worked on."""

    def __init__(self, classifier: "Classifier", predictor: Predictor) -> None:
        self._classifier = classifier
        self.predictor = predictor
        self._begin = 0.0
        self._waited_ms = 0.0
        self._work: Future[None] | None = None

    def classify(
        self, files: Sequence[File], top: int, then: Then | None = None
    ) -> tuple[Answer, ...]:
        """Answer every file, in order; a bad one gets an answer with its error.

        Raises `DeadlineError`.
        """
        self._begin = time.monotonic()
        answers: dict[int, Answer] = {}
        steps = {index: self._steps(file, top, then) for index, file in enumerate(files)}
        while True:
            self._in_pool(steps, answers)
            steps = {index: each for index, each in steps.items() if index not in answers}
            if not steps:
                return tuple(answers[index] for index in range(len(files)))
            self._go_on(steps, answers)

    def _in_pool(self, steps: Mapping[int, _Steps], answers: dict[int, Answer]) -> None:
        # The context carries the id of the request into what the thread logs.
        held = [(copy_context(), steps)]

        def work() -> None:
            context, steps = held.pop()
            context.run(self._go_on, steps, answers)

        self._work = self._classifier.pool.submit(work)
        try:
            self._work.result(timeout=self._seconds_left())
        except TimeoutError as error:
            if self._work.cancel():
                # The pool still has it in its queue: what the request held must not wait there.
                held.clear()
            raise self._too_late() from error

    def _go_on(self, steps: Mapping[int, _Steps], answers: dict[int, Answer]) -> None:
        """Take each picture as far as this thread may."""
        for index, each in steps.items():
            if index in answers:
                continue
            self._seconds_left()
            try:
                next(each)
            except StopIteration as end:
                answers[index] = end.value

    def leave(self, vacate: Callable[[], None]) -> None:
        """Call `vacate` once no thread works on the pictures any more."""
        if self._work is None:
            vacate()
        else:
            self._work.add_done_callback(lambda _: vacate())

    def _steps(self, file: File, top: int, then: Then | None) -> _Steps:
        self._waited_ms = self._waited_ms or (time.monotonic() - self._begin) * 1000
        spec, limits = self.predictor.bundle.manifest.spec, self.predictor.limits
        try:
            decoded = self.predictor.decode(
                file.content, lambda _: load_within(CHEAP, file.content, spec, limits)
            )
        except CostlyError as costly:
            price = costly.price
            yield
            timed = self._until_deadline(limits)
            decoded = self.predictor.decode(
                file.content, lambda _: load_isolated(price, file.content, spec, timed)
            )
            yield
        self._seconds_left()
        result = self.predictor.answer(decoded, top)
        if then is not None and result.error is None:
            try:
                then(file, result, self._until_deadline(limits), CHEAP)
            except CostlyError:
                yield
                then(file, result, self._until_deadline(limits), ANY)
        return Answer(filename=file.filename, result=result, queue_ms=self._waited_ms)

    def _until_deadline(self, limits: Limits) -> Limits:
        return replace(limits, seconds=self._seconds_left())

    def _seconds_left(self) -> float:
        """Return how long there is until the deadline.

        Raises `DeadlineError` where it is over.
        """
        left = self._begin + self._classifier.deadline_s - time.monotonic()
        if left <= 0:
            raise self._too_late()
        return left

    def _too_late(self) -> DeadlineError:
        return DeadlineError(
            f"No answer within {self._classifier.deadline_s:g} s. Try again, with fewer pictures."
        )


class Classifier:
    """Answers pictures with a few threads, while a bounded number of further requests waits."""

    def __init__(self, model: ServedModel, settings: Settings, taken: Gauge) -> None:
        self.model = model
        self.deadline_s = settings.deadline_s
        self.pool = ThreadPoolExecutor(slots_of(settings), thread_name_prefix="classify")
        self._most = threads_of(settings) + settings.queue
        self._lock = threading.Lock()
        self._count = 0
        self._taken = taken

    def require_place(self) -> Predictor:
        """Return the predictor of a place that could be taken now.

        Raises `BusyError` where none is free, `NotReadyError` where there is no model yet.
        """
        predictor = self.model.predictor()
        if self._count >= self._most:
            raise BusyError("Every place is taken. Try again in a second.")
        return predictor

    @contextmanager
    def place(self) -> Iterator[Place]:
        """Take a place, and give it back at the end, or when a late work on it has ended.

        Raises what `require_place` raises.
        """
        with self._lock:
            predictor = self.require_place()
            self._count += 1
        self._taken.inc()
        place = Place(self, predictor)
        try:
            yield place
        finally:
            place.leave(self._vacate)

    def _vacate(self) -> None:
        self._taken.dec()
        with self._lock:
            self._count -= 1
