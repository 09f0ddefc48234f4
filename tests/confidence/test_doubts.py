"""Wrong labels among points whose classes are known."""

import tracemalloc

import numpy as np
import pytest
from numpy.typing import NDArray

from florist.confidence import doubts as module
from florist.confidence.doubts import doubts, second_opinions

CLASSES = 4


def clusters(each: int, seed: int = 0) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return points around a centre for each class, and the classes."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(CLASSES), each)
    centres = rng.uniform(0, 4, (CLASSES, 30))
    points = centres[labels] + rng.normal(0, 1, (len(labels), 30))
    return np.abs(points).astype(np.float32), labels


def test_wrong_labels_come_first_with_what_they_really_are() -> None:
    points, truth = clusters(100)
    labels, wrong = truth.copy(), np.arange(0, 400, 20)
    labels[wrong] = (truth[wrong] + 1) % CLASSES
    looks_like, sure = doubts(second_opinions(points, labels, CLASSES), labels)
    first = np.argsort(-sure)[: len(wrong)]
    assert len({*first.tolist()} & {*wrong.tolist()}) >= 18
    assert (looks_like[wrong] == truth[wrong]).mean() >= 0.9
    assert (sure <= 1).all()
    right = np.setdiff1d(np.arange(400), wrong)
    assert (sure[right] < 0).mean() > 0.9


def test_the_ridge_says_what_it_would_without_the_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PENALTIES", (0.5,))
    points, labels = clusters(8, seed=1)
    points -= points.mean(axis=0)
    truth = np.eye(CLASSES, dtype=np.float32)[labels]
    powers, axes = np.linalg.eigh(points.T @ points)
    found = module._regressed(points @ axes, powers, truth)
    for left_out in (0, 13, 31):
        others = np.arange(len(labels)) != left_out
        x = np.column_stack([points, np.ones(len(labels))]).astype(np.float64)
        penalty = np.diag([0.5 * powers.mean()] * 30 + [0.0])  # none on the mean
        weights = np.linalg.solve(x[others].T @ x[others] + penalty, x[others].T @ truth[others])
        assert found[left_out] == pytest.approx(np.clip(x[left_out] @ weights, 0, 1), abs=2e-4)


def test_no_picture_is_its_own_neighbour_however_many_there_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    points, labels = clusters(30)
    truth = np.eye(CLASSES, dtype=np.float32)[labels]
    whole = module._neighbouring(points, truth)
    monkeypatch.setattr(module, "_ROWS", 7)
    assert np.array_equal(module._neighbouring(points, truth), whole)
    lonely = np.vstack([points, 100 * points[:1]])  # the same direction as the first one
    alone = module._neighbouring(lonely, np.vstack([truth, np.eye(CLASSES, dtype=np.float32)[3:]]))
    assert alone[0, 3] > 0  # the copy is its neighbour
    assert whole[0, 3] == 0


def test_pictures_that_are_all_alike_tell_nothing() -> None:
    labels = np.array([0, 0, 0, 1])
    opinions = second_opinions(np.zeros((4, 5), np.float32), labels, 2)
    assert np.isfinite(opinions).all()
    assert doubts(opinions, labels)[0].tolist() == [1, 1, 1, 0]


def test_comparing_all_with_all_takes_memory_for_a_few_at_a_time() -> None:
    points, labels = clusters(3000)
    tracemalloc.start()
    try:
        second_opinions(points, labels, CLASSES)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 120 * 2**20  # a thousand at a time took 286 MiB of these 12,000
