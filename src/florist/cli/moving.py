"""`florist check --apply` and `--undo`: pictures go where a person says that they belong."""

from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import Any

import click

from florist.cli.console import print_error, stdout
from florist.dataset import Move, apply_review, undo
from florist.errors import printable

_FILE = click.Path(path_type=Path)


def moving_options(verb: Callable[..., Any]) -> Callable[..., Any]:
    """Give a verb the options --apply and --undo, each of which is all that is then done."""

    @wraps(verb)
    def with_moving(
        *args: Any, dataset: Path, apply: Path | None, undo: Path | None, **kwargs: Any
    ) -> Any:
        if apply is None and undo is None:
            return verb(*args, dataset=dataset, **kwargs)
        if kwargs["labels"] is not None or (apply and undo):
            raise click.UsageError("--labels, --apply and --undo are three things; do one of them.")
        return _apply(dataset, apply) if apply else _undo(dataset, undo)

    apply_option = click.option(
        "--apply",
        type=_FILE,
        metavar="FILE",
        help="Move pictures to the classes that the column move_to of FILE has.",
    )
    undo_option = click.option(
        "--undo", type=_FILE, metavar="FILE", help="Take back what --apply did, by its undo file."
    )
    return apply_option(undo_option(with_moving))


def _apply(dataset: Path, review: Path) -> None:
    undo_file, moved, lost = apply_review(dataset, review)
    console = stdout()
    if undo_file is None:
        console.print(
            f"Nothing to move: no row of {printable(review)} has another class in move_to.",
            soft_wrap=True,
        )
        return
    console.print(
        f"{moved} pictures moved. To take it back: florist check {printable(dataset)} --undo "
        f"{printable(undo_file)}",
        soft_wrap=True,
    )
    _tell_lost(lost)


def _undo(dataset: Path, file: Path | None) -> None:
    if file is not None:
        moved, lost = undo(dataset, file)
        stdout().print(f"{moved} pictures are back where they were.")
        _tell_lost(lost)


def _tell_lost(lost: Sequence[Move]) -> None:
    for move in lost:
        print_error(
            f"{printable(move.source)} is not there any more, and not in {printable(move.target)}."
        )
    if lost:
        click.get_current_context().exit(1)
