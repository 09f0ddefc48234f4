"""`florist check`: what is wrong with a data set, before anyone trains on it."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

import click
from rich.console import Console

from florist.cli.console import listening, new_table, stdout
from florist.cli.debug import debug_option
from florist.cli.labels import LabelsWanted, labels_options, print_doubts
from florist.cli.moving import moving_options
from florist.dataset import (
    DUPLICATES,
    SIDES,
    Dataset,
    Duplicates,
    Problem,
    require_trainable,
    scan,
)
from florist.errors import DatasetError
from florist.images import DEFAULT_LIMITS, Limits

_ORDER: Final = ("note", "warning", "error")  # what matters most is nearest to the prompt
_STYLES: Final = {"note": "dim", "warning": "yellow", "error": "red"}


@click.command()
@click.argument("dataset", type=click.Path(path_type=Path))
@click.option("--seed", default=0, show_default=True, help="Seed of the split that is shown.")
@click.option(
    "--duplicates",
    type=click.Choice(DUPLICATES),
    default=DUPLICATES[0],
    show_default=True,
    help="What stays on one side: near-identical pictures, identical files, or nothing.",
)
@click.option(
    "--max-megapixels",
    type=click.FloatRange(min=0.001),
    default=DEFAULT_LIMITS.max_pixels / 1e6,
    show_default=True,
    help="Larger pictures are set aside.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of lines.")
@labels_options
@moving_options
@debug_option
def check(
    dataset: Path,
    seed: int,
    duplicates: Duplicates,
    max_megapixels: float,
    as_json: bool,
    labels: LabelsWanted | None,
) -> None:
    """Name every problem of the pictures in DATASET, with its file.

    Nothing is deleted or changed without --apply. Exit code 1 when a file cannot be used or when
    there is too little to train on, 0 otherwise.

    With --labels it also looks for pictures that look more like another class than like their own,
    to a network that has not been trained on them, and lists the ones most worth a look. Who has
    looked writes the right class into the column move_to; --apply moves those pictures, and no
    others.

    \b
    Examples:
      florist check photos
      florist check photos --labels --output doubts.csv
      florist check photos --apply doubts.csv
    """
    with listening() as listener:
        found = scan(
            dataset,
            seed=seed,
            duplicates=duplicates,
            limits=Limits(max_pixels=round(max_megapixels * 1e6)),
            progress=listener.progress,
        )
        failure = _why_not_trainable(found)
        doubts = labels.look(found, listener) if labels and not failure else None
    if as_json:
        problems = [asdict(problem) for problem in found.problems]
        counts = {side: found.counts(found.side(side)) for side in SIDES}
        answer = {"trainable": failure is None, "classes": counts, "problems": problems}
        if doubts:
            answer |= {"doubts": [asdict(each) for each in doubts.found]}
        click.echo(json.dumps(answer, indent=2, ensure_ascii=False))
    else:
        console = stdout()
        print_problems(console, found.problems)
        print_counts(console, found)
        if doubts:
            print_doubts(console, doubts)
        _print_verdict(console, found, failure)
    if failure or any(problem.severity == "error" for problem in found.problems):
        click.get_current_context().exit(1)


def print_problems(console: Console, problems: Sequence[Problem]) -> None:
    """Print a line for each problem, the most serious ones last."""
    for problem in sorted(problems, key=lambda p: (_ORDER.index(p.severity), p.kind, p.path)):
        console.print(f"{problem.severity:<8}", style=_STYLES[problem.severity], end="")
        console.print(f"{problem.path}: {problem.message}", soft_wrap=True)


def print_counts(console: Console, dataset: Dataset) -> None:
    """Print how many usable pictures each class has on each side."""
    table = new_table("class", *SIDES, "all")
    sides = [dataset.counts(dataset.side(side)) for side in SIDES]
    for name, total in dataset.counts().items():
        table.add_row(name, *(str(side[name]) for side in sides), str(total))
    console.print(table)


def _print_verdict(console: Console, dataset: Dataset, failure: str | None) -> None:
    count = Counter(problem.severity for problem in dataset.problems)
    console.print(
        f"{len(dataset.samples)} usable pictures; {count['error']} errors, {count['warning']} "
        f"warnings, {count['note']} notes."
    )
    console.print(failure or "Ready to train.", style="red" if failure else "green", soft_wrap=True)


def _why_not_trainable(dataset: Dataset) -> str | None:
    try:
        require_trainable(dataset)
    except DatasetError as error:
        return str(error)
    return None
