"""What `florist check` and `florist train` say of labels that are worth a look."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from florist.cli.console import left_at_ctrl_c, new_table
from florist.cli.options import writable
from florist.dataset import Dataset
from florist.doubts import SHOWN, Doubts, write_doubts
from florist.progress import Listener
from florist.system import replacing

if TYPE_CHECKING:
    from florist.training import TrainingConfig

# What only serves has no florist.training, and can check all the same: it is imported on request.


@dataclass(frozen=True)
class LabelsWanted:
    """With which network labels are looked into, and where the doubts are written, if anywhere."""

    config: "TrainingConfig"
    output: Path | None

    def look(self, dataset: Dataset, listener: Listener) -> Doubts:
        """Find the doubtful labels, and write them."""
        from florist.training import load_keras

        listener.say("Loading Keras.")
        with left_at_ctrl_c():
            load_keras()
        from florist.training.labels import check_labels

        doubts = check_labels(dataset, self.config, listener.progress)
        if self.output is not None:
            with replacing(self.output) as partial:
                write_doubts(doubts.found, partial)
        return doubts


def labels_options(verb: Callable[..., Any]) -> Callable[..., Any]:
    """Give a verb the option --labels and those that go with it, and what they say as `labels`."""

    @wraps(verb)
    def with_labels(*args: Any, labels: bool, output: Path | None, **kwargs: Any) -> Any:
        names = ("backbone", "weights")
        network = {name: given for name in names if (given := kwargs.pop(name)) is not None}
        if not labels and (output is not None or network):
            raise click.UsageError("--output, --backbone and --weights are for --labels; give it.")
        return verb(*args, labels=_wanted(network, output) if labels else None, **kwargs)

    for option in (
        click.option(
            "--output",
            type=click.Path(path_type=Path),
            metavar="FILE",
            callback=writable,
            help="With --labels: write all doubts as CSV, for --apply.",
        ),
        click.option(
            "--weights",
            metavar="WHICH",
            help="With --labels: its weights, as `florist train` takes them.",
        ),
        click.option(
            "--backbone",
            metavar="NAME",
            help="With --labels: the network that looks, as `florist train` takes it.",
        ),
        click.option("--labels", is_flag=True, help="Look for wrong labels, too."),
    ):
        with_labels = option(with_labels)
    return with_labels


def _wanted(network: dict[str, Any], output: Path | None) -> LabelsWanted:
    """Raise `TrainingError` where there is no such network, before anything long begins."""
    from florist.training import TrainingConfig

    return LabelsWanted(TrainingConfig(**network), output)


def print_doubts(console: Console, doubts: Doubts) -> None:
    """Print the labels that are most worth a look."""
    console.print()
    console.print(doubts.reason, soft_wrap=True)
    if doubts.found:
        table = new_table("worth a look", "is in", "looks like", "sure")
        for each in doubts.found[:SHOWN]:
            table.add_row(each.name, each.label, each.looks_like, f"{each.sure:.2f}")
        console.print(table)
    console.print()
