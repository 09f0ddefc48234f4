"""The cut through a backbone, and what training may change of it."""

from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from florist.engine import PROBABILITIES
from florist.errors import TrainingError
from florist.training.backbones import BACKBONES
from florist.training.network import Classifier, build_network
from tests.training.conftest import quick


@pytest.mark.parametrize("backbone", BACKBONES)
def test_trunk_and_tail_make_the_backbone(backbone: str) -> None:
    keras.utils.set_random_seed(0)
    config = quick(backbone=backbone, weights="none", unfreeze=15 if backbone != "tiny" else 3)
    network = build_network(config, 4)
    size = config.spec.size
    pictures = np.random.default_rng(0).integers(0, 256, (1, size, size, 3), np.uint8)
    assert network.trunk is not None
    assert network.tail is not None
    features = network.frozen()(pictures)
    parts = network.head(network.tail(features))
    np.testing.assert_allclose(parts, network.whole()(pictures)[PROBABILITIES], atol=1e-5)

    last = network.backbone.layers[-int(config.trained_layers) :]
    expected = {id(v) for layer in last for v in layer.trainable_variables}
    assert {id(v) for v in network.tail.trainable_variables} == expected
    assert network.trunk.trainable_variables == []


@pytest.mark.parametrize(
    ("unfreeze", "trunk", "tail"),
    [(0, True, False), ("all", False, True), (999, False, True), (15, False, True)],
)
def test_all_or_nothing_may_be_frozen(unfreeze: int | str, trunk: bool, tail: bool) -> None:
    network = build_network(quick(unfreeze=unfreeze), 4)
    assert (network.trunk is not None, network.tail is not None) == (trunk, tail)
    assert bool(network.backbone.trainable_variables) == tail
    if not trunk:
        with pytest.raises(ValueError, match="nothing is frozen"):
            network.frozen()


@pytest.mark.parametrize("from_scratch", [False, True])
def test_statistics_stay_unless_they_start_from_nothing(from_scratch: bool) -> None:
    network = replace(build_network(quick(unfreeze="all"), 3), from_scratch=from_scratch)
    classifier = Classifier(network, streaming=True)
    classifier.compile(optimizer="sgd", loss="sparse_categorical_crossentropy")
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (8, 96, 96, 3), np.uint8)
    classifier.predict_on_batch(pictures)
    norms = [layer for layer in network.backbone.layers if "batch_norm" in layer.name]
    moving = [v for layer in norms for v in layer.non_trainable_variables if "moving" in v.path]
    before = [v.numpy().copy() for v in moving]
    gamma = norms[-1].gamma.numpy().copy()
    classifier.fit(pictures, rng.integers(0, 3, 8), epochs=2, batch_size=4, verbose=0)
    moved = [not np.array_equal(a, b.numpy()) for a, b in zip(before, moving, strict=True)]
    assert len(moving) == 8
    assert moved == [from_scratch] * 8
    assert not np.array_equal(gamma, norms[-1].gamma.numpy())


def test_weights_come_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "tiny.weights.h5"
    source = build_network(quick(), 3).backbone
    source.save_weights(path)
    loaded = build_network(quick(weights=str(path)), 5).backbone
    for first, second in zip(source.get_weights(), loaded.get_weights(), strict=True):
        assert np.array_equal(first, second)


@pytest.mark.parametrize("content", [b"not HDF5", b""])
def test_weights_that_do_not_fit_are_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other.weights.h5"
    path.write_bytes(content)
    with pytest.raises(TrainingError, match="other.weights.h5 does not hold weights of tiny"):
        build_network(quick(weights=str(path)), 3)


def test_weights_of_another_backbone_do_not_fit(tmp_path: Path) -> None:
    path = tmp_path / "tiny.weights.h5"
    build_network(quick(), 3).backbone.save_weights(path)
    with pytest.raises(TrainingError, match="does not hold weights of mobilenetv2-0.35"):
        build_network(quick(backbone="mobilenetv2-0.35", weights=str(path)), 3)


def test_a_failed_download_names_both_ways_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")  # nobody listens: no network anywhere
    with pytest.raises(TrainingError, match=r"--weights PATH.*--weights none"):
        build_network(quick(backbone="mobilenetv2-0.35", weights="imagenet"), 3)
