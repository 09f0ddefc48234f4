"""The two pictures of a training. Drawn without pyplot, so nothing global is touched."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from florist.evaluation import Report

_TRAIN, _VAL, _BEST = "#7a8b99", "#b5305a", "#2e7d4f"
_MOST_WRITTEN: Final = 25
"""Classes up to which a confusion matrix has its counts written into it."""


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
    axes.plot(best_epoch + 1, best, "o", color=_BEST, label="best epoch, the one that is kept")
    shown = f"{best:.1%}" if name == "accuracy" else f"{best:.3f}"
    axes.set_title(f"{name.capitalize()}: {shown} on validation in epoch {best_epoch + 1}")
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)


def plot_confusion(report: Report, path: Path) -> None:
    """Draw how many pictures of each class (rows) were taken for each class (columns)."""
    counts = np.array(report.confusion)
    names = [scores.label for scores in report.classes]
    side = min(24.0, 3 + 0.55 * len(names))
    figure = Figure(figsize=(side + 1, side), layout="constrained", dpi=130)
    axes = figure.subplots()
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    image = axes.imshow(shares, cmap="Greens", vmin=0, vmax=1)
    figure.colorbar(image, ax=axes, shrink=0.7, label="share of the class")
    ticks: dict[str, Any] = {"fontsize": 10 if len(names) <= _MOST_WRITTEN else 5}
    axes.set_xticks(range(len(names)), names, rotation=45, ha="right", **ticks)
    axes.set_yticks(range(len(names)), names, **ticks)
    axes.set_xlabel("predicted")
    axes.set_ylabel("actual")
    axes.set_title(f"{report.pictures} test pictures, {report.accuracy:.1%} right")
    if len(names) <= _MOST_WRITTEN:
        for (row, column), count in np.ndenumerate(counts):
            dark = shares[row, column] > 0.5
            colour = "white" if dark else "black" if count else "#b0b0b0"
            axes.text(column, row, str(count), ha="center", va="center", color=colour)
    figure.savefig(path)
