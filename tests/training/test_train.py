"""A training from pictures to model folder, and everything that can happen on the way."""

import csv
import json
import math
import os
from dataclasses import replace

import keras
import numpy as np
import onnx
import pytest

from florist.bundle import MANIFEST, Bundle
from florist.dataset import Dataset
from florist.engine import ENGINES, PROBABILITIES, Runtime, load_engine
from florist.errors import DatasetError, TrainingError
from florist.evaluation import evaluate, predict_all, relabelled, unseen
from florist.prediction import load
from florist.progress import Listener
from florist.training.export import require_parity
from florist.training.fit import class_weights
from florist.training.network import build_network
from florist.training.run import dtype_policy, float32_model
from tests.engines import answers
from tests.training.conftest import quick


def test_the_model_folder_is_whole(trained: Bundle, dataset: Dataset) -> None:
    names = {path.name for path in trained.path.iterdir()}
    assert names == {
        "manifest.json", "model.onnx", "model.int8.onnx", "model.keras", "labels.txt",
        "history.csv", "training.png", "confusion.png", "reliability.png", "report.json",
        "README.md", "split.csv", "doubts.csv", "pictures.zip", "report.html", "trust.npz",
    }  # fmt: skip
    assert set(trained.manifest.files) == names - {MANIFEST}
    assert (trained.path / "labels.txt").read_text() == "blue\ngreen\nred\n"
    for plot in ("training.png", "confusion.png", "reliability.png"):
        assert (trained.path / plot).read_bytes().startswith(b"\x89PNG")
    with (trained.path / "history.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["epoch", "loss", "accuracy", "val_loss", "val_accuracy"]
    assert trained.manifest.trained is not None
    best = trained.manifest.trained.best_epoch
    assert min(rows, key=lambda row: float(row["val_loss"]))["epoch"] == str(best)
    card = (trained.path / "README.md").read_text()
    assert card.startswith("---\npipeline_tag: image-classification\n")
    assert "| blue | 10 | 2 | 2 |" in card
    backend = os.environ.get("KERAS_BACKEND", "tensorflow")
    assert f"and Keras {keras.__version__} ({backend}) on 20" in card
    assert not list(trained.path.parent.glob("*.training"))
    assert str(dataset.root.parent) not in card + (trained.path / MANIFEST).read_text()


def test_the_network_is_as_promised(trained: Bundle) -> None:
    model = onnx.load(trained.network("float32"))
    assert model.opset_import[0].version >= 17
    (pictures,) = model.graph.input
    assert pictures.type.tensor_type.elem_type == onnx.TensorProto.UINT8
    batch, *shape = pictures.type.tensor_type.shape.dim
    assert [d.dim_value for d in shape] == [96, 96, 3]
    assert batch.dim_value == 0  # free


def test_both_engines_and_keras_agree(trained: Bundle, dataset: Dataset) -> None:
    spec = trained.manifest.spec
    pictures = np.stack([sample.load(spec) for sample in dataset.samples])
    expected = np.asarray(keras.models.load_model(trained.path / "model.keras")(pictures))
    runtimes = [Runtime(engine=name, precision="float32") for name in ENGINES]
    found = [answers(load_engine(trained, r), pictures)[PROBABILITIES] for r in runtimes]
    np.testing.assert_allclose(found[0], found[1], atol=1e-4)
    for answer in found:
        np.testing.assert_allclose(answer, expected, atol=1e-3)
        assert np.array_equal(answer.argmax(axis=1), expected.argmax(axis=1))


def test_it_learned_and_reported_what_it_measured(trained: Bundle, dataset: Dataset) -> None:
    report = json.loads((trained.path / "report.json").read_text())
    assert report["accuracy"] >= 0.8
    assert report["parity"]["pictures"] == len(dataset.val)
    again = evaluate(load(trained.path), dataset.test)
    assert json.loads(json.dumps(again.to_dict())).items() <= report.items()
    predictor = load(trained.path)
    kept = unseen(relabelled(dataset, predictor.classes), trained)
    assert [sample.name for sample in kept] == [sample.name for sample in dataset.test]
    with pytest.raises(DatasetError, match="--include-seen"):
        unseen(dataset.train, trained)
    with pytest.raises(DatasetError, match="no classes of the model: blue, green"):
        relabelled(dataset, ("red", "yellow"))
    with pytest.raises(DatasetError, match="no usable picture"):
        relabelled(replace(dataset, samples=()), predictor.classes)


def test_a_model_that_export_changed_is_not_written(trained: Bundle, dataset: Dataset) -> None:
    keras.utils.set_random_seed(3)
    other = build_network(quick(), 3).whole()
    found, _ = predict_all(load(trained.path, Runtime(precision="float32")), dataset.val)
    with pytest.raises(TrainingError, match="disagrees with the trained one"):
        require_parity(other, found, dataset.val, trained.manifest.spec, Listener().progress)


def test_rare_classes_count_more() -> None:
    labels = np.array([0] * 6 + [1] * 3)
    even = class_weights(labels, 2, quick())
    assert even.tolist() == [0.75, 1.5]
    assert math.isclose(even[labels].mean(), 1)
    assert class_weights(labels, 2, quick(class_weight="none")).tolist() == [1, 1]


def test_sixteen_bits_are_trained_and_thirty_two_served() -> None:
    config = quick(unfreeze="all")
    with dtype_policy("mixed_float16"):
        network = build_network(config, 3)
    assert network.backbone.layers[1].compute_dtype == "float16"
    model = float32_model(network, config, 3)
    assert {layer.compute_dtype for layer in model._flatten_layers()} == {"float32"}
    pictures = np.random.default_rng(0).integers(0, 256, (4, 96, 96, 3), np.uint8)
    found, expected = model(pictures), network.whole()(pictures)
    np.testing.assert_allclose(found[PROBABILITIES], expected[PROBABILITIES], atol=5e-3)
    assert keras.config.dtype_policy().name == "float32"
