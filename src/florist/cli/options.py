"""Options that several verbs have."""

from pathlib import Path

import click

from florist.engine import DEFAULT_ENGINE, ENGINES

model_option = click.option(
    "--model",
    type=click.Path(path_type=Path),
    default=Path("output"),
    show_default=True,
    help="The model folder.",
)

output_option = click.option(
    "--output",
    type=click.Path(path_type=Path),
    default=Path("output"),
    show_default=True,
    help="The model folder to write.",
)

engine_option = click.option(
    "--engine",
    type=click.Choice(tuple(ENGINES)),
    default=DEFAULT_ENGINE,
    show_default=True,
    help="The runtime that computes the predictions.",
)
