"""The reasons of a trained network are those that Keras computes."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray

from florist.bundle import Bundle
from florist.dataset import Dataset
from florist.engine import EMBEDDING, FEATURE_MAP, LOGITS, Runtime
from florist.explaining import Explainer, Explanation
from florist.prediction import load


def gradient_times_map(
    model: keras.Model, pictures: NDArray[np.uint8], chosen: int
) -> NDArray[np.float32]:
    """Return what Keras' gradient of the log-odds says of each place beyond the mean of all."""
    feature_map = model.get_layer(EMBEDDING).input
    below = keras.Model(model.input, feature_map)
    above = keras.Model(feature_map, model.get_layer(LOGITS).output)
    values = tf.convert_to_tensor(below(pictures))
    with tf.GradientTape() as tape:
        tape.watch(values)
        logits = above(values)[0]
        others = tf.concat([logits[:chosen], logits[chosen + 1 :]], axis=0)
        log_odds = logits[chosen] - tf.reduce_logsumexp(others)
    gradient = tape.gradient(log_odds, values)
    found = tf.reduce_sum(gradient * values, axis=-1)[0]
    return np.asarray(tf.nn.relu(found - tf.reduce_mean(found)), np.float32)


def test_the_map_is_that_of_keras_gradient(trained: Bundle, dataset: Dataset) -> None:
    model = keras.models.load_model(trained.path / "model.keras")
    predictors = [load(trained.path, Runtime(precision=each)) for each in ("float32", "int8")]
    exact, rounded = map(Explainer, predictors)
    spec = trained.manifest.spec
    for sample in dataset.test:
        pixels = sample.load(spec)
        found = exact.result(pixels)
        assert isinstance(found, Explanation)
        best = exact.classes.index(found.predictions[0].label)
        expected = gradient_times_map(model, pixels[np.newaxis], best)
        assert found.heat == pytest.approx(expected, abs=1e-5)
        in_8_bits = rounded.result(pixels)
        assert isinstance(in_8_bits, Explanation)
        if in_8_bits.predictions[0].label == found.predictions[0].label:
            assert in_8_bits.heat == pytest.approx(found.heat, abs=0.15 * float(found.heat.max()))
        outputs = rounded.outputs(pixels)
        mean = outputs[FEATURE_MAP].mean(axis=(1, 2))
        assert mean == pytest.approx(outputs[EMBEDDING], abs=1e-3)
