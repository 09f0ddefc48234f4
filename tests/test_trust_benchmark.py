"""The figures of "none of these", by hand, and the pictures that they are measured on."""

from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from benchmarks.explaining import flower_scene
from benchmarks.foreign import drawn, noise, scene, shapes, text, words
from benchmarks.goals import goals, labels_goals
from benchmarks.labels import average_precision
from benchmarks.report import write
from benchmarks.trust import fpr95

SEED: dict[str, Any] = {
    "pictures": {"test": 100, "noise": 150, "wallpapers": 136},
    "kept": 0.95,
    "caught": {"noise": 1.0, "wallpapers": 0.9},
    "auroc": {"noise": 1.0, "wallpapers": 0.98},
    "fpr95": {"noise": 0.0, "wallpapers": 0.08},
    "scores": {
        "temperature": 1.3, "error": 0.03, "floor": 0.025, "log_loss": 0.2, "raw_log_loss": 0.21,
    },
    "refusal": {"answered": 0.8, "error": 0.012, "covered": 0.951, "set_size": 1.1},
    "judge_share": 0.01,
    "explanation": {"float32": 1.2, "int8": 1.3},
    "kb": 331.0,
}  # fmt: skip
MACHINE = {"cpu": "x", "cores": 2, "vnni": True, "python": "3", "versions": {}}


def test_what_passes_is_counted_where_95_percent_are_kept() -> None:
    familiar = np.linspace(0.01, 1, 100)
    assert fpr95(familiar, np.array([0.01, 0.03, 0.5, 0.06])) == pytest.approx(0.5)


@pytest.mark.parametrize("draw", [noise, partial(text, words=words()), shapes, scene])
def test_a_set_has_pictures_that_differ_and_come_again(draw: object) -> None:
    first, again = (list(islice(drawn(draw), 4)) for _ in range(2))  # type: ignore[arg-type]
    assert all(one.tobytes() == other.tobytes() for one, other in zip(first, again, strict=True))
    assert len({picture.convert("RGB").tobytes() for picture in first}) == 4


def test_the_tables_are_written_from_the_results(tmp_path: Path) -> None:
    about = {"measured": "2026-01-02", "machine": MACHINE}
    results: dict[str, dict[str, Any]] = {
        "trust": {"seeds": [SEED, SEED], **about},
        "trust tiny": {**SEED, "flower": {"pictures": 9, "map": 0.8, "places": 0.3}, **about},
        "trust left out": {
            "classes": {
                "rose": {"pictures": 5, "auroc": 0.81, "caught": 0.25},
                "tulip": {"pictures": 7, "auroc": 0.85, "caught": 0.3},
            },
            **about,
        },
    }
    reached = {what: (goal, found) for what, goal, found in goals(results)}
    assert reached["scores, mean of 2: calibration error beyond its floor"] == ("≤ 0.010", "0.005")
    assert reached["scores: seeds whose log loss the temperature lowers"] == ("2", "2")
    assert reached["foreign pictures: the lowest, wallpapers"] == ("≥ 0.96", "0.980")
    assert reached["`tiny`, caught: noise"] == ("≥ 90 %", "100.0%")
    assert reached["`--max-error 0.02`: wrong answers on test pictures"] == ("≤ 2 %", "1.2%")
    assert reached["a class left out: AUROC, mean of 2"] == ("≥ 0.80", "0.830")
    assert reached["`tiny`, int8: an explanation with its overlay"] == ("≤ 1.5 predictions", "1.30")
    of_map = "`tiny`, why: of the map in places that show the plant, 30% of all"
    assert reached[of_map] == ("≥ 70 %", "80.0%")
    write(results, tmp_path)
    assert "| tulip | 7 | 0.850 | 30.0% |" in (tmp_path / "benchmarks.md").read_text()
    assert "| wallpapers | 136 | 0.980 | 8.0% | 90.0% |" in (tmp_path / "benchmarks.md").read_text()


def test_a_scene_says_where_its_flower_is() -> None:
    picture, plant = flower_scene("sunflower", np.random.default_rng(3))
    assert picture.size == (160, 160)
    assert plant.shape == (320, 320)
    assert 0.05 < plant.mean() < 0.6


def test_what_is_not_named_counts_as_not_found() -> None:
    named = np.array([True, False, True])
    assert average_precision(named, 2) == pytest.approx((1 + 2 / 3) / 2)
    assert average_precision(named, 4) == pytest.approx((1 + 2 / 3) / 4)


def test_the_goals_of_labels_are_means() -> None:
    seed = {"pictures": 100, "wrong": 5, "average_precision": 0.8, "first": 50, "seconds": 4.0}
    found = {"seeds": [seed, seed | {"average_precision": 0.9}]}
    assert [(goal, shown) for _, goal, shown in labels_goals(found)] == [
        ("≥ 0.85", "0.850"), ("", "50.0"), ("≤ 5 s", "4.0 s"),
    ]  # fmt: skip
