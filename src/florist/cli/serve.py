"""`florist serve`: the web app."""

from dataclasses import replace
from typing import Any

import click

from florist.cli.options import max_error_option
from florist.engine import ENGINES, PRECISIONS


@click.command(
    epilog="Example: florist serve --model output --host 0.0.0.0 --port 8000\n\n"
    "Everything else is set by FLORIST_... environment variables: docs/serving.md lists them.",
)
@click.option(
    "--model", metavar="FOLDER", help="The model folder, or a registry.  [default: output]"
)
@click.option("--engine", type=click.Choice(list(ENGINES)), help="The inference runtime.")
@click.option("--precision", type=click.Choice(PRECISIONS), help="What the network computes in.")
@max_error_option
@click.option("--host", metavar="ADDRESS", help="Address to listen on.  [default: 127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65535), help="Port.  [default: 5000]")
@click.option("--workers", type=click.IntRange(1), help="Processes.  [default: 1]")
@click.option(
    "--threads",
    type=click.IntRange(1),
    help="Pictures computed at once in a process.  [default: what the CPU limit allows]",
)
def serve(**options: Any) -> None:
    """Serve the model as a page for people and an API for programs."""
    from florist.cli.port import take_port
    from florist.web.server.run import serve as run
    from florist.web.settings import from_environment

    given = {name: value for name, value in options.items() if value is not None}
    settings = replace(from_environment(), **given)
    with take_port(settings.host, settings.port) as listener:
        run(settings, listener)
