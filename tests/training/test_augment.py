"""Augmented views: deterministic, borderless, and moved as far as they may be."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from florist.dataset import Sample
from florist.images import RGB
from florist.training.augment import Augmenter, augmented_views
from florist.training.config import Augmentation

STILL = Augmentation(rotation=0, shift=0, shear=0, zoom=0, flip=False, brightness=0)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def one(pixels: RGB, sample: Sample, number: int, moves: Augmentation, seed: int) -> RGB:
    (found,) = augmented_views(pixels, sample, [number], moves, seed)
    return found


def gradient(size: int = 33) -> np.ndarray:
    x, y = np.meshgrid(np.linspace(20, 230, size), np.linspace(20, 230, size))
    return np.stack([x, y, 0 * x + 100], axis=-1).astype(np.uint8)


@pytest.mark.parametrize("size", [32, 33])
def test_nothing_asked_for_changes_nothing(size: int) -> None:
    assert np.array_equal(Augmenter(gradient(size), STILL)(rng()), gradient(size))


def test_a_flip_is_a_mirror() -> None:
    flipped = {
        Augmenter(gradient(), replace(STILL, flip=True))(rng(seed)).tobytes() for seed in range(9)
    }
    assert flipped == {gradient().tobytes(), gradient()[:, ::-1].tobytes()}


def test_no_border_is_seen_at_the_extremes() -> None:
    wild = Augmentation(rotation=180, shift=0.3, shear=20, zoom=0.3)
    white = np.full((32, 32, 3), 200, np.uint8)
    for seed in range(50):
        assert Augmenter(white, replace(wild, brightness=0))(rng(seed)).min() == 200


def test_brightness_stays_in_its_share() -> None:
    grey = np.full((8, 8, 3), 100, np.uint8)
    means = [
        Augmenter(grey, replace(STILL, brightness=0.2))(rng(seed)).mean() for seed in range(60)
    ]
    assert 79 <= min(means) < 85
    assert 115 < max(means) <= 121


def test_shift_moves_by_its_share_at_most() -> None:
    dot = np.zeros((41, 41, 3), np.uint8)
    dot[20, 20] = 255
    found = []
    for seed in range(60):
        moved = Augmenter(dot, replace(STILL, shift=0.2))(rng(seed))[:, :, 0].astype(float)
        found.append((moved.sum(0) @ np.arange(41)) / moved.sum() - 20)
    assert 6 < max(np.abs(found)) <= 8.5


def test_a_view_depends_on_seed_content_and_number_alone() -> None:
    first = Sample(path=Path("a"), name="a", label=0, sha256="ab" * 32)
    renamed = replace(first, path=Path("b"), name="b", label=1)
    other = replace(first, sha256="cd" * 32)
    pixels, moves = gradient(), Augmentation()
    same = [one(pixels, sample, 1, moves, 0).tobytes() for sample in (first, renamed)]
    assert len(set(same)) == 1
    together = [found.tobytes() for found in augmented_views(pixels, first, range(3), moves, 0)]
    assert together[1] == same[0]
    different = [(other, 1, 0), (first, 2, 0), (first, 1, 1)]
    for sample, number, seed in different:
        assert one(pixels, sample, number, moves, seed).tobytes() != same[0]
