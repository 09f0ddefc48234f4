"""What differs on a GPU, on a CPU that does the same."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from florist.dataset import Dataset
from florist.engine import PROBABILITIES, Probabilities
from florist.evaluation import evaluate
from florist.prediction import load
from florist.progress import Listener
from florist.training import train
from florist.training.export import TOLERANCE, require_parity
from florist.training.network import Classifier, build_network
from florist.training.optimizer import optimizer_of
from florist.training.run import dtype_policy
from tests.training.conftest import quick


class TensorFloat32(keras.layers.Layer):  # type: ignore[misc]
    """Rounds as a GPU of Nvidia's does, unless it is told not to: all but 10 bits of mantissa."""

    def call(self, values: Any) -> Any:
        if not tf.config.experimental.tensor_float_32_execution_enabled():
            return values
        return tf.bitcast(tf.bitcast(values, tf.int32) & -(2**13), tf.float32)


def test_rounding_of_the_gpu_is_no_difference_of_the_exported_network(dataset: Dataset) -> None:
    pictures = keras.Input((96, 96, 3), dtype="uint8")
    values = keras.layers.Rescaling(1.0, offset=8000)(pictures)
    values = keras.layers.GlobalAveragePooling2D()(values)
    weights = 0.02 * np.array([[1, -1, 0], [-1, 0, 1], [0, 1, -1]], np.float32)
    dense = keras.layers.Dense(3, activation="softmax")
    model = keras.Model(pictures, {PROBABILITIES: dense(TensorFloat32()(values))})
    dense.set_weights([weights, np.zeros(3, np.float32)])
    spec, samples = quick().spec, dataset.val
    loaded = np.stack([sample.load(spec) for sample in samples])

    def predicted() -> Probabilities:
        return np.asarray(model(loaded)[PROBABILITIES])

    rounded = predicted()
    tf.config.experimental.enable_tensor_float_32_execution(False)
    found = predicted()
    tf.config.experimental.enable_tensor_float_32_execution(True)
    assert np.abs(found - rounded).max() > TOLERANCE  # as on a GPU
    require_parity(model, found, samples, spec, Listener().progress)
    assert tf.config.experimental.tensor_float_32_execution_enabled()


@pytest.mark.parametrize(
    ("policy", "scaled"), [("mixed_float16", True), ("mixed_bfloat16", False), ("float32", False)]
)
def test_the_loss_of_16_bits_is_scaled(policy: str, scaled: bool) -> None:
    with dtype_policy(policy):
        network = build_network(quick(unfreeze="all"), 3)
    classifier = Classifier(network, streaming=True)
    classifier.compile(optimizer=optimizer_of(quick(), 1), loss="sparse_categorical_crossentropy")
    assert isinstance(classifier.optimizer, keras.optimizers.LossScaleOptimizer) == scaled


def test_a_training_in_16_bits_learns(
    dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("keras.distribution.list_devices", lambda _=None: ["gpu:0"])
    config = quick(unfreeze="all", epochs=12, batch_size=4, dropout=0.0, learning_rate=3e-3)
    bundle = train(dataset, config, tmp_path / "model")
    assert evaluate(load(bundle.path), dataset.samples).accuracy > 0.8
