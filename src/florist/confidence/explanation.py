"""Where in a picture an answer comes from.

A feature map is averaged over its places, and dense layers make logits of the mean. So how much a
place adds to an answer is the gradient times what is there, which has a closed form. It is Grad-CAM
(Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based
Localization", 2017) with the sum over channels taken at each place: HiResCAM (Draelos & Carin, "Use
HiResCAM instead of Grad-CAM for faithful explanations of convolutional neural networks", 2020); for
a mean, both are the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, eq=False)
class Head:
    """One or two dense layers behind the mean, each as weights and biases; ReLU between them."""

    layers: Sequence[tuple[Floats, Floats]]

    def __post_init__(self) -> None:
        """Refuse what does not belong together.

        Raises `ValueError`.
        """
        if len(self.layers) not in {1, 2}:
            raise ValueError(f"{len(self.layers)} dense layers, where one or two are expected")
        sizes = [weights.shape for weights, _ in self.layers]
        if any(
            len(size) != 2 or biases.shape != size[1:]
            for size, (_, biases) in zip(sizes, self.layers, strict=True)
        ):
            raise ValueError("a layer's weights and biases are of different sizes")
        if any(before[1] != after[0] for before, after in pairwise(sizes)):
            raise ValueError("its layers are of different sizes")
        if not all(np.isfinite(each).all() for layer in self.layers for each in layer):
            raise ValueError("its layers have numbers that are none")

    @property
    def channels(self) -> int:
        """How many numbers the mean has."""
        return int(self.layers[0][0].shape[0])

    @property
    def classes(self) -> int:
        """How many logits it makes."""
        return int(self.layers[-1][0].shape[1])


def heat_of(feature_map: Floats, head: Head, chosen: int) -> Floats:
    """Return what each place adds to the log-odds of a class, beyond the mean of all places.

    It is at least 0, (height, width): what all places have in common speaks of none of them.
    `feature_map` is (height, width, channels). With A of it, h the hidden layer before its ReLU and
    q the probabilities of the other classes among themselves, it is

        relu(A · g - mean(A · g)) / places,  g = W1 ((W2[:, chosen] - W2 q) ∘ [h > 0])

    Log-odds, log(p / (1 - p)), rather than log p: that goes blank where p is nearly 1.
    """
    values = feature_map.mean(axis=(0, 1))
    masks = []
    for weights, biases in head.layers[:-1]:
        hidden = _forward(values, weights) + biases
        masks.append(hidden > 0)
        values = np.maximum(hidden, 0)
    weights, biases = head.layers[-1]
    logits = _forward(values, weights) + biases
    others = np.where(np.arange(len(logits)) == chosen, -np.inf, logits)
    powers = np.exp(others - others.max())
    slope = weights[:, chosen] - _back(weights, powers / powers.sum())
    for (before, _), mask in zip(head.layers[:-1], masks, strict=True):
        slope = _back(before, slope * mask)
    height, width = feature_map.shape[:2]
    found = np.einsum("hwc,c->hw", feature_map, slope)
    return np.asarray(np.maximum(found - found.mean(), 0) / (height * width), np.float32)


# No `@`: the threads of NumPy's BLAS wait for each other, and all CPUs are busy where an engine
# computes beside it. That made 0.1 ms into 70.


def _forward(values: Floats, weights: Floats) -> Floats:
    return np.asarray(np.einsum("i,ij->j", values, weights))


def _back(weights: Floats, slope: Floats) -> Floats:
    return np.asarray(np.einsum("ij,j->i", weights, slope))
