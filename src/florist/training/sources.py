"""Where the epochs' batches come from: features, or decoded pictures, both from disk."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from florist.images import RGB
from florist.system import cpu_limit
from florist.training.augment import augmented_views
from florist.training.config import TrainingConfig
from florist.training.shards import Shards

Indices = NDArray[np.int64]


class BatchSource(Protocol):
    """Where the inputs of a batch come from."""

    def train(self, indices: Indices, epoch: int) -> Any:
        """Return the inputs of some training samples, as this epoch sees them."""

    def val(self, indices: Indices) -> Any:
        """Return the inputs of some validation samples, unaugmented."""

    def test(self, indices: Indices) -> Any:
        """Return the inputs of some test samples, unaugmented."""


class FeatureSource:
    """Features of several augmented views of each training picture, and of the others as they are.

    Epochs take turns with the views: each sees every picture once. Where pictures may be mirrored,
    half of the features are, too: what convolutions find in a mirrored picture is nearly that, and
    so each view counts as two.
    """

    def __init__(self, train: Shards, val: Shards, test: Shards, config: TrainingConfig) -> None:
        self._train, self._val, self._test, self._config = train, val, test, config

    def train(self, indices: Indices, epoch: int) -> Any:
        """Return the features of one view of each sample."""
        views = self._train.rows
        features = self._train.read(indices * views + (indices + epoch) % views)
        if self._config.augmentation.flip:
            rng = np.random.default_rng([self._config.seed, epoch, 1])
            mirrored = (rng.random(len(self._train.samples)) < 0.5)[indices]
            for each in features:  # (N, height, width, channels)
                each[mirrored] = each[mirrored, :, ::-1]
        return features

    def val(self, indices: Indices) -> Any:
        """Return the features of each sample's clean view."""
        return self._val.read(indices)

    def test(self, indices: Indices) -> Any:
        """Return the features of each sample's clean view."""
        return self._test.read(indices)


class PictureSource:
    """Decoded pictures, augmented afresh in every epoch."""

    def __init__(self, train: Shards, val: Shards, test: Shards, config: TrainingConfig) -> None:
        self._train, self._val, self._test, self._config = train, val, test, config
        self._pool = ThreadPoolExecutor(cpu_limit())

    def train(self, indices: Indices, epoch: int) -> Any:
        """Return augmented pictures, uint8, of shape (N, size, size, 3)."""
        (pictures,) = self._train.read(indices)
        config = self._config

        def augmented(pixels: RGB, index: int) -> RGB:
            sample = self._train.samples[index]
            return next(augmented_views(pixels, sample, [epoch], config.augmentation, config.seed))

        return np.stack(list(self._pool.map(augmented, pictures, indices)))

    def val(self, indices: Indices) -> Any:
        """Return pictures as they are."""
        return self._val.read(indices)[0]

    def test(self, indices: Indices) -> Any:
        """Return pictures as they are."""
        return self._test.read(indices)[0]
