"""What a batch holds."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from florist.training.config import Augmentation, TrainingConfig
from florist.training.shards import Shards, shards_of, sweep
from florist.training.sources import FeatureSource
from tests.training.test_shards import samples

PICTURES, VIEWS = 70, 2
ROW = np.dtype([("wide", np.float16, (1, 3, 2)), ("narrow", np.float16, (1, 2, 1))])
CONFIG = TrainingConfig(backbone="tiny")


@pytest.fixture
def store(tmp_path: Path) -> Shards:
    """Return features that grow from left to right, and tell of their picture and view."""
    made = shards_of(samples(PICTURES), tmp_path, made_by={}, rows=VIEWS, row=ROW)
    sweep(tmp_path, [made])
    start = 0
    for number in made.missing():
        rows = len(made.part(number)) * VIEWS
        first = 10 * np.arange(start, start + rows, dtype=np.float32)[:, None, None, None]
        wide = first + np.broadcast_to(np.arange(3)[:, None], (rows, 1, 3, 2))
        made.write(number, [[wide, wide[:, :, :2, :1]]])
        start += rows
    return made


def test_half_of_the_features_are_mirrored(store: Shards) -> None:
    source = FeatureSource(store, store, store, CONFIG)
    everything = np.arange(PICTURES)
    wide, narrow = source.train(everything, epoch=0)
    mirrored = wide[:, 0, 0, 0] > wide[:, 0, 2, 0]
    assert 20 < mirrored.sum() < 50
    assert np.array_equal(narrow[:, 0, 0, 0] > narrow[:, 0, 1, 0], mirrored)
    assert wide[:, 0, 1, 0].tolist() == [10 * (2 * n + n % 2) + 1 for n in everything]
    # Which ones they are, neither the batch nor its order decides.
    some = np.array([69, 3, 40])
    assert np.array_equal(source.train(some, epoch=0)[0], wide[some])
    again = source.train(everything, epoch=2)[0]
    assert not np.array_equal(again[:, 0, 0, 0] > again[:, 0, 2, 0], mirrored)


def test_nothing_is_mirrored_where_left_and_right_differ(store: Shards) -> None:
    source = FeatureSource(
        store, store, store, replace(CONFIG, augmentation=Augmentation(flip=False))
    )
    (wide, _) = source.train(np.arange(PICTURES), epoch=0)
    assert (wide[:, 0, 0] < wide[:, 0, 2]).all()
    (clean, _) = FeatureSource(store, store, store, CONFIG).val(np.arange(PICTURES * VIEWS))
    assert (clean[:, 0, 0] < clean[:, 0, 2]).all()
