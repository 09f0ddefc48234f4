"""Whether a picture is one of those that a model was made for, or something that it never saw.

The distances to the training pictures in two embeddings, one after the other standardised on
pictures that were not trained on, are added: the later one knows what things are, the earlier one
what pictures look like (Lee et al., "A Simple Unified Framework for Detecting Out-of-Distribution
Samples", 2018, adds layers). How rare a sum is among those pictures is a conformal p-value, which
keeps its promise whatever the distances are (Bates et al., "Testing for Outliers with Conformal
p-values", 2023).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from florist.confidence.bank import Bank, Floats, bank_of

NEIGHBOURS: Final = 1
"""A class that was left out is told from the others better by the nearest than by the tenth."""
OLDER_NEIGHBOURS: Final = 10
"""What it was where nothing says how many."""

ENOUGH: Final = 100
"""How many pictures it takes: of 100, the five strangest are the threshold at 5 %."""

Embeddings = Mapping[str, Floats]
"""By the name of the network's output, each of shape (pictures, channels)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Scale:
    """How strange the pictures were that were not trained on, in one precision of the network.

    `centre` and `spread` are the mean and the deviation of their distances, one for each bank;
    `scores` are their sums, ascending.
    """

    centre: NDArray[np.float32]
    spread: NDArray[np.float32]
    scores: NDArray[np.float32]

    def __post_init__(self) -> None:
        """Refuse what cannot be.

        Raises `ValueError`.
        """
        numbers = np.concatenate([self.centre, self.spread, self.scores])
        if not np.isfinite(numbers).all() or not (self.spread > 0).all():
            raise ValueError("a scale has numbers that cannot be")
        if len(self.scores) < 1 or (np.diff(self.scores) < 0).any():
            raise ValueError("a scale has no scores, or they do not ascend")


@dataclass(frozen=True, kw_only=True, eq=False)
class Familiarity:
    """What says how familiar a picture looks: a bank for each embedding, a scale a precision.

    A distance is that of the last of so many `neighbours`.
    """

    banks: Mapping[str, Bank]
    scales: Mapping[str, Scale] = field(default_factory=dict)
    neighbours: int = NEIGHBOURS

    def __post_init__(self) -> None:
        """Refuse banks and scales of different numbers.

        Raises `ValueError`.
        """
        if self.neighbours < 1:
            raise ValueError("its neighbours are none")
        for each in self.scales.values():
            if not len(each.centre) == len(each.spread) == len(self.banks) > 0:
                raise ValueError("its banks and scales are of different numbers")

    def distances(self, embeddings: Embeddings) -> Floats:
        """Return the distance of each picture in each embedding, (pictures, banks)."""
        banks, count = self.banks.items(), self.neighbours
        return np.stack([bank.distances(embeddings[name], count) for name, bank in banks], axis=1)

    def p_values(self, embeddings: Embeddings, precision: str) -> NDArray[np.float64]:
        """Return, for each picture, how many in a hundred familiar ones look at least as strange.

        As a share; it is never 0, as the picture itself is counted with them.
        """
        scale = self.scales[precision]
        scores = _sums(self.distances(embeddings), scale.centre, scale.spread)
        stranger = len(scale.scores) - np.searchsorted(scale.scores, scores)
        return np.asarray((1 + stranger) / (1 + len(scale.scores)))


def familiarity_of(trained: Embeddings, others: Mapping[str, Embeddings]) -> Familiarity:
    """Fit with embeddings of training pictures, and of others by precision.

    The others were not trained on; what is said of a picture is as rare as it was among them.
    """
    known = Familiarity(banks={name: bank_of(found) for name, found in trained.items()})
    scales = {}
    for precision, embeddings in others.items():
        distances = known.distances(embeddings)
        centre = distances.mean(axis=0)
        spread = np.maximum(distances.std(axis=0), np.finfo(np.float32).tiny)
        scores = np.sort(_sums(distances, centre, spread))
        scales[precision] = Scale(centre=centre, spread=spread, scores=scores)
    return Familiarity(banks=known.banks, scales=scales)


def _sums(distances: Floats, centre: Floats, spread: Floats) -> Floats:
    return np.asarray(((distances - centre) / spread).sum(axis=1), np.float32)
