"""Figures against ones that were worked out by hand."""

from pathlib import Path

import numpy as np
import pytest

from florist.bundle import Bundle
from florist.confidence.verdict import Verdict, Verdicts
from florist.dataset import Sample, read_labelled
from florist.evaluation import Judged, evaluate, measure
from florist.prediction import load
from florist.report import ClassScores, Confusion, Report


def samples(labels: list[int]) -> list[Sample]:
    return [
        Sample(path=Path("x"), name=f"{i}.png", label=label, sha256="")
        for i, label in enumerate(labels)
    ]


def test_figures() -> None:
    probabilities = np.array(
        [
            [0.9, 0.05, 0.03, 0.02],
            [0.6, 0.3, 0.06, 0.04],
            [0.1, 0.7, 0.1, 0.1],
            [0.4, 0.3, 0.2, 0.1],
        ],
        np.float32,
    )
    report = measure(probabilities, samples([0, 1, 1, 3]), ["a", "b", "c", "d"])
    assert report.pictures == 4
    assert report.accuracy == 0.5
    assert report.top3 == 0.75
    assert report.matrix() == [[1, 0, 0, 0], [1, 1, 0, 0], [0, 0, 0, 0], [1, 0, 0, 0]]
    assert report.confusions == (Confusion("b", "a", 1), Confusion("d", "a", 1))
    first, second, third, fourth = report.classes
    assert (first.precision, first.recall, first.support) == (1 / 3, 1.0, 1)
    assert (second.precision, second.recall, second.f1) == (1.0, 0.5, 2 / 3)
    assert third == ClassScores("c", None, None, None, 0)  # no pictures: nothing is known
    assert (fourth.recall, fourth.precision, fourth.f1) == (0, None, 0)  # never predicted
    assert [scores.label for scores in report.weakest_first()] == ["d", "a", "b", "c"]
    assert report.macro_f1 == pytest.approx((0.5 + 2 / 3 + 0) / 3)  # classes that have pictures
    # Each picture is alone in its bin: (0.1 + 0.6 + 0.3 + 0.4) / 4.
    assert report.calibration_error == pytest.approx(0.35)
    assert report.interval == pytest.approx((0.1500, 0.8500), abs=1e-3)
    assert [(m.name, m.label, m.predicted) for m in report.mistakes] == [
        ("1.png", "b", "a"),
        ("3.png", "d", "a"),
    ]


def test_all_right_and_all_wrong_have_sensible_intervals() -> None:
    right = measure(np.eye(3, dtype=np.float32), samples([0, 1, 2]), ["a", "b", "c"])
    assert right.interval[1] == 1
    assert right.interval[0] == pytest.approx(0.4385, abs=1e-3)
    wrong = measure(np.eye(3, dtype=np.float32), samples([1, 2, 0]), ["a", "b", "c"])
    assert wrong.accuracy == wrong.interval[0] == 0


def test_through_the_model_that_is_served(bundle: Bundle, colours: Path) -> None:
    steps: list[int] = []
    report = evaluate(
        load(bundle.path),
        read_labelled(colours).samples,
        progress=lambda stage, done, total: steps.append(done),
    )
    assert report.accuracy == 1
    assert steps == list(range(1, 31))


def test_verdicts_are_counted_and_come_back() -> None:
    probabilities = np.eye(3, dtype=np.float32)[[0, 1, 1, 2, 0]]
    verdicts: list[Verdict] = ["answer", "answer", "answer", "unsure", "none"]
    judged = [Judged(each, None) for each in verdicts]
    report = measure(probabilities, samples([0, 1, 2, 0, 0]), ["a", "b", "c"], judged)
    assert report.verdicts == Verdicts(answer=3, unsure=1, none=1, right=2)
    said = "Answers 60.0% of 5 pictures, right on 66.7% of those; unsure of 1, none of these 1."
    assert report.verdicts.summary == said
    raw = report.to_dict()
    assert Report.from_dict(raw) == report
    for wrong in ({"right": 4}, {"none": 2}, {"unsure": -1}):
        with pytest.raises(ValueError, match=r"verdicts|expected"):
            Report.from_dict(raw | {"verdicts": raw["verdicts"] | wrong})
