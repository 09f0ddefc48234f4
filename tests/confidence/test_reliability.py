"""Scores against the share of right answers, by hand and by luck."""

import numpy as np
import pytest

from florist.confidence.reliability import BINS, reliability


def test_bins_hold_what_was_counted() -> None:
    scores = np.array([0.95, 0.97, 0.5, 1.0], np.float32)
    found = reliability(scores, np.array([True, False, True, True]))
    assert len(found.bins) == BINS
    last, middle = found.bins[-1], found.bins[7]
    assert (last.pictures, middle.pictures) == (3, 1)
    assert last.accuracy == pytest.approx(2 / 3)
    assert last.confidence == pytest.approx((0.95 + 0.97 + 1) / 3)
    assert sum(each.pictures for each in found.bins) == 4
    assert found.error == pytest.approx((abs(2.92 - 2) + 0.5) / 4, abs=1e-6)


def test_the_floor_is_what_right_scores_show() -> None:
    rng = np.random.default_rng(1)
    errors, floors = [], []
    for _ in range(100):
        scores = rng.uniform(0.3, 1, 500).astype(np.float32)
        found = reliability(scores, rng.random(500) < scores)
        errors.append(found.error)
        floors.append(found.floor)
    assert np.mean(errors) == pytest.approx(np.mean(floors), rel=0.1)
    more = rng.uniform(0.3, 1, 50_000).astype(np.float32)
    assert reliability(more, rng.random(50_000) < more).floor < np.mean(floors) / 5


def test_a_model_that_is_never_in_doubt_and_never_wrong() -> None:
    found = reliability(np.ones(10, np.float32), np.ones(10, np.bool_))
    assert (found.error, found.floor) == (0, 0)
    assert found.bins[-1].pictures == 10
