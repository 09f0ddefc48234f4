"""Where a network is tapped for what pictures look like, pretrained and from nothing."""

from dataclasses import replace

import keras
import numpy as np
import pytest
from keras import layers

from florist.engine import EARLY_EMBEDDING
from florist.training.network import build_network
from florist.training.run import dtype_policy, float32_model
from tests.training.conftest import quick

CONFIG = quick(unfreeze="all")


@pytest.mark.parametrize(("from_scratch", "place"), [(True, 0), (False, 2)])
def test_what_starts_from_nothing_is_tapped_at_its_first_maps(
    from_scratch: bool, place: int
) -> None:
    network = replace(build_network(CONFIG, 3), from_scratch=from_scratch)
    pictures = np.random.default_rng(0).integers(0, 256, (2, 96, 96, 3), np.uint8)
    found = network.whole().predict_on_batch(pictures)[EARLY_EMBEDDING]
    relus = [each for each in network.backbone.layers if isinstance(each, layers.Activation)]
    maps = keras.Model(network.backbone.inputs, relus[place].output)
    values = np.asarray(maps(network.rescale(pictures)))
    means = values.mean(axis=(1, 2), keepdims=True)
    pooled = np.abs(values - means if from_scratch else values).mean(axis=(1, 2))
    np.testing.assert_allclose(found, pooled, rtol=1e-3, atol=1e-5)


def test_the_tap_stays_where_weights_come_from_a_network_in_16_bits() -> None:
    for from_scratch, channels in ((True, 24), (False, 96)):
        with dtype_policy("mixed_bfloat16"):
            network = replace(build_network(CONFIG, 3), from_scratch=from_scratch)
        whole = float32_model(network, CONFIG, 3)
        assert whole.output[EARLY_EMBEDDING].shape == (None, channels)
