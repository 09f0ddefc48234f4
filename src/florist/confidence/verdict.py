"""What is made of a score and a familiarity: an answer, a doubt, or "none of these"."""

from dataclasses import dataclass
from typing import Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from florist.confidence.familiarity import Embeddings, Familiarity

Verdict = Literal["answer", "unsure", "none"]
VERDICTS: Final[tuple[Verdict, ...]] = get_args(Verdict)

NONE: Final = 0.05
"""The share of familiar pictures that may be taken for none of the classes."""
MOST_NONE: Final = 0.5


@dataclass(frozen=True, kw_only=True)
class Judge:
    """What one network's answers are judged by.

    Without `familiarity` nothing is ever none of the classes. `precision` is that of the network;
    a picture is none of them where fewer than `none` of all familiar ones look as strange.
    """

    familiarity: Familiarity | None = None
    precision: str = "float32"
    none: float = NONE

    def judge(
        self, probabilities: NDArray[np.float32], embeddings: Embeddings
    ) -> tuple[Verdict, float | None]:
        """Return the verdict on one picture, and how familiar it is where that is known.

        `embeddings` are those of the picture alone, each of shape (1, channels).
        """
        familiar = None
        if self.familiarity is not None:
            (familiar,) = map(float, self.familiarity.p_values(embeddings, self.precision))
        if familiar is not None and familiar < self.none:
            return "none", familiar
        return verdict_of(float(probabilities.max())), familiar


def verdict_of(best: float) -> Verdict:
    """Return what a best score is worth: whether it is less than that of all others together."""
    return "unsure" if best < 0.5 else "answer"
