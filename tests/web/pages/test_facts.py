"""What the model page knows, also of folders that others wrote."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from florist.bundle import HISTORY, LABELS, MODEL, REPORT, Bundle, Provenance, write_bundle
from florist.report import Confusion
from florist.training.config import TrainingConfig
from florist.web.pages.charts import HEIGHT, WIDTH, line_chart
from florist.web.pages.facts import facts_of
from florist.web.pages.recipe import recipe_of
from tests.conftest import COLOURS, TRAINED

REPORTED: dict[str, Any] = {
    "pictures": 6,
    "accuracy": 0.5,
    "interval": [0.19, 0.81],
    "top3": 1.0,
    "calibration_error": 0.1,
    "macro_f1": 0.5,
    "classes": [
        {"label": label, "precision": 0.5, "recall": 0.5, "f1": 0.5, "support": 2}
        for label in COLOURS
    ],
    "confusion": [[1, 1, 0], [0, 0, 2], [0, 0, 2]],
    "mistakes": [],
}
HEAD = "epoch,loss,accuracy,val_loss,val_accuracy\n"


def described(
    bundle: Bundle, folder: Path, files: Mapping[str, str], trained: Provenance | None = None
) -> Bundle:
    """Return the colour model with further files in its folder."""

    def write_files(path: Path) -> None:
        for name in (MODEL, LABELS):
            shutil.copy(bundle.path / name, path / name)
        for name, text in files.items():
            (path / name).write_text(text, encoding="utf-8")

    manifest = replace(bundle.manifest, files={}, trained=trained)
    return write_bundle(folder / "model", manifest, write_files)


def test_all_that_training_noted_is_told(bundle: Bundle, tmp_path: Path) -> None:
    history = f"{HEAD}1,1.2,0.3,1.1,0.4\n2,0.8,0.6,0.7,0.7\n3,0.5,0.8,0.9,0.6\n"
    files = {REPORT: json.dumps(REPORTED), HISTORY: history}
    facts = facts_of(described(bundle, tmp_path, files, TRAINED))
    assert facts.recipe == (
        ("Backbone", "tiny"),
        ("Layers of the backbone trained", "all"),
        ("Learning rate", "0.001"),
        ("Mirrored", "yes"),
        ("Accuracy on validation pictures", "85.0\u00a0%"),
        ("Pictures on both sides of the split", "none"),
        ("Digest of the data set", "abc"),
        ("Keras", "3.12 (tensorflow)"),
    )
    assert facts.examples["val"] == {"blue": 3, "green": 3, "red": 3}
    assert facts.created is not None
    assert facts.measured is not None
    assert facts.measured.accuracy == 0.5
    assert facts.measured.confusions == (
        Confusion("green", "red", 2),
        Confusion("blue", "green", 1),
    )
    assert facts.curves is not None
    assert (facts.curves.epochs, facts.curves.best_epoch) == (3, 3)  # as the manifest says


def test_the_kept_epoch_is_the_best_one_where_no_manifest_tells(
    bundle: Bundle, tmp_path: Path
) -> None:
    history = f"{HEAD}1,1.2,0.3,1.1,0.4\n2,0.8,0.6,0.7,0.7\n3,0.5,0.8,0.9,0.6\n"
    curves = facts_of(described(bundle, tmp_path, {HISTORY: history})).curves
    assert curves is not None
    assert (curves.epochs, curves.best_epoch) == (3, 2)


def test_a_bare_folder_has_facts_too(bundle: Bundle) -> None:
    facts = facts_of(bundle)
    assert facts.classes == bundle.manifest.classes
    assert (facts.measured, facts.curves, facts.examples) == (None, None, {})


@pytest.mark.parametrize(
    "report",
    [
        "",
        "[]",
        "{",
        "null",
        json.dumps(REPORTED | {"accuracy": "high"}),
        json.dumps(REPORTED | {"accuracy": float("nan")}),
        json.dumps(REPORTED | {"interval": [1]}),
        json.dumps(REPORTED | {"confusion": [[1]]}),
        json.dumps(REPORTED | {"classes": []}),
        "[" * 100_000,
    ],
)
def test_a_report_of_another_shape_is_left_out(bundle: Bundle, tmp_path: Path, report: str) -> None:
    assert facts_of(described(bundle, tmp_path, {REPORT: report})).measured is None


@pytest.mark.parametrize(
    "history",
    ["", HEAD, "epoch,loss\n1,2\n", f"{HEAD}1,a,b,c,d\n", f"{HEAD}1,1,1,nan,1\n", f"{HEAD}1,1\n"],
)
def test_a_history_of_another_shape_is_left_out(
    bundle: Bundle, tmp_path: Path, history: str
) -> None:
    assert facts_of(described(bundle, tmp_path, {HISTORY: history})).curves is None


@pytest.mark.parametrize(
    "values", [[0.5], [0.5, 0.5], [0.0, 1.0], [1e-9, 3e-9, 2e-9], [-4, 1200, 3], [0.91, 0.93, 0.92]]
)
def test_a_line_stays_inside_its_chart(values: list[float]) -> None:
    chart = line_chart("Loss", {"training": values, "validation": values}, len(values) - 1)
    for points in chart.lines.values():
        for point in points.split():
            x, y = map(float, point.split(","))
            assert chart.left <= x <= chart.right < WIDTH
            assert chart.top <= y <= chart.bottom < HEIGHT
    assert 2 <= len(chart.up) <= 9
    assert chart.lines["validation"].split()[-1] == f"{chart.best[0]},{chart.best[1]}"


def test_the_best_epoch_is_marked_where_it_is() -> None:
    chart = line_chart("Accuracy", {"training": [0, 1, 2], "validation": [0, 2, 1]}, 1)
    assert chart.best == ((chart.left + chart.right) / 2, chart.top)
    assert chart.best_value == 2


@pytest.mark.parametrize(
    ("recipe", "lines"),
    [
        ({"augmentation": {"rotation": 20.0, "shift": 0.1}}, ["20°", "10\u00a0%"]),
        ({"unfreeze": 15, "max_megapixels": 50.0}, ["the last 15", "50 megapixels"]),
        ({"dropout": "much", "rotation": None, "shift": [0.1, 2]}, ["much", "–", "0.1, 2"]),
        ({"{}": "{0}", "learning_rate": "{"}, ["{0}", "{"]),
    ],
)
def test_a_recipe_says_what_its_numbers_are(recipe: dict[str, object], lines: list[str]) -> None:
    told = recipe_of(replace(TRAINED, recipe=recipe))
    assert [value for _, value in told[: len(lines)]] == lines


def test_every_option_of_a_recipe_has_a_name_for_people() -> None:
    names = [name for name, _ in recipe_of(replace(TRAINED, recipe=asdict(TrainingConfig())))]
    raw = {"Batch size", "Max megapixels", "Class weight", "Augmentation flip", "Unfreeze"}
    assert not raw & set(names)
    assert len(set(names)) == len(names)


POINT = {"least": 0.9, "answered": 0.7, "error": 0.01, "bound": 0.018}


@pytest.mark.parametrize(
    ("refusal", "points"),
    [
        ({"curve": {"pictures": 120, "points": [POINT]}}, 1),
        (None, None),
        ({"curve": {"pictures": 120, "points": [POINT | {"bound": 2}]}}, None),
        ({"curve": {"pictures": 0, "points": []}}, None),
        ("3", None),
    ],
)
def test_what_it_costs_to_be_sure_is_checked(
    bundle: Bundle, tmp_path: Path, refusal: Any, points: int | None
) -> None:
    report = json.dumps(REPORTED | {"refusal": refusal})
    facts = facts_of(described(bundle, tmp_path, {REPORT: report}))
    assert facts.measured is not None
    assert (facts.refusal and len(facts.refusal.points)) == points
