"""The pictures of a training, whatever the classes are called and however many there are."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from florist.dataset import Sample
from florist.evaluation import measure
from florist.report import Report
from florist.training.plots import drawable, plot_confusion


def report_of(classes: list[str]) -> Report:
    samples = [
        Sample(path=Path("x"), name=f"{n}.png", label=n, sha256="") for n in range(len(classes))
    ]
    answers = np.roll(np.eye(len(classes), dtype=np.float32), 1, axis=0)
    return measure(answers, samples, classes)


# A warning, of a missing glyph for instance, is an error in tests.
@pytest.mark.parametrize(
    "classes",
    [
        ["🌹", "tulip 🌷", "$\\frac$", "a_$b", "گل", "薔薇", "\N{ZERO WIDTH JOINER}x"],
        [f"class {n} {'🌻' if n % 2 else ''}" for n in range(61)],
        ["long" * 60, "short"],
    ],
    ids=["strange", "many", "long"],
)
def test_every_class_can_be_drawn(classes: list[str], tmp_path: Path) -> None:
    plot_confusion(report_of(classes), tmp_path / "confusion.png")
    with Image.open(tmp_path / "confusion.png") as picture:
        assert min(picture.size) > 400


def test_the_plot_does_not_grow_with_the_classes(tmp_path: Path) -> None:
    sizes = []
    for count in (61, 1000):
        plot_confusion(report_of([f"class {n}" for n in range(count)]), tmp_path / "plot.png")
        with Image.open(tmp_path / "plot.png") as picture:
            sizes.append(picture.size)
    assert sizes[0] == sizes[1]


def test_what_no_font_has_is_told_apart_by_its_number() -> None:
    assert drawable(["🌹", "rose", "🌷 tulip", "🌻"]) == ["1: □", "rose", "3: □ tulip", "4: □"]
