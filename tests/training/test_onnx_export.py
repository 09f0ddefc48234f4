"""The exported network: what it answers, by name, and that its bytes follow from the training."""

import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import onnx
import pytest

from florist.engine import (
    EARLY_EMBEDDING,
    EMBEDDING,
    ENGINES,
    FEATURE_MAP,
    LOGITS,
    PROBABILITIES,
    Outputs,
    Runtime,
    with_output,
)
from florist.images import RGB
from florist.training.backbones import BACKBONES
from florist.training.network import build_network, classifier_of
from florist.training.onnx_export import export_onnx
from florist.training.quantize import quantize
from tests.engines import answers
from tests.training.conftest import quick

STANDING = [EARLY_EMBEDDING, EMBEDDING, LOGITS, PROBABILITIES]


def exported(backbone: str, folder: Path) -> tuple[RGB, Outputs]:
    """Write a network in 32 and in 8 bits; return pictures and what Keras says of them."""
    keras.utils.set_random_seed(0)
    model = build_network(quick(backbone=backbone, weights="none"), 4).whole()
    size = model.input_shape[1]
    pictures = np.random.default_rng(0).integers(0, 256, (3, size, size, 3), np.uint8)
    export_onnx(model, folder / "float32.onnx", inner=[FEATURE_MAP])
    quantize(folder / "float32.onnx", folder / "int8.onnx", [*pictures], spared=1)
    return pictures, {name: np.asarray(v) for name, v in model.predict_on_batch(pictures).items()}


@pytest.mark.once
@pytest.mark.parametrize("backbone", BACKBONES)
def test_every_backbone_answers_by_name(backbone: str, tmp_path: Path) -> None:
    pictures, expected = exported(backbone, tmp_path)
    assert expected[FEATURE_MAP].ndim == 4
    np.testing.assert_allclose(
        expected[FEATURE_MAP].mean(axis=(1, 2)), expected[EMBEDDING], rtol=1e-3, atol=1e-6
    )
    for precision, tolerance in (("float32", 1e-3), ("int8", 0.25)):
        network = (tmp_path / f"{precision}.onnx").read_bytes()
        assert [value.name for value in onnx.load_from_string(network).graph.output] == STANDING
        for load in ENGINES.values():
            found = answers(load(with_output(network, FEATURE_MAP), Runtime()), pictures)
            assert list(found) == [*STANDING, FEATURE_MAP]
            for name, values in found.items():
                assert values.shape == expected[name].shape
                scale = np.abs(expected[name]).max()
                assert np.abs(values - expected[name]).max() < tolerance * scale
            few = answers(load(network, Runtime()), pictures)
            assert list(few) == STANDING
            for name, values in few.items():
                np.testing.assert_allclose(values, found[name], rtol=1e-3, atol=1e-5)


def test_the_same_training_gives_the_same_bytes(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path;"
        "from tests.training.test_onnx_export import exported;"
        "exported('tiny', Path(sys.argv[1]))"
    )
    for seed in ("1", "2"):
        (tmp_path / seed).mkdir()
        command = [sys.executable, "-c", code, str(tmp_path / seed)]
        environment = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)}
        subprocess.run(command, check=True, env=environment, timeout=300)
    for name in ("float32.onnx", "int8.onnx"):
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes()


def test_what_was_built_before_does_not_show(tmp_path: Path) -> None:
    for folder in (tmp_path / "first", tmp_path / "second"):
        folder.mkdir()
        exported("tiny", folder)
    for name in ("float32.onnx", "int8.onnx"):
        first, second = (tmp_path / each / name for each in ("first", "second"))
        assert first.read_bytes() == second.read_bytes()


def test_keras_predicts_probabilities_from_what_was_saved(tmp_path: Path) -> None:
    whole = build_network(quick(), 4).whole()
    classifier_of(whole).save(tmp_path / "model.keras")
    pictures = np.random.default_rng(0).integers(0, 256, (2, 96, 96, 3), np.uint8)
    found = keras.models.load_model(tmp_path / "model.keras").predict_on_batch(pictures)
    np.testing.assert_array_equal(found, whole.predict_on_batch(pictures)[PROBABILITIES])
