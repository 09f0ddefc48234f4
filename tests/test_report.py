"""A report comes back as it was written, and what cannot be is refused."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from florist import checks
from florist.dataset import Sample
from florist.evaluation import measure
from florist.report import Confusion, Report

# As schema 1 wrote it: a matrix, and 0 for what is not known of a class without pictures.
OLD: dict[str, Any] = {
    "side": "test",
    "pictures": 6,
    "accuracy": 0.5,
    "interval": [0.19, 0.81],
    "top3": 1.0,
    "macro_f1": 0.5,
    "calibration_error": 0.1,
    "classes": [
        {"label": "blue", "precision": 0.4, "recall": 0.5, "f1": 0.4, "support": 4},
        {"label": "green", "precision": 0.5, "recall": 0.5, "f1": 0.5, "support": 2},
        {"label": "red", "precision": 0.0, "recall": 0.0, "f1": 0.0, "support": 0},
    ],
    "confusion": [[2, 1, 1], [1, 1, 0], [0, 0, 0]],
    "mistakes": [{"name": "a.png", "label": "blue", "predicted": "red", "score": 0.9}],
}
NEW: dict[str, Any] = Report.from_dict(OLD).to_dict()
CLASSES = OLD["classes"]


def bin_of(pictures: int, confidence: float = 0.9) -> dict[str, Any]:
    return {"pictures": pictures, "confidence": confidence, "accuracy": 0.5}


def measured(answers: int, hits: int, classes: list[str], labels: list[int]) -> Report:
    """Return the report of a model that is right on the first `hits` pictures."""
    samples = [
        Sample(path=Path("x"), name=f"{i}.png", label=n, sha256="") for i, n in enumerate(labels)
    ]
    found = np.full((answers, len(classes)), 0.1, np.float32)
    for index, label in enumerate(labels):
        found[index, label if index < hits else (label + 1) % len(classes)] = 0.9
    return measure(found, samples, classes)


def test_what_schema_1_wrote_is_read() -> None:
    report = Report.from_dict(OLD)
    assert report.matrix() == OLD["confusion"]
    assert [each.count for each in report.confusions] == [1, 1, 1]
    red = report.classes[2]
    assert (red.precision, red.recall, red.f1, red.support) == (None, None, None, 0)
    assert report.top3 is None  # among three, with three classes: that says nothing


def test_it_comes_back_as_it_was_written() -> None:
    labels = list(range(5)) * 4
    report = measured(20, 13, ["a", "b", "c", "d", "e"], labels)
    again = Report.from_dict(json.loads(json.dumps(report.to_dict())))
    assert again == report
    assert again.top3 is not None
    assert again.reliability is not None
    assert "with perfect scores it would be" in again.calibration


def test_what_an_older_florist_did_not_measure_is_not_said() -> None:
    report = Report.from_dict(OLD)
    assert report.reliability is None
    assert report.calibration == "calibration error 0.100"


def test_a_thousand_classes_take_no_million_numbers() -> None:
    classes = [f"class {n:03}" for n in range(1000)]
    report = measured(2000, 1900, classes, list(range(1000)) * 2)
    assert len(report.confusions) == 100
    assert len(json.dumps(report.to_dict())) < 200_000
    assert Report.from_dict(report.to_dict()) == report


@pytest.mark.parametrize(
    ("hits", "labels", "beats", "says"),
    [
        (19, [0] * 10 + [1] * 10, True, "Always answering a would be right on 50.0%."),
        (12, [0] * 10 + [1] * 10, False, "50.0%, which the interval includes: no better than"),
        (0, [0] * 15 + [1] * 5, False, "75.0%: the model does worse than that."),
    ],
)
def test_it_compares_with_guessing(hits: int, labels: list[int], beats: bool, says: str) -> None:
    report = measured(20, hits, ["a", "b", "c"], labels)
    assert report.beats_guessing == beats
    assert says in report.compared_with_guessing


@pytest.mark.parametrize(("classes", "known"), [(2, False), (3, False), (4, True)])
def test_among_three_is_said_of_more_than_three_classes(classes: int, known: bool) -> None:
    report = measured(4, 4, [f"{n}" for n in range(classes)], [0, 1, 0, 1])
    assert (report.top3 is not None) == known


@pytest.mark.parametrize(
    "changes",
    [
        {"accuracy": float("nan")},
        {"accuracy": "high"},
        {"accuracy": 1.5},
        {"accuracy": 0.9},  # the confusions say 0.5
        {"pictures": 0},
        {"pictures": -6},
        {"pictures": 6.0},
        {"pictures": True},
        {"pictures": 7},
        {"interval": [0.5]},
        {"interval": [0.7, 0.8]},
        {"interval": [0.1, float("inf")]},
        {"calibration_error": None},
        {"reliability": {"floor": 0.1, "bins": [bin_of(5)]}},  # of six pictures
        {"reliability": {"floor": 2, "bins": [bin_of(6)]}},
        {"reliability": {"floor": 0.1, "bins": [bin_of(-1), bin_of(7)]}},
        {"reliability": {"floor": 0.1, "bins": [bin_of(6, float("nan"))]}},
        {"reliability": {"floor": 0.1, "bins": 6}},
        {"reliability": [0.1]},
        {"classes": []},
        {"classes": CLASSES[:2]},
        {"classes": [CLASSES[0], CLASSES[1], CLASSES[1]]},
        {"classes": [CLASSES[0], CLASSES[1], CLASSES[2] | {"label": "\ud800"}]},
        {"classes": [CLASSES[0], CLASSES[1], CLASSES[2] | {"label": "\x1b[2J"}]},
        {"classes": [CLASSES[0] | {"support": -4}, *CLASSES[1:]]},
        {"classes": [CLASSES[0] | {"recall": -0.1}, *CLASSES[1:]]},
        {"classes": None},
        {"mistakes": [{"name": "\x00", "label": "blue", "predicted": "red", "score": 0.9}]},
        {"mistakes": [{"name": "a", "label": "violet", "predicted": "red", "score": 0.9}]},
        {"mistakes": [{"name": "a", "label": [], "predicted": "red", "score": 0.9}]},
        {"mistakes": [{"name": "a", "label": "blue", "predicted": "red", "score": 9}]},
    ],
)
@pytest.mark.parametrize("whole", [OLD, NEW], ids=["schema 1", "schema 2"])
def test_what_cannot_be_is_refused(whole: dict[str, Any], changes: dict[str, Any]) -> None:
    with pytest.raises(checks.NOT_AS_EXPECTED):
        Report.from_dict(whole | changes)


@pytest.mark.parametrize(
    "confusions",
    [
        [["blue", "red", 3]],
        [{"label": "blue", "predicted": "red", "count": 10**400}],
        [{"label": "blue", "predicted": "violet", "count": 3}],
        [{"label": "blue", "predicted": "blue", "count": 3}],
        [{"label": "blue", "predicted": "red", "count": 0}],
        [{"label": "blue", "predicted": "red", "count": -1}],
        [{"label": "blue", "predicted": "red", "count": 5}],
        [{"label": "green", "predicted": "red", "count": 3}],
        [{"label": "blue", "predicted": "red", "count": 2}] * 2,
        None,
        3,
    ],
)
def test_confusions_that_cannot_be_are_refused(confusions: Any) -> None:
    with pytest.raises(checks.NOT_AS_EXPECTED):
        Report.from_dict(NEW | {"confusions": confusions})


@pytest.mark.parametrize("matrix", [[], [[1]], [[2, 1, 1]] * 4, [[2, -1, 1], [1, 1, 0], [0, 0, 0]]])
def test_a_matrix_of_another_shape_is_refused(matrix: Any) -> None:
    with pytest.raises(checks.NOT_AS_EXPECTED):
        Report.from_dict(OLD | {"confusion": matrix})


def test_the_most_frequent_confusion_comes_first() -> None:
    report = replace(Report.from_dict(OLD), confusions=())
    assert report.matrix() == [[4, 0, 0], [0, 2, 0], [0, 0, 0]]
    raw = OLD | {"confusion": [[2, 0, 2], [1, 1, 0], [0, 0, 0]]}
    assert Report.from_dict(raw).confusions == (
        Confusion("blue", "red", 2),
        Confusion("green", "blue", 1),
    )
