"""`florist evaluate`: how good a model is on labelled pictures."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from florist.cli.check import print_problems
from florist.cli.console import listening, new_table, stderr, stdout
from florist.cli.debug import debug_option
from florist.cli.options import max_error_option, model_option, runtime_options
from florist.confidence.foreign import Foreign
from florist.dataset import read_labelled
from florist.engine import Runtime
from florist.evaluation import measure, predict_all, relabelled, unseen
from florist.foreign import measure_foreign
from florist.prediction import load
from florist.report import Report, figure
from florist.system import cpu_limit

_MOST_CLASSES = 30
_MOST_COLUMNS = 12
_MISTAKES_SHOWN = 10


@click.command()
@click.argument("dataset", type=click.Path(path_type=Path))
@model_option
@runtime_options
@max_error_option
@click.option("--include-seen", is_flag=True, help="Also measure on pictures it was trained on.")
@click.option(
    "--fail-under",
    type=click.FloatRange(0, 1),
    metavar="SHARE",
    help="Exit with 1 when the accuracy is lower, for example 0.9.",
)
@click.option(
    "--foreign",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="Also measure how pictures of none of the classes are told, by sub-folder.",
)
@click.option(
    "--fail-under-auroc",
    type=click.FloatRange(0, 1),
    metavar="SHARE",
    help="With --foreign: exit with 1 when their AUROC is lower, for example 0.95.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
@debug_option
def evaluate(
    dataset: Path,
    model: Path,
    runtime: Runtime,
    include_seen: bool,
    fail_under: float | None,
    **how: Any,
) -> None:
    """Measure a model on the pictures in DATASET.

    DATASET has one folder for each class; where it has a folder test, that is what is measured on.
    Pictures that the model was trained on, or that chose its best epoch, are left out: on those it
    looks better than it is.

    \b
    Examples:
      florist evaluate photos
      florist evaluate new-photos --model output --fail-under 0.9
      florist evaluate photos --foreign other-pictures --fail-under-auroc 0.95
    """
    if how["fail_under_auroc"] is not None and how["foreign"] is None:
        raise click.UsageError("--fail-under-auroc is for --foreign; give both.")
    predictor = load(model, replace(runtime, at_once=cpu_limit()), max_error=how["max_error"])
    with listening() as listener:
        found = read_labelled(dataset, progress=listener.progress)
        print_problems(stderr(), [p for p in found.problems if p.severity != "note"])
        samples = relabelled(found, predictor.classes)
        if not include_seen:
            everything = len(samples)
            samples = unseen(samples, predictor.bundle)
            if len(samples) < everything:
                listener.say(
                    f"{everything - len(samples)} of {everything} pictures are left out: the model "
                    "was made with them."
                )
        probabilities, judged = predict_all(predictor, samples, progress=listener.progress)
        report = measure(probabilities, samples, predictor.classes, judged)
        foreign = None
        if how["foreign"] is not None:
            familiar = [each.familiarity for each in judged]
            foreign, unread = measure_foreign(
                predictor, familiar, how["foreign"], progress=listener.progress
            )
            if unread:
                listener.say(f"{unread} of the foreign pictures cannot be read, and are left out.")
    if how["as_json"]:
        told = report.to_dict() | ({"foreign": foreign.to_dict()} if foreign else {})
        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
    else:
        print_summary(stdout(), report)
        print_details(stdout(), report)
        if foreign:
            print_foreign(stdout(), foreign)
    limits = [("Accuracy", report.accuracy, fail_under)]
    limits += [("AUROC", foreign.all.auroc, how["fail_under_auroc"])] if foreign else []
    _require_at_least(limits)


def _require_at_least(limits: Sequence[tuple[str, float, float | None]]) -> None:
    """Exit with 1 where one of the figures, by name, is under its limit."""
    under = [each for each in limits if each[2] is not None and each[1] < each[2]]
    for name, found, limit in under:
        stderr().print(f"{name} {found:.4f} is under {limit}.")
    if under:
        click.get_current_context().exit(1)


def print_foreign(console: Console, foreign: Foreign) -> None:
    """Print how foreign pictures are told from familiar ones."""
    console.print()
    console.print(
        f"Kept {foreign.kept:.1%} of {foreign.familiar} pictures of the classes; foreign pictures "
        f"are caught where the familiarity is below {foreign.none:g}."
    )
    table = new_table("foreign pictures", "pictures", "AUROC", "caught")
    for each in (*foreign.sets, foreign.all):
        table.add_row(each.name, str(each.pictures), f"{each.auroc:.3f}", f"{each.caught:.1%}")
    console.print(table)


def print_summary(console: Console, report: Report) -> None:
    """Print the figures of the whole, and those of each class, of many classes the weakest."""
    low, high = report.interval
    console.print()
    console.print(f"Accuracy {report.accuracy:.1%}", style="bold", end="")
    console.print(f" on {report.pictures} pictures (95 % interval {low:.1%} to {high:.1%})")
    style = None if report.beats_guessing else "yellow"
    console.print(report.compared_with_guessing, style=style, soft_wrap=True)
    first = "" if report.top3 is None else f"Among the first three {report.top3:.1%} · "
    console.print(f"{first}Macro F1 {report.macro_f1:.3f} · {report.calibration}", soft_wrap=True)
    if report.verdicts is not None:
        console.print(report.verdicts.summary, soft_wrap=True)
    many = len(report.classes) > _MOST_CLASSES
    shown = report.weakest_first()[:_MOST_CLASSES] if many else report.classes
    table = new_table("class", "precision", "recall", "F1", "pictures")
    for scores in shown:
        figures = (figure(each) for each in (scores.precision, scores.recall, scores.f1))
        table.add_row(scores.label, *figures, str(scores.support))
    console.print()
    console.print(table)
    if many:
        console.print(f"The weakest {len(shown)} of {len(report.classes)} classes.")
    console.print()


def print_details(console: Console, report: Report) -> None:
    """Print what was taken for what, and the most confident mistakes."""
    if len(report.classes) <= _MOST_COLUMNS:
        table = new_table("actual ↓  predicted →", *report.labels)
        for label, row in zip(report.labels, report.matrix(), strict=True):
            table.add_row(label, *(str(count) if count else "·" for count in row))
    else:
        table = new_table("most often wrong: is", "taken for", "pictures")
        for each in report.confusions[:_MISTAKES_SHOWN]:
            table.add_row(each.label, each.predicted, str(each.count))
    console.print(table)
    console.print()
    if report.mistakes:
        table = new_table("most confidently wrong", "is", "taken for", "score")
        for mistake in report.mistakes[:_MISTAKES_SHOWN]:
            table.add_row(mistake.name, mistake.label, mistake.predicted, f"{mistake.score:.1%}")
        console.print(table)
