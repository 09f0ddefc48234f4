"""`florist evaluate`: how good a model is on labelled pictures."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from florist.bundle import REPORT, Bundle
from florist.cli.console import listening, new_table, stderr, stdout
from florist.cli.debug import debug_option
from florist.cli.options import model_option, runtime_options
from florist.dataset import read_labelled
from florist.engine import Runtime
from florist.errors import BundleError, printable
from florist.evaluation import evaluate as measure
from florist.evaluation import relabelled, unseen
from florist.prediction import load
from florist.system import cpu_limit

_MOST_COLUMNS = 12
_MISTAKES_SHOWN = 10


@click.command()
@click.argument("dataset", type=click.Path(path_type=Path))
@model_option
@runtime_options
@click.option("--include-seen", is_flag=True, help="Also measure on pictures it was trained on.")
@click.option(
    "--fail-under",
    type=click.FloatRange(0, 1),
    metavar="SHARE",
    help="Exit with 1 when the accuracy is lower, for example 0.9.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
@debug_option
def evaluate(
    dataset: Path,
    model: Path,
    runtime: Runtime,
    include_seen: bool,
    fail_under: float | None,
    as_json: bool,
) -> None:
    """Measure a model on the pictures in DATASET.

    DATASET has one folder for each class; where it has a folder test, that is what is measured on.
    Pictures that the model was trained on, or that chose its best epoch, are left out: on those it
    looks better than it is.

    \b
    Examples:
      florist evaluate photos
      florist evaluate new-photos --model output --fail-under 0.9
    """
    predictor = load(model, replace(runtime, at_once=cpu_limit()))
    with listening() as listener:
        found = read_labelled(dataset, progress=listener.progress)
        for problem in found.problems:
            if problem.severity == "error":
                listener.say(f"left out: {problem.path}: {problem.message}")
        samples = relabelled(found, predictor.classes)
        if not include_seen:
            everything = len(samples)
            samples = unseen(samples, predictor.bundle)
            if len(samples) < everything:
                listener.say(
                    f"{everything - len(samples)} of {everything} pictures are left out: the model "
                    "was made with them."
                )
        report = measure(predictor, samples, progress=listener.progress).to_dict()
    if as_json:
        click.echo(json.dumps(report, indent=2, ensure_ascii=False))
    else:
        print_summary(stdout(), report)
        print_details(stdout(), report)
    if fail_under is not None and report["accuracy"] < fail_under:
        stderr().print(f"Accuracy {report['accuracy']:.4f} is under {fail_under}.")
        click.get_current_context().exit(1)


def read_report(bundle: Bundle) -> dict[str, Any]:
    """Return what was measured when a model was made.

    Raises `BundleError` where the model folder has no report.
    """
    try:
        return dict(json.loads(bundle.read(REPORT)))
    except (KeyError, ValueError) as error:
        raise BundleError(f"{printable(bundle.path / REPORT)} cannot be read: {error}.") from error


def print_summary(console: Console, report: dict[str, Any]) -> None:
    """Print the figures of the whole, and those of each class."""
    low, high = report["interval"]
    console.print()
    console.print(f"Accuracy {report['accuracy']:.1%}", style="bold", end="")
    console.print(f" on {report['pictures']} pictures (95 % interval {low:.1%} to {high:.1%})")
    console.print(
        f"Among the first three {report['top3']:.1%} · macro F1 {report['macro_f1']:.3f} · "
        f"calibration error {report['calibration_error']:.3f}"
    )
    table = new_table("class", "precision", "recall", "F1", "pictures")
    for scores in report["classes"]:
        figures = (f"{scores[name]:.3f}" for name in ("precision", "recall", "f1"))
        table.add_row(scores["label"], *figures, str(scores["support"]))
    console.print()
    console.print(table)
    console.print()


def print_details(console: Console, report: dict[str, Any]) -> None:
    """Print the confusion matrix, where it fits, and the most confident mistakes."""
    labels = [scores["label"] for scores in report["classes"]]
    if len(labels) <= _MOST_COLUMNS:
        table = new_table("actual ↓  predicted →", *labels)
        for label, row in zip(labels, report["confusion"], strict=True):
            table.add_row(label, *(str(count) if count else "·" for count in row))
        console.print(table)
        console.print()
    if report["mistakes"]:
        table = new_table("most confidently wrong", "is", "taken for", "score")
        for mistake in report["mistakes"][:_MISTAKES_SHOWN]:
            table.add_row(
                mistake["name"], mistake["label"], mistake["predicted"], f"{mistake['score']:.1%}"
            )
        console.print(table)
