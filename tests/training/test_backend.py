"""Training on JAX, the other backend of Keras."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import keras
import pytest

from florist.bundle import MANIFEST
from florist.dataset import Dataset
from florist.engine import FEATURE_MAP
from florist.errors import BundleError, TrainingError
from florist.training import train
from florist.training.network import build_network
from florist.training.onnx_export import convert_elsewhere, export_onnx
from tests.training.conftest import interrupt_at_epoch, quick

# A model folder that is whole and agrees with Keras, and a training that ends the same resumed.
ON_JAX = (
    "test_train.py",
    "test_resume.py::test_patience_ends_a_training_and_is_remembered[cosine]",
)


@pytest.mark.once
def test_a_training_on_jax_passes_the_same_tests() -> None:
    here = Path(__file__).parent
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    ended = subprocess.run(
        [*command, *(str(here / each) for each in ON_JAX)],
        cwd=here.parents[1],
        env=os.environ | {"KERAS_BACKEND": "jax", "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=500,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.once
def test_a_process_of_its_own_writes_the_same_bytes(tmp_path: Path) -> None:
    keras.utils.set_random_seed(0)
    config = quick(backbone="efficientnetv2b0", weights="none")  # normalises, which is saved, too
    model, file = build_network(config, 3).whole(), tmp_path / "model.keras"
    model.save(file)
    convert_elsewhere(file, tmp_path / "there.onnx", [FEATURE_MAP])
    export_onnx(model, tmp_path / "here.onnx", [FEATURE_MAP])
    assert (tmp_path / "there.onnx").read_bytes() == (tmp_path / "here.onnx").read_bytes()


def test_a_process_that_fails_says_why(tmp_path: Path) -> None:
    (tmp_path / "model.keras").write_bytes(b"no model")
    with pytest.raises(TrainingError, match="could not be exported.*model.keras.*--resume"):
        convert_elsewhere(tmp_path / "model.keras", tmp_path / "model.onnx", [])


def test_no_backend_goes_on_with_the_training_of_another(dataset: Dataset, tmp_path: Path) -> None:
    output, unfinished = tmp_path / "output", tmp_path / "output.training"
    with pytest.raises(KeyboardInterrupt):
        train(dataset, quick(), output, listener=interrupt_at_epoch(3))
    kept = shutil.copytree(unfinished, tmp_path / "kept")
    pretend(unfinished / "training.json")
    with pytest.raises(TrainingError, match="computes with jax.*KERAS_BACKEND.*--force"):
        train(dataset, quick(), output, resume=True)
    shutil.copy(kept / "training.json", unfinished)
    written = train(dataset, quick(), output, resume=True)
    kept.rename(unfinished)
    pretend(written.path / MANIFEST)
    with pytest.raises(BundleError, match="already holds a model"):
        train(dataset, quick(), output, resume=True)


def pretend(file: Path) -> None:
    """Make a file say that it was JAX."""
    text = file.read_text()
    assert text.count("tensorflow") == 1
    file.write_text(text.replace("tensorflow", "jax"))
