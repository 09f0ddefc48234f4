"""The network in 8 bits, and the gate before it."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest

from florist.bundle import INT8_MODEL, Bundle
from florist.dataset import Dataset
from florist.engine import ENGINES, Runtime, load_engine
from florist.errors import EngineError
from florist.evaluation import predict_all
from florist.prediction import load
from florist.training import train
from florist.training.quantize import choose_precision
from tests.training.conftest import Recording, quick


def answers(best: list[int]) -> np.ndarray:
    """Return probabilities whose best classes are these."""
    return np.eye(3, dtype=np.float32)[best]


@pytest.mark.parametrize(
    ("pictures", "others", "precision"),
    [
        (4, 0, "float32"),  # all of them, and yet no evidence
        (188, 0, "float32"),
        (189, 0, "int8"),
        (189, 1, "float32"),
        (484, 3, "int8"),
        (484, 4, "float32"),
        (1000, 11, "int8"),
        (1000, 12, "float32"),
        (1000, 1000, "float32"),
    ],
)
def test_eight_bits_answer_only_where_the_pictures_show_that_they_may(
    pictures: int, others: int, precision: str
) -> None:
    # Where they differ both are wrong, so that the accuracy does not decide.
    float32 = answers([1] * others + [0] * (pictures - others))
    int8 = answers([2] * others + [0] * (pictures - others))
    choice = choose_precision(float32, int8, [0] * pictures)
    assert choice.precision == precision
    assert choice.reason.endswith(f"in {'8' if precision == 'int8' else '32'} bits.")
    assert ("it takes 189" in choice.reason) == (pictures < 189)


@pytest.mark.parametrize(("lost", "precision"), [(5, "int8"), (6, "float32")])
def test_a_loss_without_gains_counts_more(lost: int, precision: str) -> None:
    int8 = answers([1] * lost + [0] * (1000 - lost))
    assert choose_precision(answers([0] * 1000), int8, [0] * 1000).precision == precision


def test_a_difference_that_corrects_mistakes_still_counts_as_one() -> None:
    choice = choose_precision(answers([1] * 500 + [0] * 500), answers([0] * 1000), [0] * 1000)
    assert choice.accuracy == {"float32": 0.5, "int8": 1.0}
    assert (choice.agreement, choice.precision) == (0.5, "float32")


def test_a_network_that_cannot_be_written_in_8_bits_answers_in_32(
    dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("florist.training.export.SPARED", (None,))  # a TypeError in the midst
    said = Recording()
    bundle = train(dataset, quick(), tmp_path / "model", listener=said)
    assert bundle.manifest.precision == "float32"
    assert not (bundle.path / INT8_MODEL).exists()
    assert INT8_MODEL not in bundle.manifest.files
    choice = json.loads((bundle.path / "report.json").read_text())["precision"]
    assert "could not be written in 8 bits (" in choice["reason"]
    assert choice["agreement"] is None
    assert choice["reason"] in said.said
    assert choice["reason"] in (bundle.path / "README.md").read_text()
    assert load(bundle.path).engine.runtime.precision == "float32"


def test_only_the_engine_that_was_measured_answers_in_8_bits(trained: Bundle) -> None:
    with pytest.raises(EngineError, match="onnxruntime does not answer in 8 bits.*Take openvino"):
        Runtime(engine="onnxruntime", precision="int8")
    chosen = replace(trained, manifest=replace(trained.manifest, precision="int8"))
    found = {name: load_engine(chosen, Runtime(engine=name)).runtime.precision for name in ENGINES}
    assert found == {"openvino": "int8", "onnxruntime": "float32"}


def test_the_network_in_8_bits_is_smaller_and_says_the_same(
    trained: Bundle, dataset: Dataset
) -> None:
    nodes = onnx.load(trained.network("int8")).graph.node
    quantized = {node.output[0] for node in nodes if node.op_type == "DequantizeLinear"}
    convolutions = [set(node.input) & quantized for node in nodes if node.op_type == "Conv"]
    assert not convolutions[0]  # the first is spared
    assert all(convolutions[-1:])
    sizes = [trained.network(precision).stat().st_size for precision in ("int8", "float32")]
    assert sizes[0] < sizes[1] / 2
    before, _ = predict_all(load(trained.path, Runtime(precision="float32")), dataset.samples)
    after, _ = predict_all(load(trained.path, Runtime(precision="int8")), dataset.samples)
    assert (before.argmax(axis=1) == after.argmax(axis=1)).mean() > 0.9
    assert not np.array_equal(before, after)


def test_what_was_chosen_is_what_answers(trained: Bundle, dataset: Dataset) -> None:
    chosen = trained.manifest.precision
    report = json.loads((trained.path / "report.json").read_text())
    assert report["precision"]["precision"] == chosen
    assert report["precision"]["pictures"] == len(dataset.val)
    assert report["precision"]["reason"] in (trained.path / "README.md").read_text()
    predictor = load(trained.path)
    assert predictor.engine.runtime.precision == chosen
    same = load(trained.path, Runtime(precision=chosen))
    answers, others = (predict_all(each, dataset.test)[0] for each in (predictor, same))
    assert np.array_equal(answers, others)


@pytest.mark.parametrize("precision", ["float32", "int8"])
def test_many_at_once_get_the_bits_that_each_alone_gets(
    trained: Bundle, dataset: Dataset, precision: str
) -> None:
    alone = load(trained.path, Runtime(precision=precision))
    together = load(trained.path, Runtime(precision=precision, at_once=4))
    pictures = [sample.load(trained.manifest.spec) for sample in dataset.samples]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(together.probabilities, pictures))
    assert np.array_equal(found, [alone.probabilities(picture) for picture in pictures])
