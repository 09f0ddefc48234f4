"""What training leaves behind to say "none of these" with."""

import json
from pathlib import Path

import numpy as np
import pytest

from florist.bundle import PICTURES, TRUST, Bundle
from florist.confidence.refusal import Refusal, Validated
from florist.confidence.verdict import Judge
from florist.dataset import Dataset, Sample, scan
from florist.engine import ENGINES, Runtime
from florist.errors import TrainingError
from florist.explaining import Explainer, Explanation
from florist.prediction import load
from florist.training import train, trust
from florist.training.promise import promise_of
from florist.training.trust import bank_samples
from tests.conftest import FOREIGN, noisy_picture, write_colours
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

    promised = json.loads((bundle.path / "report.json").read_text())["refusal"]
    assert promised["max_error"] is None
    assert promised["reason"].startswith("It cannot promise that at most 2 % of its answers")
    assert promised["reason"] in said.said
    assert promised["reason"] in (bundle.path / "README.md").read_text()
    curve = Refusal.from_dict(promised["curve"])
    assert (curve.pictures, bool(curve.points)) == (6, True)

    runtimes = [Runtime(engine=name, precision="float32") for name in ENGINES]
    predictors = [load(bundle.path, each) for each in (*runtimes, Runtime(precision="int8"))]
    assert [each.judge.none for each in predictors] == [pytest.approx(0.1)] * 3
    assert curve in [each.judge.refusal for each in predictors]
    paths = [sample.path for sample in dataset.val]
    familiar = [[p.result(path).familiarity for path in paths] for p in predictors]
    # Of seven, each is as rare as its place among the six says, but for the last bits.
    ranks = [n / 7 for n in range(2, 8)]
    for each in familiar:
        places = sorted(value for value in each if value is not None)
        assert places == pytest.approx(ranks, abs=0.15)
    noise = np.random.default_rng(0).integers(0, 256, (96, 96, 3), np.uint8)
    assert [each.result(noise).familiarity for each in predictors] == [pytest.approx(1 / 7)] * 3


def test_foreign_pictures_beside_the_classes_are_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trust, "ENOUGH", 2)
    root = write_colours(tmp_path / "colours", per_class=14)
    for seed in range(3):
        (root / "_none" / "pink").mkdir(parents=True, exist_ok=True)
        noisy_picture(FOREIGN, seed).save(root / "_none" / "pink" / f"{seed}.png")
    said = Recording()
    bundle = train(scan(root), quick(epochs=1, none=0.2), tmp_path / "model", listener=said)
    assert bundle.manifest.classes == ("blue", "green", "red")
    assert "pink" not in (bundle.path / "split.csv").read_text()
    found = json.loads((bundle.path / "report.json").read_text())["foreign"]
    assert [(each["name"], each["pictures"]) for each in found["sets"]] == [("pink", 3)]
    assert any(each.startswith("Of 3 foreign pictures ") for each in said.said)


def test_few_pictures_do_not_know_what_is_none_of_these(trained: Bundle) -> None:
    found = json.loads((trained.path / "report.json").read_text())["none"]
    assert found["none"] is None
    assert load(trained.path).judge.familiarity is None
    sentence = "It answers with one of its 3 classes whatever it is shown: 6 validation pictures"
    assert found["reason"].startswith(sentence)
    assert sentence in (trained.path / "README.md").read_text()


def test_similar_pictures_take_no_validation_pictures(trained: Bundle, dataset: Dataset) -> None:
    known = dataset.train[0]
    found = Explainer(load(trained.path)).result(known.path)
    assert isinstance(found, Explanation)
    assert (found.verdict != "none", found.familiarity) == (True, None)
    assert len(found.similar) == 5
    assert found.similar[0].picture.name == known.name
    assert found.similar[0].similarity == pytest.approx(1, abs=0.01)


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


def test_errors_that_so_few_pictures_cannot_promise_end_before_the_training(
    dataset: Dataset, tmp_path: Path
) -> None:
    with pytest.raises(TrainingError, match=r"takes 114 validation pictures .* there are 6\."):
        train(dataset, quick(epochs=1, max_error=0.02), tmp_path / "model", listener=Recording())
    assert list(tmp_path.iterdir()) == []


def test_without_none_the_card_says_what_that_means() -> None:
    said = trust.trust_of(0, 150)
    assert said.none is None
    assert said.reason.startswith("It answers with one of its classes whatever it is shown, as")
    assert "150" in trust.trust_of(0.05, 150).reason


@pytest.mark.parametrize(
    ("max_error", "said"),
    [
        (None, "With `--max-error 0.02` it would answer 87% of pictures like its 400 validation"),
        (0.05, "With `--max-error 0.05` it answers 95% of pictures like its 400 validation"),
        (
            0.004,
            "575 validation pictures, all of them right, could; there are 400. So it is unsure",
        ),
    ],
)
def test_what_is_promised_is_said_with_its_price(max_error: float | None, said: str) -> None:
    best = np.linspace(0.4, 1, 400).astype(np.float32)
    truth = np.where(np.arange(400) % 3 + np.arange(400) // 60 < 1, 0, best).astype(np.float32)
    found = {"float32": Validated(best=best, truth=truth, familiarity=np.ones(400, np.float32))}
    promise = promise_of(Judge(validated=found, max_error=max_error))
    assert promise is not None
    assert said in promise.reason
    assert promise.max_error == max_error
