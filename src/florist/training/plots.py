"""The pictures of a training. Drawn without pyplot, so nothing global is touched."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont, get_font, get_font_names
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from florist.report import Report

_TRAIN, _VAL, _BEST = "#7a8b99", "#b5305a", "#2e7d4f"
_MOST_WRITTEN: Final = 25
"""Classes up to which a confusion matrix has its counts written into it."""

_MOST_NAMED: Final = 60
"""Classes up to which its rows and columns have names; beyond, nobody could read them."""

_MOST_LISTED: Final = 25
_LONGEST: Final = 28
_WIDER: Final = (
    *("Noto Sans CJK JP", "Noto Sans CJK SC", "Hiragino Sans", "PingFang SC", "Yu Gothic"),
    *("Microsoft YaHei", "Malgun Gothic", "WenQuanYi Zen Hei", "Noto Sans Devanagari"),
)
"""Fonts of Linux, macOS and Windows with letters that DejaVu Sans, which is always there, lacks."""


def plot_training(history: Sequence[dict[str, float]], best_epoch: int, path: Path) -> None:
    """Draw loss and accuracy of both sides over the epochs, the best epoch (from 0) marked."""
    figure = Figure(figsize=(10, 4), layout="constrained", dpi=130)
    loss, accuracy = figure.subplots(1, 2)
    _curves(loss, history, "loss", best_epoch)
    _curves(accuracy, history, "accuracy", best_epoch)
    loss.set_ylim(bottom=0)
    accuracy.set_ylim(top=1.005)
    loss.legend(frameon=False)
    figure.savefig(path)


def _curves(axes: Axes, history: Sequence[dict[str, float]], name: str, best_epoch: int) -> None:
    epochs = range(1, len(history) + 1)
    best = history[best_epoch][f"val_{name}"]
    marker = "o" if len(history) == 1 else None
    axes.plot(epochs, [e[name] for e in history], color=_TRAIN, label="training", marker=marker)
    axes.plot(epochs, [e[f"val_{name}"] for e in history], color=_VAL, label="validation")
    axes.axvline(best_epoch + 1, color=_BEST, linewidth=1, linestyle=":")
    axes.plot(best_epoch + 1, best, "o", color=_BEST, label="the epoch that is kept")
    shown = f"{best:.1%}" if name == "accuracy" else f"{best:.3f}"
    axes.set_title(f"{name.capitalize()}: {shown} on validation in epoch {best_epoch + 1}")
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)


def plot_confusion(report: Report, path: Path) -> None:
    """Draw how many pictures of each class (rows) were taken for each class (columns).

    With many classes it is a heat map beside a list of the most frequent confusions.
    """
    few = len(report.classes) <= _MOST_WRITTEN
    side = max(4.0, 3 + 0.55 * len(report.classes)) if few else 11.0
    figure = Figure(figsize=(side + (1 if few else 6), side), layout="constrained", dpi=130)
    if few:
        axes = figure.subplots()
    else:
        axes, beside = figure.subplots(1, 2, width_ratios=[11, 5])
        _list_confusions(beside, report)
    counts = np.array(report.matrix())
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    image = axes.imshow(shares, cmap="Greens", vmin=0, vmax=1)
    figure.colorbar(image, ax=axes, shrink=0.7, label="share of the class")
    axes.set_xlabel("predicted")
    axes.set_ylabel("actual")
    axes.set_title(f"{report.pictures} test pictures, {report.accuracy:.1%} right")
    _name_classes(axes, report)
    if few:
        _write_counts(axes, counts, shares)
    figure.savefig(path)


def plot_reliability(report: Report, path: Path) -> None:
    """Draw the share of right answers over their score; on the diagonal both are the same."""
    measured = report.reliability
    if measured is None:
        return
    figure = Figure(figsize=(5.5, 5.5), layout="constrained", dpi=130)
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color=_TRAIN, linewidth=1, linestyle=":")
    shown = [each for each in measured.bins if each.pictures]
    width = 1 / len(measured.bins)
    for each in shown:
        axes.bar(each.confidence, each.accuracy, 0.7 * width, color=_BEST, alpha=0.8)
        axes.text(each.confidence, 0.02, str(each.pictures), ha="center", fontsize=7)
    axes.set_xlim(0, 1 + width / 2)
    axes.set_ylim(0, 1.02)
    axes.set_xlabel("score of the answer")
    axes.set_ylabel("share of right answers; below, how many there are")
    axes.set_title(
        f"Calibration error {report.calibration_error:.3f}; of perfect scores {measured.floor:.3f}"
    )
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path)


def _name_classes(axes: Axes, report: Report) -> None:
    names = drawable(report.labels) if len(report.classes) <= _MOST_NAMED else []
    # A dollar sign in a folder's name begins no formula.
    ticks: dict[str, Any] = {"parse_math": False, "fontfamily": _families()}
    ticks["fontsize"] = 10 if len(names) <= _MOST_WRITTEN else 7
    axes.set_xticks(range(len(names)), names, rotation=45, ha="right", **ticks)
    axes.set_yticks(range(len(names)), names, **ticks)


def _write_counts(axes: Axes, counts: NDArray[np.int64], shares: NDArray[np.float64]) -> None:
    for (row, column), count in np.ndenumerate(counts):
        dark = shares[row, column] > 0.5
        colour = "white" if dark else "black" if count else "#b0b0b0"
        axes.text(column, row, str(count), ha="center", va="center", color=colour)


def _list_confusions(axes: Axes, report: Report) -> None:
    axes.set_axis_off()
    axes.set_title("Most often wrong", loc="left")
    names = dict(zip(report.labels, drawable(report.labels), strict=True))
    for line, each in enumerate(report.confusions[:_MOST_LISTED]):
        said = f"{each.count}×  {names[each.label]} → {names[each.predicted]}"
        axes.text(
            0, 1 - (line + 1) / (_MOST_LISTED + 1), said, parse_math=False, fontfamily=_families()
        )


def drawable(names: Sequence[str]) -> list[str]:
    """Return names that are not too long, and that the fonts of this machine can draw.

    What they cannot, an emoji for instance, becomes □, after the number of the class in
    `labels.txt` by which it can be told from others.
    """
    known = set().union(*(get_font(findfont(family)).get_charmap() for family in _families()))
    shown = []
    for number, name in enumerate(names, start=1):
        said = "".join(c if ord(c) in known else "□" for c in name)
        said = said if said == name else f"{number}: {said}"
        shown.append(said if len(said) <= _LONGEST else f"{said[: _LONGEST - 1]}…")
    return shown


@cache
def _families() -> list[str]:
    """Return matplotlib's own font, and what is installed for scripts that it lacks."""
    installed = set(get_font_names())
    return ["DejaVu Sans", *(name for name in _WIDER if name in installed)]
