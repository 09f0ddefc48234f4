"""What training leaves behind to say "none of these" with."""

import json
from pathlib import Path

import numpy as np
import pytest

from florist.bundle import PICTURES, TRUST, Bundle
from florist.dataset import Dataset, Sample
from florist.engine import ENGINES, Runtime
from florist.prediction import load
from florist.training import train, trust
from florist.training.trust import bank_samples
from tests.training.conftest import Recording, quick


def test_every_engine_and_precision_says_how_familiar_a_picture_is(
    dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trust, "ENOUGH", 2)
    said = Recording()
    config = quick(epochs=1, none=0.1, pictures=False)
    bundle = train(dataset, config, tmp_path / "model", listener=said)
    assert PICTURES not in bundle.manifest.files
    found = json.loads((bundle.path / "report.json").read_text())["none"]
    assert (found["none"], found["pictures"]) == (0.1, 6)
    assert "stranger than all but 10.0% of 6 validation pictures" in found["reason"]
    assert found["reason"] in said.said
    assert f"- {found['reason']}" in (bundle.path / "README.md").read_text()
    assert (bundle.path / TRUST).stat().st_size < 100_000

    runtimes = [Runtime(engine=name, precision="float32") for name in ENGINES]
    predictors = [load(bundle.path, each) for each in (*runtimes, Runtime(precision="int8"))]
    assert [each.judge.none for each in predictors] == [pytest.approx(0.1)] * 3
    paths = [sample.path for sample in dataset.val]
    familiar = [[p.result(path).familiarity for path in paths] for p in predictors]
    # Of seven, each is as rare as its place among the six says, but for the last bits.
    ranks = [n / 7 for n in range(2, 8)]
    for each in familiar:
        places = sorted(value for value in each if value is not None)
        assert places == pytest.approx(ranks, abs=0.15)
    noise = np.random.default_rng(0).integers(0, 256, (96, 96, 3), np.uint8)
    assert [each.result(noise).familiarity for each in predictors] == [pytest.approx(1 / 7)] * 3


def test_with_few_pictures_it_is_left_out_and_said(trained: Bundle) -> None:
    found = json.loads((trained.path / "report.json").read_text())["none"]
    assert found["none"] is None
    assert TRUST not in trained.manifest.files
    sentence = "It answers with one of its 3 classes whatever it is shown: 6 validation pictures"
    assert found["reason"].startswith(sentence)
    assert sentence in (trained.path / "README.md").read_text()


def test_the_bank_has_of_every_class_alike_and_is_bounded() -> None:
    samples = [
        Sample(path=Path("x"), name="", label=number % 2, sha256=f"{number * 7919 % 5000:04}")
        for number in range(5000)
    ]
    chosen = bank_samples(samples, 2)
    assert [sum(each.label == label for each in chosen) for label in (0, 1)] == [500, 500]
    assert chosen == bank_samples(samples[::-1], 2)  # whatever their order
    assert len(bank_samples(samples[:10], 2)) == 10
    assert len(bank_samples([samples[0], samples[1]], 5000)) == 2
