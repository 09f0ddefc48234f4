"""Whether scores are shares of right answers: of those given with 0.9, nine in ten should be right.

Expected calibration error: Guo et al., "On Calibration of Modern Neural Networks" (2017).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from florist import checks

BINS: Final = 15
_DRAWS: Final = 200


@dataclass(frozen=True)
class Bin:
    """The answers with nearly the same score: how many, their mean score, the share of right ones.

    Both shares are 0 where there is none.
    """

    pictures: int
    confidence: float
    accuracy: float


@dataclass(frozen=True, kw_only=True)
class Reliability:
    """How scores and right answers go together, in bins of equal width.

    `floor` is what the error would be, from luck alone, of so many answers whose scores are exactly
    right.
    """

    floor: float
    bins: tuple[Bin, ...]

    @property
    def error(self) -> float:
        """The mean gap between score and share of right answers."""
        gaps = [each.pictures * abs(each.confidence - each.accuracy) for each in self.bins]
        return sum(gaps) / max(1, sum(each.pictures for each in self.bins))

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> "Reliability":
        """Check what JSON held.

        Raises one of `checks.NOT_AS_EXPECTED`.
        """
        return cls(
            floor=checks.share(raw["floor"]),
            bins=tuple(
                Bin(
                    checks.count(each["pictures"]),
                    checks.share(each["confidence"]),
                    checks.share(each["accuracy"]),
                )
                for each in raw["bins"]
            ),
        )


def reliability(scores: NDArray[np.float32], correct: NDArray[np.bool_]) -> Reliability:
    """Compare the scores of answers with which of them are right, both of shape (answers,)."""
    place = np.minimum((scores * BINS).astype(int), BINS - 1)
    pictures, score, right = (
        np.bincount(place, weights=each, minlength=BINS) for each in (None, scores, correct)
    )
    least = np.maximum(pictures, 1)
    rng = np.random.default_rng(0)
    lucky = [_error(place, scores, rng.random(len(scores)) < scores) for _ in range(_DRAWS)]
    return Reliability(
        floor=float(np.mean(lucky)),
        bins=tuple(
            Bin(int(n), min(1.0, float(mean)), float(share))
            for n, mean, share in zip(pictures, score / least, right / least, strict=True)
        ),
    )


def _error(
    place: NDArray[np.int64], scores: NDArray[np.float32], correct: NDArray[np.bool_]
) -> float:
    gaps = np.bincount(place, weights=scores - correct, minlength=BINS)
    return float(np.abs(gaps).sum() / len(scores))
