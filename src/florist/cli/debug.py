"""The option `--debug`, which `florist` and its verbs have."""

from typing import Final

import click

_DEBUG: Final = "florist.debug"


def _remember_debug(ctx: click.Context, parameter: click.Parameter, value: bool) -> None:
    if value:
        ctx.find_root().meta[_DEBUG] = True


def is_debugging(ctx: click.Context) -> bool:
    """Tell whether `--debug` was given, before or after the verb."""
    return bool(ctx.find_root().meta.get(_DEBUG))


debug_option = click.option(
    "--debug",
    is_flag=True,
    expose_value=False,
    callback=_remember_debug,
    help="Show the traceback of an error.",
)
