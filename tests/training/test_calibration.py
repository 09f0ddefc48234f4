"""The temperature is in the weights: every file of the network answers with it."""

import json
from pathlib import Path

import numpy as np
import pytest

from florist.confidence import temperature
from florist.confidence.temperature import log_loss
from florist.dataset import Dataset
from florist.engine import ENGINES, LOGITS, PROBABILITIES, Runtime, load_engine
from florist.evaluation import predict_all
from florist.prediction import load
from florist.training import train
from florist.training.network import build_network, divide_logits
from tests.training.conftest import Recording, quick


def test_logits_become_smaller_by_the_temperature() -> None:
    network = build_network(quick(), 4)
    pictures = np.random.default_rng(0).integers(0, 256, (2, 96, 96, 3), np.uint8)
    before = network.whole().predict_on_batch(pictures)
    divide_logits(network.head, 2.5)
    after = network.whole().predict_on_batch(pictures)
    np.testing.assert_allclose(after[LOGITS], before[LOGITS] / 2.5, rtol=1e-5)
    ratio = np.log(after[PROBABILITIES] / after[PROBABILITIES][:, :1])
    assert ratio == pytest.approx(
        np.log(before[PROBABILITIES] / before[PROBABILITIES][:, :1]) / 2.5, abs=1e-4
    )


def test_every_engine_and_precision_answers_calibrated_scores(
    dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(temperature, "ENOUGH", 2)
    said = Recording()
    bundle = train(dataset, quick(), tmp_path / "model", listener=said)
    report = json.loads((bundle.path / "report.json").read_text())
    found = report["calibration"]
    assert found["temperature"] != 1
    assert found["reason"] in said.said
    assert found["reason"] in (bundle.path / "README.md").read_text()
    assert (bundle.path / "reliability.png").stat().st_size > 1000
    assert report["reliability"]["floor"] > 0

    probabilities, _ = predict_all(load(bundle.path, Runtime(precision="float32")), dataset.val)
    logits = np.log(probabilities)
    labels = np.array([sample.label for sample in dataset.val])
    assert log_loss(logits * found["temperature"], labels) == pytest.approx(found["raw"], rel=0.01)
    assert log_loss(logits, labels) < found["raw"]
    pixels = dataset.val[0].load(bundle.manifest.spec)[np.newaxis]
    answers = [
        load_engine(bundle, Runtime(engine=engine, precision=precision)).run(pixels)[PROBABILITIES]
        for engine, precision in (*((name, "float32") for name in ENGINES), ("openvino", "int8"))
    ]
    for each in answers[1:]:
        assert each == pytest.approx(answers[0], abs=0.1)
