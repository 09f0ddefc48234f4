"""What is made of a score and a familiarity: an answer, a doubt, or "none of these"."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from florist import checks
from florist.confidence.familiarity import Embeddings, Familiarity
from florist.confidence.refusal import Refusal, Validated, refusal

Verdict = Literal["answer", "unsure", "none"]
VERDICTS: Final[tuple[Verdict, ...]] = get_args(Verdict)

NONE: Final = 0.05
"""The share of familiar pictures that may be taken for none of the classes."""
MOST_NONE: Final = 0.5
LEAST_MAX_ERROR: Final = 0.0001
"""To promise fewer errors would take more than 23,000 validation pictures, all of them right."""

LEAST: Final = 0.5
"""The lowest score that is an answer where nobody says how many may be wrong."""


@dataclass(frozen=True, kw_only=True)
class Judge:
    """What one network's answers are judged by.

    Without `familiarity` nothing is ever none of the classes. `precision` is that of the network;
    a picture is none of them where fewer than `none` of all familiar ones look as strange.
    `validated` says by precision what the network knew of pictures that it was not trained on;
    `max_error` is the share of answers that may be wrong.
    """

    familiarity: Familiarity | None = None
    validated: Mapping[str, Validated] = field(default_factory=dict)
    precision: str = "float32"
    none: float = NONE
    max_error: float | None = None

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
        return verdict_of(float(probabilities.max()), self.least), familiar

    @cached_property
    def refusal(self) -> Refusal | None:
        """What comes of each score, where that was validated."""
        found = self.validated.get(self.precision)
        return None if found is None else refusal(found, self.none)

    @cached_property
    def least(self) -> float:
        """The lowest score that is an answer; infinite where none keeps the errors low enough."""
        if self.max_error is None:
            return LEAST
        point = self.refusal and self.refusal.keeping(self.max_error)
        return point.least if point else np.inf


def verdict_of(best: float, least: float = LEAST) -> Verdict:
    """Return what a best score is worth, where an answer takes a score of `least`."""
    return "unsure" if best < least else "answer"


@dataclass(frozen=True, kw_only=True)
class Verdicts:
    """How many pictures got which verdict, and how many of the answers are `right`."""

    answer: int
    unsure: int
    none: int
    right: int

    @property
    def pictures(self) -> int:
        """How many there are."""
        return self.answer + self.unsure + self.none

    @property
    def summary(self) -> str:
        """A sentence on what is answered, and how well."""
        said = f"Answers {self.answer / self.pictures:.1%} of {self.pictures} pictures"
        if self.answer:
            said += f", right on {self.right / self.answer:.1%} of those"
        return f"{said}; unsure of {self.unsure}, none of these {self.none}."

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> "Verdicts":
        """Check what JSON held.

        Raises one of `checks.NOT_AS_EXPECTED`.
        """
        return cls(**{name: checks.count(raw[name]) for name in (*VERDICTS, "right")})


def count_verdicts(verdicts: Sequence[Verdict], correct: NDArray[np.bool_]) -> Verdicts:
    """Count the verdicts on pictures, and which answers are right, `correct` of (pictures,)."""
    right = sum(bool(ok) for each, ok in zip(verdicts, correct, strict=True) if each == "answer")
    return Verdicts(**{name: verdicts.count(name) for name in VERDICTS}, right=right)
