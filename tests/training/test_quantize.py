"""The network in 8 bits, and the gate before it."""

import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import onnx
import pytest

from florist.bundle import Bundle
from florist.dataset import Dataset
from florist.engine import ENGINES, Runtime
from florist.evaluation import predict_all
from florist.prediction import load
from florist.training.quantize import choose_precision


def answers(best: list[int]) -> np.ndarray:
    """Return probabilities whose best classes are these."""
    return np.eye(3, dtype=np.float32)[best]


@pytest.mark.parametrize(
    ("int8", "precision"),
    [
        ([0] * 100, "int8"),
        ([1] + [0] * 99, "float32"),  # 99 % agree, but one point is lost
        ([0] * 98 + [1] * 2, "float32"),
        ([2] * 100, "float32"),
    ],
)
def test_eight_bits_answer_only_where_they_lose_nothing(int8: list[int], precision: str) -> None:
    choice = choose_precision(answers([0] * 100), answers(int8), [0] * 100)
    assert choice.precision == precision
    assert f"in {'8' if precision == 'int8' else '32'} bits." in choice.reason


def test_a_difference_that_corrects_mistakes_still_counts_as_one() -> None:
    choice = choose_precision(answers([1] * 50 + [0] * 50), answers([0] * 100), [0] * 100)
    assert choice.accuracy == {"float32": 0.5, "int8": 1.0}
    assert (choice.agreement, choice.precision) == (0.5, "float32")


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
    before = predict_all(load(trained.path, Runtime(precision="float32")), dataset.samples)
    for engine in ENGINES:
        runtime = Runtime(engine=engine, precision="int8")
        after = predict_all(load(trained.path, runtime), dataset.samples)
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
    assert np.array_equal(predict_all(predictor, dataset.test), predict_all(same, dataset.test))


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
