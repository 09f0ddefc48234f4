"""Why a model answers as it does: where it looked, and which training pictures are most similar."""

from dataclasses import dataclass, field, fields
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from florist.bundle import TRUST, Bundle
from florist.confidence.explanation import Head, heat_of
from florist.engine import (
    EMBEDDING,
    FEATURE_MAP,
    LOGITS,
    Outputs,
    dense_layers,
    load_engine,
    require_feed_forward,
)
from florist.errors import BundleError, printable
from florist.images import ImageSpec, centre, overlay
from florist.judging import read_bank
from florist.pictures import SmallPicture, read_pictures
from florist.prediction import Predictor
from florist.result import Result

_SIMILAR: Final = 5


@dataclass(frozen=True)
class Similar:
    """A training picture, and how similar another one is to it, 0 to 1."""

    picture: SmallPicture
    similarity: float


@dataclass(frozen=True, kw_only=True)
class Explanation(Result):
    """A result, and why its best class is the best one.

    `heat` says what each place of what the model saw adds to the log-odds of that class beyond the
    mean of all places, at least 0, (height, width); `spec` is how the picture was fitted into what
    it saw. `similar` are training pictures, the most similar first.
    """

    heat: NDArray[np.float32] = field(repr=False, compare=False)
    spec: ImageSpec
    similar: tuple[Similar, ...] = ()

    def overlay(self) -> bytes:
        """Return a PNG to lay over the picture, a veil that is thin where the heat is large."""
        return overlay(self.heat, self.spec.fit, (self.width, self.height))

    def centre(self) -> tuple[float, float]:
        """Return where the heat lies on average, as shares of the picture's width and height."""
        return centre(self.heat, self.spec.fit, (self.width, self.height))

    def to_dict(self) -> dict[str, Any]:
        """Return the result and its reasons as JSON tells them, without pictures."""
        return super().to_dict() | {
            "map": [[round(float(each), 4) for each in row] for row in self.heat],
            "similar": [
                {"label": each.picture.label, "similarity": round(each.similarity, 4)}
                for each in self.similar
            ],
        }


class Explainer(Predictor):
    """A predictor whose results say why. Its network answers with its feature map, too."""

    def __init__(self, predictor: Predictor) -> None:
        """Load the network of a predictor anew, which takes as long and as much memory.

        Raises `BundleError` where the model folder does not say why.
        """
        bundle = predictor.bundle
        if not explains(predictor):
            raise _unexplained(bundle, "its network answers with probabilities alone")
        self.head = _head_of(bundle)
        engine = load_engine(bundle, predictor.engine.runtime, also=(FEATURE_MAP,))
        super().__init__(bundle, engine, predictor.limits, predictor.judge)
        size = bundle.manifest.spec.size
        found = self.outputs(np.zeros((size, size, 3), np.uint8))[FEATURE_MAP]
        if found.ndim != 4 or found.shape[-1] != self.head.channels:
            raise _unexplained(bundle, f"its feature map is of shape {found.shape}")
        self._bank = read_bank(bundle)
        if self._bank is not None and self._bank.mean.shape != (self.head.channels,):
            raise _unexplained(bundle, f"{TRUST} is of another network")
        rows = range(len(self._bank.pictures) if self._bank else 0)
        self._known = [each for each in read_pictures(bundle) if each.row in rows]
        self._rows = np.array([each.row for each in self._known], np.int64)

    def judged(self, outputs: Outputs, top: int) -> Explanation:
        """Return what comes of all that the network answers to one picture, and why."""
        result = super().judged(outputs, top)
        best = self.classes.index(result.predictions[0].label)
        told = {each.name: getattr(result, each.name) for each in fields(result)}
        return Explanation(
            **told,
            heat=heat_of(outputs[FEATURE_MAP][0], self.head, best),
            spec=self.bundle.manifest.spec,
            similar=self._similar(outputs),
        )

    def _similar(self, outputs: Outputs) -> tuple[Similar, ...]:
        if self._bank is None or not self._known:
            return ()
        (every,) = self._bank.similarities(outputs[EMBEDDING])
        similarities = every[self._rows]
        best = np.argsort(-similarities, kind="stable")[:_SIMILAR]
        return tuple(Similar(self._known[i], float(similarities[i])) for i in best)


def explains(predictor: Predictor) -> bool:
    """Return whether a model's network tells what an explanation is made of."""
    return {EMBEDDING, LOGITS} <= {*predictor.engine.names}


def _head_of(bundle: Bundle) -> Head:
    """Read the head out of the network in 32 bits; it is the same in both."""
    network = bundle.network("float32")
    content = bundle.read(network.name)
    require_feed_forward(content, printable(network))
    try:
        head = Head(layers=dense_layers(content))
    except ValueError as error:
        raise _unexplained(bundle, str(error)) from error
    if head.classes != len(bundle.manifest.classes):
        raise _unexplained(bundle, f"its last layer has {head.classes} outputs")
    return head


def _unexplained(bundle: Bundle, reason: str) -> BundleError:
    return BundleError(
        f"{printable(bundle.path)} cannot say why it answers as it does: {reason}. Train it again."
    )
