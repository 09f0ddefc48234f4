"""Which classes a picture may show, such that the right one is among them as often as is asked.

Least ambiguous set-valued classification: Sadinle, Lei & Wasserman, "Least Ambiguous Set-Valued
Classifiers with Bounded Error Levels" (2019). A set is never empty, as in Romano, Sesia & Candès,
"Classification with Valid and Adaptive Coverage" (2020).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

LEAST_COVERAGE: Final = 0.5
MOST_COVERAGE: Final = 0.99
"""How often the right class is in a set at most: 99 pictures know no more."""


@dataclass(frozen=True)
class LabelSets:
    """The sets of a model: all classes whose score is `least` or more, or else the best one."""

    least: float
    classes: Sequence[str]

    def of(self, probabilities: NDArray[np.float32]) -> tuple[str, ...]:
        """Return the classes that a picture may show, most probable first."""
        order = np.argsort(-probabilities, kind="stable").tolist()
        likely = [index for index in order if probabilities[index] >= self.least]
        return tuple(self.classes[index] for index in likely or order[:1])


def least_score(truth: NDArray[np.float32], coverage: float) -> float:
    """Return the score that the right class of another picture has as often as `coverage` says.

    `truth` has the right classes' scores of (pictures,) that were not trained on.

    Raises `ValueError` where so few pictures do not know.
    """
    rank = len(truth) + 1 - math.ceil(coverage * (len(truth) + 1) - 1e-9)
    if rank < 1:
        raise ValueError(f"{len(truth)} pictures do not know what covers {coverage}")
    return float(np.sort(truth)[rank - 1])
