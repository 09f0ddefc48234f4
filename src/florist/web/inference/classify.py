"""A bounded number of places, and a deadline, around decoding and inference. Knows no Flask.

A request takes a place before its body is read, so that memory and waiting are bounded; when all
are taken it is refused at once. Its pictures are then worked on by one of a few threads. Python
cannot stop a thread, so the deadline is looked at between two steps (a decode, an inference, a
write) as well as while waiting; limits bound each step. A place is free again once the work on its
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

from florist.errors import ImageError
from florist.images import load_picture
from florist.prediction import Prediction, Predictor
from florist.system import cpu_limit
from florist.web.inference.model import ServedModel
from florist.web.problems import BusyError, DeadlineError, ProblemDetail, RefusedError, problem_of
from florist.web.settings import Settings

MAX_TOP_K: Final = 1000


@dataclass(frozen=True)
class File:
    """A picture as it came in. `filename` is only ever shown, never used as a path."""

    filename: str
    content: bytes


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a picture got: predictions, best first, or an error.

    `upload` is the id under which the picture was kept, None where it was not.
    """

    filename: str
    predictions: tuple[Prediction, ...] = ()
    width: int = 0
    height: int = 0
    queue_ms: float = 0
    decode_ms: float = 0
    inference_ms: float = 0
    error: ProblemDetail | None = None
    upload: str | None = None

    @property
    def ms(self) -> float:
        """How long decoding and inference took together."""
        return self.decode_ms + self.inference_ms


# Keeps a picture with its answer, and returns its id; None where it could not be kept.
Keep = Callable[[File, Answer], str | None]


class Place:
    """What a request holds while it is worked on."""

    def __init__(self, classifier: "Classifier", predictor: Predictor) -> None:
        self._classifier = classifier
        self.predictor = predictor
        self._begin = 0.0
        self._work: Future[tuple[Answer, ...]] | None = None

    def classify(
        self, files: Sequence[File], top_k: int, keep: Keep | None = None
    ) -> tuple[Answer, ...]:
        """Answer every file, in order; a bad one gets an answer with its error.

        Raises `DeadlineError`.
        """
        self._begin = time.monotonic()
        # The context carries the id of the request into what the thread logs.
        held = [(copy_context(), files, keep)]

        def work() -> tuple[Answer, ...]:
            context, files, keep = held.pop()
            return context.run(self._answer_all, files, top_k, keep)

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

    def _answer_all(
        self, files: Sequence[File], top_k: int, keep: Keep | None
    ) -> tuple[Answer, ...]:
        waited_ms = (time.monotonic() - self._begin) * 1000
        answers = (self._answer(file, top_k, keep) for file in files)
        return tuple(replace(answer, queue_ms=waited_ms) for answer in answers)

    def _answer(self, file: File, top_k: int, keep: Keep | None) -> Answer:
        self._check()
        try:
            answer = self._predict(file, top_k)
        except ImageError as error:
            return Answer(filename=file.filename, error=problem_of(error))
        if keep is None:
            return answer
        self._check()
        return replace(answer, upload=keep(file, answer))

    def _predict(self, file: File, top_k: int) -> Answer:
        if not file.content:
            problem = RefusedError("empty-picture", "The picture has 0 bytes.").problem
            return Answer(filename=file.filename, error=problem)
        predictor, start = self.predictor, time.perf_counter()
        spec = predictor.bundle.manifest.spec
        picture = load_picture(file.content, spec, self._classifier.limits)
        decoded = time.perf_counter()
        self._check()
        predictions = predictor.rank(predictor.probabilities(picture.pixels), top_k)
        return Answer(
            filename=file.filename,
            predictions=predictions,
            width=picture.width,
            height=picture.height,
            decode_ms=(decoded - start) * 1000,
            inference_ms=(time.perf_counter() - decoded) * 1000,
        )

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
        self.limits = settings.limits
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
