"""Pictures in, labels out: what the command line, the web app and `florist.load` all use."""

import os
from dataclasses import dataclass
from typing import Final

import numpy as np

from florist.bundle import Bundle, read_bundle
from florist.engine import (
    DEFAULT_RUNTIME,
    Engine,
    Probabilities,
    Runtime,
    load_engine,
)
from florist.images import DEFAULT_LIMITS, RGB, Limits, Source, load_picture

DEFAULT_TOP_K: Final = 3


@dataclass(frozen=True)
class Prediction:
    """A class and its probability, 0 to 1."""

    label: str
    score: float


class Predictor:
    """A loaded model. Safe to use from several threads."""

    def __init__(self, bundle: Bundle, engine: Engine, limits: Limits = DEFAULT_LIMITS) -> None:
        self.bundle = bundle
        self.engine = engine
        self.limits = limits

    @property
    def classes(self) -> tuple[str, ...]:
        """The labels, in the order of the probabilities."""
        return self.bundle.manifest.classes

    def predict(self, source: Source, top_k: int = DEFAULT_TOP_K) -> tuple[Prediction, ...]:
        """Return the `top_k` most probable classes of a picture (a path, or its bytes), best first.

        Raises `ImageError` where the picture cannot be used, `OSError` where its file cannot be
        read.
        """
        picture = load_picture(source, self.bundle.manifest.spec, self.limits)
        return self.rank(self.probabilities(picture.pixels), top_k)

    def probabilities(self, pixels: RGB) -> Probabilities:
        """Return the probability of each class for one picture of shape (size, size, 3).

        Pictures go through one at a time: a batch would let the last bits of an answer depend on
        the picture's neighbours.
        """
        (row,) = self.engine(pixels[np.newaxis])
        return np.asarray(row, np.float32)

    def rank(self, probabilities: Probabilities, top_k: int) -> tuple[Prediction, ...]:
        """Return the `top_k` classes of the highest probability, best first."""
        best = np.argsort(-probabilities, kind="stable")[:top_k]
        return tuple(Prediction(self.classes[i], float(probabilities[i])) for i in best)


def load(
    model: str | os.PathLike[str] = "output",
    runtime: Runtime = DEFAULT_RUNTIME,
    limits: Limits = DEFAULT_LIMITS,
) -> Predictor:
    """Load a model folder, ready to predict.

    Raises `BundleError` where the folder is no whole model folder, `EngineError` where the runtime
    cannot run it.
    """
    bundle = read_bundle(model)
    return Predictor(bundle, load_engine(bundle, runtime), limits)
