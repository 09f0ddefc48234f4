"""Pictures in, labels out: what the command line, the web app and `florist.load` all use."""

import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from florist.bundle import Bundle, read_bundle
from florist.confidence.sets import LabelSets
from florist.confidence.verdict import Judge
from florist.engine import (
    DEFAULT_RUNTIME,
    PROBABILITIES,
    Engine,
    Outputs,
    Probabilities,
    Runtime,
    load_engine,
)
from florist.errors import EngineError, ImageError, printable
from florist.images import DEFAULT_LIMITS, RGB, ImageSource, Limits, Picture, load_picture
from florist.judging import judge_of, label_sets
from florist.parallel import in_order
from florist.result import Failure, Prediction, Result

__all__ = [
    "DEFAULT_TOP",
    "Decoded",
    "Failure",
    "Prediction",
    "Predictor",
    "Result",
    "answer_of",
    "load",
]

DEFAULT_TOP: Final = 3


@dataclass(frozen=True, kw_only=True)
class Decoded:
    """A picture, or why there is none, and how long that took."""

    picture: Picture | None = None
    error: Failure | None = None
    ms: float = 0.0


_WITHOUT_TRUST: Final = Judge()


class Predictor:
    """A loaded model. Safe to use from several threads."""

    def __init__(
        self,
        bundle: Bundle,
        engine: Engine,
        limits: Limits = DEFAULT_LIMITS,
        judge: Judge = _WITHOUT_TRUST,
    ) -> None:
        self.bundle = bundle
        self.engine = engine
        self.limits = limits
        self.judge = judge

    @property
    def classes(self) -> tuple[str, ...]:
        """The labels, in the order of the probabilities."""
        return self.bundle.manifest.classes

    def predict(self, source: ImageSource, top: int = DEFAULT_TOP) -> tuple[Prediction, ...]:
        """Return the `top` most probable classes of a picture, best first.

        Raises `ImageError` where the picture cannot be used, `OSError` where its file cannot be
        read, `TypeError` where `source` is nothing that holds a picture.
        """
        return self.rank(self.probabilities(self._load(source).pixels), top)

    def predict_many(
        self, sources: Iterable[ImageSource], top: int = DEFAULT_TOP
    ) -> Iterator[Result]:
        """Yield the result of each picture, in order; a bad one gets a result with its error.

        Uses all CPUs, and looks only a few pictures ahead: there may be any number of them.
        """
        return in_order(lambda source: self.result(source, top), sources)

    def result(self, source: ImageSource, top: int = DEFAULT_TOP) -> Result:
        """Return what `predict` does, or the error of a bad picture, and how long it took."""
        return self.answer(self.decode(source), top)

    def decode(
        self, source: ImageSource, load: Callable[[ImageSource], Picture] | None = None
    ) -> Decoded:
        """Return what the model is to see, by default loaded as `predict` does it."""
        start = time.perf_counter()
        try:
            picture = (load or self._load)(source)
        except (ImageError, OSError) as error:
            return Decoded(error=Failure.of(error))
        return Decoded(picture=picture, ms=(time.perf_counter() - start) * 1000)

    def answer(self, decoded: Decoded, top: int = DEFAULT_TOP) -> Result:
        """Return what the model says of a picture, or why there is none."""
        picture = decoded.picture
        if picture is None:
            return Result(error=decoded.error)
        start = time.perf_counter()
        result = self.judged(self.outputs(picture.pixels), top)
        return replace(
            result,
            width=picture.width,
            height=picture.height,
            decode_ms=decoded.ms,
            inference_ms=(time.perf_counter() - start) * 1000,
        )

    def judged(self, outputs: Outputs, top: int) -> Result:
        """Return what comes of all that the network answers to one picture."""
        probabilities = outputs[PROBABILITIES][0]
        verdict, familiarity = self.judge.judge(probabilities, outputs)
        return Result(
            predictions=self.rank(probabilities, top),
            probabilities=probabilities,
            verdict=verdict,
            familiarity=familiarity,
        )

    def _load(self, source: ImageSource) -> Picture:
        return load_picture(source, self.bundle.manifest.spec, self.limits)

    def probabilities(self, pixels: RGB) -> Probabilities:
        """Return the probability of each class for one picture of shape (size, size, 3).

        Raises `EngineError` where the network answers with numbers that are none (NaN).
        """
        return np.asarray(self.outputs(pixels)[PROBABILITIES][0], np.float32)

    def outputs(self, pixels: RGB) -> Outputs:
        """Return all that the network answers to one picture, each of shape (1, ...).

        Pictures go through one at a time: a batch would let the last bits of an answer depend on
        the picture's neighbours.

        Raises `EngineError` where the network answers with numbers that are none (NaN).
        """
        outputs = self.engine.run(pixels[np.newaxis])
        if not np.isfinite(outputs[PROBABILITIES]).all():
            raise EngineError(
                f"{printable(self.bundle.path)} answers a picture with numbers that are none (NaN)."
                " Train it again."
            )
        return outputs

    def rank(self, probabilities: Probabilities, top: int) -> tuple[Prediction, ...]:
        """Return the `top` classes of the highest probability, best first.

        Raises `ValueError` where `top` is less than 1.
        """
        if top < 1:
            raise ValueError(f"top is {top}; it has to be 1 or more.")
        best = np.argsort(-probabilities, kind="stable")[:top]
        return tuple(Prediction(self.classes[i], float(probabilities[i])) for i in best)

    def label_sets(self, coverage: float) -> LabelSets:
        """Return what names all classes that a picture may show, in the share `coverage` of cases.

        Raises `BundleError` where the model does not know.
        """
        return label_sets(self.judge, self.bundle, coverage)

    def to_dict(self) -> dict[str, str]:
        """Return what names the model, as JSON tells it."""
        return {"name": self.bundle.manifest.name, "digest": self.bundle.digest}


def answer_of(
    predictor: Predictor, results: Iterable[tuple[str, Result]], sets: LabelSets | None = None
) -> dict[str, Any]:
    """Return as JSON tells it what a model said of pictures, each with the name of its file.

    It has this one shape on the command line and over HTTP; with `sets` each has its set, too.
    """
    entries = [{"filename": name} | _told(result, sets) for name, result in results]
    return {"model": predictor.to_dict(), "predictions": entries}


def _told(result: Result, sets: LabelSets | None) -> dict[str, Any]:
    if sets is None or result.probabilities is None:
        return result.to_dict()
    return result.to_dict() | {"set": sets.of(result.probabilities)}


def load(
    model: str | os.PathLike[str] = "output",
    runtime: Runtime = DEFAULT_RUNTIME,
    limits: Limits = DEFAULT_LIMITS,
    none: float | None = None,
    max_error: float | None = None,
) -> Predictor:
    """Load a model folder, ready to predict.

    `none` is the share of pictures like those trained on that may be taken for none of the classes,
    `max_error` the share of answers that may be wrong; by default what training was told.

    Raises `BundleError` where the folder is no whole model folder, or cannot promise so few errors,
    `EngineError` where the runtime cannot run it.
    """
    bundle = read_bundle(model)
    engine = load_engine(bundle, runtime)
    return Predictor(bundle, engine, limits, judge_of(bundle, engine, none, max_error))
