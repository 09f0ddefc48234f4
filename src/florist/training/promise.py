"""How many answers of a model may be wrong, and what is said of it before and after training."""

from dataclasses import dataclass
from typing import Final

from florist.confidence.refusal import CONFIDENCE, Refusal, enough_for
from florist.confidence.verdict import Judge
from florist.errors import TrainingError
from florist.training.workspace import Job

_EXAMPLE: Final = 0.02
"""The share of errors that a model tells of where nobody asked for one."""


@dataclass(frozen=True, kw_only=True)
class Promise:
    """How many answers may be wrong, and what it takes to keep to that, as a sentence.

    `max_error` is None where nobody said; `curve` is that of the precision that answers by default.
    """

    max_error: float | None
    reason: str
    curve: Refusal


def require_promisable(job: Job) -> None:
    """Raise `TrainingError` where too few pictures are validated for the errors that are allowed.

    How many there are is known before the training.
    """
    asked, pictures = job.config.max_error, len(job.dataset.val)
    if asked is not None and pictures < enough_for(asked):
        raise TrainingError(
            f"That at most {100 * asked:g} % of the answers are wrong (--max-error {asked:g}) "
            f"takes {enough_for(asked):,} validation pictures to promise; there are {pictures}. "
            "Add pictures, or allow more errors."
        )


def promise_of(judge: Judge) -> Promise | None:
    """Return what is said of the errors that are allowed, or of 2 % where nobody said."""
    curve, asked = judge.refusal, judge.max_error
    if curve is None:
        return None
    most = _EXAMPLE if asked is None else asked
    point = curve.keeping(most)
    if point is None:
        reason = (
            f"It cannot promise that at most {100 * most:g} % of its answers are wrong: "
            f"{curve.shortfall(most)}."
        )
        if asked is not None:
            reason += " So it is unsure of every picture."
    else:
        would = "would answer" if asked is None else "answers"
        reason = (
            f"With `--max-error {most:g}` it {would} {point.answered:.0%} of pictures like its "
            f"{curve.pictures} validation pictures, those with a score of {point.least:.3f} or "
            f"more; of these answers at most {point.bound:.1%} are wrong, with {CONFIDENCE:.0%} "
            "confidence."
        )
    return Promise(max_error=asked, reason=reason, curve=curve)
