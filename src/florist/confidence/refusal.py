"""How many pictures a network answers, and how often it is wrong on those, by the score it takes.

Selective classification: Geifman & El-Yaniv, "Selective Classification for Deep Neural Networks"
(2017). The bound is the one of Clopper & Pearson, "The Use of Confidence or Fiducial Limits"
(1934).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from florist import checks
from florist.confidence.familiarity import ENOUGH

CONFIDENCE: Final = 0.9
"""How sure it is that errors stay below their bound."""

LEVELS: Final = (0.001, 0.002, 0.005, *(round(0.01 * each, 2) for each in range(1, 51)))
"""The shares of errors that people choose from."""

_STEPS: Final = 100
_HALVINGS: Final = 30


@dataclass(frozen=True, kw_only=True, eq=False)
class Validated:
    """What a network said of pictures that it was not trained on, each array of shape (pictures,).

    `best` is the score of its answer, `truth` that of the right one, `familiarity` how familiar the
    picture looks.
    """

    best: NDArray[np.float32]
    truth: NDArray[np.float32]
    familiarity: NDArray[np.float32]

    def __post_init__(self) -> None:
        """Refuse what cannot be.

        Raises `ValueError`.
        """
        if not len(self.best) == len(self.truth) == len(self.familiarity) > 0:
            raise ValueError("what was validated are arrays of different sizes")
        shares = np.concatenate([self.best, self.truth, self.familiarity])
        if not ((shares >= 0) & (shares <= 1)).all() or (self.truth > self.best).any():
            raise ValueError("what was validated has scores that cannot be")


@dataclass(frozen=True, kw_only=True)
class Point:
    """What comes of answering from a score of `least` on.

    `answered` is the share of all pictures, `error` that of wrong ones among those; it is below
    `bound` for others, too, with a confidence of `CONFIDENCE`.
    """

    least: float
    answered: float
    error: float
    bound: float


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """The points that `pictures` pictures show, fewest answers first."""

    pictures: int
    points: tuple[Point, ...]

    def keeping(self, max_error: float) -> Point | None:
        """Return the point of the most answers whose errors stay below a share, if there is one."""
        return next((each for each in reversed(self.points) if each.bound <= max_error), None)

    @property
    def promises(self) -> list[tuple[float, Point]]:
        """What there is to choose from, strictest first: the lowest share that a point keeps to."""
        found: dict[Point, float] = {}
        for level in LEVELS:
            if point := self.keeping(level):
                found.setdefault(point, level)
        return [(level, point) for point, level in found.items()]

    def shortfall(self, max_error: float) -> str:
        """Return why no point keeps the errors below a share."""
        needed = enough_for(max_error)
        if self.pictures < needed:
            there = f"there are {self.pictures}"
            return f"{needed:,} validation pictures, all of them right, could; {there}"
        lowest = min((each.bound for each in self.points), default=1.0)
        return (
            f"at best, {self.pictures} validation pictures show with {CONFIDENCE:.0%} confidence "
            f"that at most {lowest:.1%} are wrong"
        )

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> "Refusal":
        """Check what JSON held.

        Raises one of `checks.NOT_AS_EXPECTED`.
        """
        names = ("least", "answered", "error", "bound")
        points = [{name: checks.share(each[name]) for name in names} for each in raw["points"]]
        return cls(
            pictures=checks.count(raw["pictures"], 1),
            points=tuple(Point(**each) for each in points),
        )


def refusal(found: Validated, none: float) -> Refusal:
    """Measure what comes of each score, at every hundredth of all pictures.

    A picture that is less familiar than `none` has no answer whatever its score.
    """
    known = found.familiarity >= none
    best, wrong = found.best[known], found.truth[known] < found.best[known]
    pictures, points = len(found.best), []
    descending = np.sort(best)[::-1]
    places = {round(pictures * step / _STEPS) for step in range(1, _STEPS + 1)}
    # Equal scores have one answer, so a score has one point.
    for least in sorted({float(descending[p - 1]) for p in places if 1 <= p <= len(best)})[::-1]:
        answers = best >= least
        total, errors = int(answers.sum()), int(wrong[answers].sum())
        points.append(
            Point(
                least=least,
                answered=total / pictures,
                error=errors / total,
                bound=upper_bound(errors, total),
            )
        )
    return Refusal(pictures=pictures, points=tuple(points))


def enough_for(max_error: float) -> int:
    """Return how many pictures it takes, all of them right, to promise so few errors."""
    if max_error >= 1:
        return ENOUGH
    return max(ENOUGH, math.ceil(math.log(1 - CONFIDENCE) / math.log1p(-max_error)))


@cache
def upper_bound(wrong: int, total: int) -> float:
    """Return the share of errors that would make so few of them a matter of luck.

    One in ten times and less, that is, by `CONFIDENCE`. The binomial sum has no inverse in closed
    form; it is bisected.
    """
    if wrong >= total:
        return 1.0
    counts = np.arange(wrong + 1)
    more = np.arange(1, wrong + 1)
    ways = np.concatenate([[0.0], np.cumsum(np.log((total - more + 1) / more))])
    low, high = wrong / total, 1.0
    for _ in range(_HALVINGS):
        rate = (low + high) / 2
        logs = ways + counts * math.log(rate) + (total - counts) * math.log1p(-rate)
        if np.exp(logs).sum() > 1 - CONFIDENCE:
            low = rate
        else:
            high = rate
    return high
