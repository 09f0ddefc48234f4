"""Which labels are worth a look, by what the backbone sees before it is trained on them."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import keras
import numpy as np

from florist.confidence.bank import Floats
from florist.dataset import Dataset, Sample
from florist.doubts import Doubts, find_doubts
from florist.progress import Progress
from florist.training.config import TrainingConfig
from florist.training.features import Views, features_of
from florist.training.fit import prefetched
from florist.training.network import Classifier, build_network
from florist.training.sources import BatchSource
from florist.training.trunk import trunk_of
from florist.training.workspace import Job

_STAGE = "Looking into labels"
_BATCH = 16
"""Few: TensorFlow keeps the memory of what lies between, and 128 took 250 MiB more."""


def label_doubts(classifier: Classifier, source: BatchSource, job: Job) -> Doubts:
    """Return what is doubtful, from the inputs that training has anyway; nothing is trained yet."""
    dataset, listener = job.dataset, job.listener
    sides = (
        (dataset.train, lambda indices: source.train(indices, 0)),
        (dataset.val, source.val),
        (dataset.test, source.test),
    )
    samples: list[Sample] = []
    embeddings = np.empty((len(dataset.samples), classifier.head.input_shape[-1]), np.float32)
    for side, read in sides:
        for indices, inputs in prefetched(read, np.arange(len(side)), _BATCH):
            tensors = keras.tree.map_structure(keras.ops.convert_to_tensor, inputs)
            rows = slice(len(samples), len(samples) + len(indices))
            embeddings[rows] = _pooled(classifier.maps(tensors))
            listener.progress(_STAGE, len(samples), len(dataset.samples))
            samples += [side[index] for index in indices]
    doubts = find_doubts(samples, dataset.classes, embeddings)
    listener.progress(_STAGE, len(samples), len(dataset.samples))
    listener.say(doubts.reason)
    return doubts


def check_labels(dataset: Dataset, config: TrainingConfig, progress: Progress) -> Doubts:
    """Return what is doubtful in a data set, without any training.

    Raises `TrainingError` where the backbone's weights cannot be had.
    """
    network = build_network(config, len(dataset.classes))
    pictures = keras.Input(network.backbone.input_shape[1:], dtype="uint8")
    pooled = keras.ops.mean(network.backbone(network.rescale(pictures)), axis=(1, 2))
    spec, augmentation = config.spec, config.augmentation
    views = Views(spec=spec, augmentation=augmentation, seed=config.seed, augmented=0)
    embeddings = np.empty((len(dataset.samples), pooled.shape[-1]), np.float32)
    done = 0
    with TemporaryDirectory() as folder:
        compute = trunk_of(keras.Model(pictures, pooled), Path(folder) / "backbone.onnx")
        for (block,) in features_of(dataset.samples, views, compute):
            progress(_STAGE, done, len(dataset.samples))
            embeddings[done : done + len(block)] = block
            done += len(block)
    doubts = find_doubts(dataset.samples, dataset.classes, embeddings)
    progress(_STAGE, done, len(dataset.samples))
    return doubts


def _pooled(maps: Any) -> Floats:
    """Return the means over all places of feature maps (N, height, width, channels)."""
    found = np.asarray(keras.ops.convert_to_numpy(maps), np.float32)
    return np.asarray(found.mean(axis=(1, 2)))
