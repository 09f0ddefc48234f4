"""The frozen layers, run by the engine that serves."""

from pathlib import Path

import numpy as np
import pytest

from florist.training.config import TrainingConfig
from florist.training.network import as_list, build_network
from florist.training.trunk import ExportedTrunk


@pytest.mark.parametrize("backbone", ["tiny", "mobilenetv2-0.35"])
def test_features_are_those_of_keras(backbone: str, tmp_path: Path) -> None:
    network = build_network(TrainingConfig(backbone=backbone, weights="none", unfreeze=3), 2)
    frozen = network.frozen()
    size = frozen.input_shape[1]
    pictures = np.random.default_rng(0).integers(0, 256, (3, size, size, 3), np.uint8)
    expected = as_list(frozen.predict_on_batch(pictures))
    found = ExportedTrunk(frozen, tmp_path / "trunk.onnx")(pictures)
    assert [each.shape for each in found] == [each.shape for each in expected]
    for mine, theirs in zip(found, expected, strict=True):
        error = np.sqrt(np.mean((mine - theirs) ** 2) / np.mean(np.square(theirs)))
        assert error < 0.05  # bfloat16, where the CPU has it, rounds to 1/256 in every layer


def test_features_do_not_depend_on_neighbours(tmp_path: Path) -> None:
    network = build_network(TrainingConfig(backbone="tiny", weights="none", unfreeze=3), 2)
    pictures = np.random.default_rng(0).integers(0, 256, (4, 96, 96, 3), np.uint8)
    trunk = ExportedTrunk(network.frozen(), tmp_path / "trunk.onnx")
    together, alone = trunk(pictures), trunk(pictures[2:3])
    for all_of_them, one in zip(together, alone, strict=True):
        np.testing.assert_array_equal(all_of_them[2:3], one)
