"""Biases after rounding to 8 bits."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import ModelProto, numpy_helper

from florist.bundle import Bundle
from florist.dataset import Dataset
from florist.training.correction import _step, correct_biases
from florist.training.quantize import quantize

STEPS = 300


def biases(model: ModelProto) -> dict[str, np.ndarray]:
    """Return the biases that are integers: those of convolutions in 8 bits."""
    constants = model.graph.initializer
    found = {each.name: numpy_helper.to_array(each) for each in constants}
    return {n: v for n, v in found.items() if v.dtype == np.int32 and v.any()}  # no zero points


def shifted(model: ModelProto) -> ModelProto:
    """Return the network with every one of these biases too large."""
    made = ModelProto()
    made.CopyFrom(model)
    for constant in made.graph.initializer:
        if constant.name in biases(model):
            values = numpy_helper.to_array(constant) + np.int32(STEPS)
            constant.CopyFrom(numpy_helper.from_array(values, constant.name))
    return made


def test_what_shifts_a_mean_is_taken_back(
    trained: Bundle, dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures = [sample.load(trained.manifest.spec) for sample in dataset.train]
    given: list[Any] = []
    monkeypatch.setattr(
        "florist.training.quantize.correct_biases", lambda *each: given.extend(each)
    )
    quantize(trained.network("float32"), tmp_path / "plain.onnx", pictures, spared=1)
    plain, original, stacked = given
    assert len(biases(plain)) == 3  # of four convolutions one is spared
    wrong = shifted(plain)
    correct_biases(plain, original, stacked)
    correct_biases(wrong, original, stacked)
    for right, mended in zip(biases(plain).values(), biases(wrong).values(), strict=True):
        assert np.abs(right - mended).max() <= 1
    once = biases(plain)
    correct_biases(plain, original, stacked)
    for first, second in zip(once.values(), biases(plain).values(), strict=True):
        assert np.abs(first - second).max() <= 1


def test_what_is_written_is_corrected(trained: Bundle, dataset: Dataset, tmp_path: Path) -> None:
    pictures = [sample.load(trained.manifest.spec) for sample in dataset.train]
    quantize(trained.network("float32"), tmp_path / "int8.onnx", pictures, spared=1)
    written = biases(onnx.load(tmp_path / "int8.onnx"))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("florist.training.quantize.correct_biases", lambda *_: None)
        quantize(trained.network("float32"), tmp_path / "plain.onnx", pictures, spared=1)
    plain = biases(onnx.load(tmp_path / "plain.onnx"))
    assert written.keys() == plain.keys()
    assert any((written[name] != plain[name]).any() for name in plain)


def test_large_tensors_are_those_of_fewer_pictures() -> None:
    sizes = [2**16, 2**20, 2**22, 2**26]
    assert [_step(64, size) for size in sizes] == [1, 1, 4, 4]
    assert _step(5, 2**26) == 1
