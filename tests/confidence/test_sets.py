"""Sets of classes: as often right as was asked for, and never empty."""

import numpy as np
import pytest

from florist.confidence.familiarity import ENOUGH
from florist.confidence.sets import MOST_COVERAGE, LabelSets, least_score

CLASSES = ("daisy", "rose", "tulip")


def drawn(pictures: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return probabilities, and the classes that they are right about as often as they say."""
    rng = np.random.default_rng(seed)
    probabilities = rng.dirichlet([0.4, 0.4, 0.4], pictures).astype(np.float32)
    labels = (rng.random(pictures)[:, None] > probabilities.cumsum(axis=1)).sum(axis=1)
    return probabilities, np.minimum(labels, 2)


@pytest.mark.parametrize(
    "coverage", [0.8, 0.95, 0.99]
)  # less than 0.75 have the best classes alone
def test_the_right_class_is_in_the_set_as_often_as_was_asked(coverage: float) -> None:
    others, labels = drawn(4000, 0)
    covered = []
    for seed in range(1, 30):
        probabilities, known = drawn(400, seed)
        sets = LabelSets(least_score(probabilities[np.arange(400), known], coverage), CLASSES)
        found = [sets.of(each) for each in others[seed::29]]
        covered += [
            CLASSES[label] in each for label, each in zip(labels[seed::29], found, strict=True)
        ]
    assert abs(np.mean(covered) - coverage) < 0.015


def test_the_score_is_one_of_the_pictures_own() -> None:
    truth = np.linspace(0.01, 1, 100).astype(np.float32)
    # Of 101, one in a hundred may lie below: the first one.
    assert least_score(truth[::-1], 0.99) == truth[0]
    assert least_score(truth, 0.9) == truth[9]


def test_so_many_pictures_know_all_that_may_be_asked() -> None:
    least_score(np.ones(ENOUGH, np.float32), MOST_COVERAGE)
    with pytest.raises(ValueError, match="98 pictures do not know what covers"):
        least_score(np.ones(98, np.float32), MOST_COVERAGE)


def test_a_set_is_never_empty_and_begins_with_the_most_probable() -> None:
    sets = LabelSets(0.45, CLASSES)
    assert sets.of(np.array([0.3, 0.3, 0.4], np.float32)) == ("tulip",)
    assert sets.of(np.array([0.45, 0.1, 0.45], np.float32)) == ("daisy", "tulip")
    assert LabelSets(0.2, CLASSES).of(np.array([0.2, 0.5, 0.3], np.float32)) == (
        "rose", "tulip", "daisy",
    )  # fmt: skip
