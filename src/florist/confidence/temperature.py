"""One number that all logits are divided by, so that a score is the share of right answers.

Temperature scaling: Guo et al., "On Calibration of Modern Neural Networks" (2017).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Logits = NDArray[np.float32]
"""(pictures, classes): what a softmax makes probabilities of; only their differences count."""
Labels = NDArray[np.int64]

ENOUGH: Final = 100
"""How many pictures it takes: of 100, some ten are wrong, and those are what it is known from."""

_LEAST: Final = 0.5
"""Where every picture is right, no temperature is low enough; a bound is."""
_MOST: Final = 20.0
_FOLDS: Final = 10


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """What the logits are divided by, and why as a sentence.

    `raw` and `calibrated` are the log losses of `pictures` pictures before and after, where the
    temperature that each one gets was fitted without it; None with too few pictures.
    """

    temperature: float
    reason: str
    pictures: int
    raw: float | None = None
    calibrated: float | None = None


def calibrate(logits: Logits, labels: Labels) -> Calibration:
    """Fit a temperature, and keep it only where it makes the log loss of others lower."""
    pictures = len(labels)
    if pictures < ENOUGH:
        return Calibration(
            temperature=1.0,
            pictures=pictures,
            reason=f"{pictures} validation pictures cannot show how far its scores are off; it "
            f"takes {ENOUGH}: they are not calibrated.",
        )
    raw, calibrated = log_loss(logits, labels), _cross_fitted_loss(logits, labels)
    better = calibrated < raw
    temperature = fit_temperature(logits, labels) if better else 1.0
    said = f"Its scores are calibrated with a temperature of {temperature:.2f}"
    return Calibration(
        temperature=temperature,
        reason=f"{said if better else 'Its scores are as they are'}: on {pictures} validation "
        f"pictures the log loss is {raw:.3f} without a temperature, {calibrated:.3f} with one that "
        "was fitted on others.",
        pictures=pictures,
        raw=raw,
        calibrated=calibrated,
    )


def fit_temperature(logits: Logits, labels: Labels) -> float:
    """Return the temperature of the lowest log loss, by bisection: in 1/T the loss is convex."""
    low, high = np.log(1 / _MOST), np.log(1 / _LEAST)
    for _ in range(40):
        middle = (low + high) / 2
        # The slope of the loss in 1/T: how far the expected logit lies above that of the label.
        expected = (softmax(logits * np.exp(middle)) * logits).sum(axis=1)
        if (expected - _of_label(logits, labels)).mean() > 0:
            high = middle
        else:
            low = middle
    return float(np.exp(-(low + high) / 2))


def log_loss(logits: Logits, labels: Labels) -> float:
    """Return the mean of -log p of what the pictures really show (negative log likelihood)."""
    return float(-np.log(np.maximum(_of_label(softmax(logits), labels), 1e-30)).mean())


def softmax(logits: Logits) -> NDArray[np.float64]:
    """Return probabilities of the shape of the logits."""
    powers = np.exp(np.float64(logits) - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def _cross_fitted_loss(logits: Logits, labels: Labels) -> float:
    """Return the log loss where each picture's temperature comes from the other folds.

    Neighbours in a list that is sorted by class go to different folds.
    """
    fold = np.arange(len(labels)) % _FOLDS
    scaled = np.empty_like(logits)
    for each in range(_FOLDS):
        here = fold == each
        scaled[here] = logits[here] / fit_temperature(logits[~here], labels[~here])
    return log_loss(scaled, labels)


def _of_label(values: NDArray[np.floating], labels: Labels) -> NDArray[np.floating]:
    return values[np.arange(len(labels)), labels]
