"""Foreign pictures beside familiar ones."""

import numpy as np
import pytest

from florist.confidence.foreign import auroc, compare


def test_the_area_counts_pairs_and_halves_of_ties() -> None:
    familiar, foreign = np.array([0.2, 0.5, 0.9]), np.array([0.1, 0.2])
    # 0.2 beats 0.1 and ties with 0.2; the other two beat both.
    assert auroc(familiar, foreign) == pytest.approx((1.5 + 2 + 2) / 6)
    assert auroc(foreign, foreign) == pytest.approx(0.5)


def test_sets_are_compared_one_by_one_and_together() -> None:
    found = compare([0.03, 0.4, 0.6, 1.0], {"text": [0.01, 0.02], "near": [0.5, 0.01]}, none=0.05)
    assert (found.familiar, found.kept) == (4, 0.75)
    assert [(each.name, each.pictures, each.caught) for each in found.sets] == [
        ("text", 2, 1.0), ("near", 2, 0.5),
    ]  # fmt: skip
    assert found.sets[0].auroc == 1
    assert (found.all.pictures, found.all.caught) == (4, 0.75)
    assert found.all.auroc == pytest.approx((found.sets[0].auroc + found.sets[1].auroc) / 2)
    assert sum(found.histogram["familiar"]) == sum(found.histogram["foreign"]) == 4
    assert found.histogram["familiar"][9] == 1
