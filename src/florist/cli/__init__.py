"""The command line: parse, call, print. Errors become one line and an exit code here."""

import errno
import sys
import warnings
from importlib import import_module
from typing import Any, Final

import click

from florist import __version__
from florist.cli.debug import debug_option, is_debugging
from florist.errors import FloristError, printable

INTERRUPTED: Final = 130
"""The exit code after Ctrl-C: 128 and the number of the signal."""

# A verb's module is imported when the verb is called, so this page holds what `--help` lists.
_VERBS: Final = {
    "demo": "Draw five flowers, train a small network on them, and serve it on a page.",
    "check": "Name every problem of the pictures in DATASET, with its file.",
    "train": "Train a classifier on the pictures in DATASET.",
    "evaluate": "Measure a model on the pictures in DATASET.",
    "predict": "Name what pictures show.",
    "explain": "Show where in pictures the answers come from.",
    "serve": "Serve the model as a page for people and an API for programs.",
    "image": "Build a container image that serves the model.",
    "export": "Write the model in another form: a web site that needs no server.",
    "browser-runtime": "Fetch what runs models in a browser.",
}


class _Florist(click.Group):
    """Imports a verb when it is called; turns what it raises into a line and an exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the verbs' names."""
        return list(_VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a verb.

        Raises `FloristError` where this florist lacks what the verb needs.
        """
        if cmd_name not in _VERBS:
            return None
        name = cmd_name.replace("-", "_")
        try:
            verb: click.Command = getattr(import_module(f"florist.cli.{name}"), name)
        except ModuleNotFoundError as error:
            if not (error.name or "").startswith("florist."):
                raise
            raise FloristError(
                f"`florist {cmd_name}` needs {error.name}, which is left out where florist only "
                "serves, as in its container image. docs/docker.md has an image that trains."
            ) from error
        return verb

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the verbs without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(_VERBS.items()))

    def invoke(self, ctx: click.Context) -> Any:
        """Run a verb. Exit codes: 1 for a named error, 130 for Ctrl-C; click's own 2 for usage."""
        try:
            return super().invoke(ctx)
        except FloristError as error:
            self._fail(ctx, str(error))
        except OSError as error:
            if error.errno == errno.EPIPE:  # `florist predict ... | head`
                raise
            where = f"{printable(error.filename)}: " if error.filename else ""
            self._fail(ctx, f"{where}{error.strerror or error}.")
        except KeyboardInterrupt:
            click.echo("Interrupted.", err=True)
            ctx.exit(INTERRUPTED)

    def _fail(self, ctx: click.Context, message: str) -> None:
        if is_debugging(ctx):
            raise  # noqa: PLE0704 - called from except blocks only
        from florist.cli.console import print_error

        print_error(message)
        ctx.exit(1)


@click.group(cls=_Florist, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="florist")
@debug_option
def cli() -> None:
    """Turn a folder of pictures into an image classifier that people can use.

    \b
    florist demo                      try everything on drawn flowers
    florist train photos              train on your own: a folder per class
    florist predict rose.jpg          ask the model
    florist serve                     let others ask it, on a page and over HTTP
    florist image                     pack it all into a container image
    florist export site flowers       or into a web site that needs no server
    """


def main() -> None:
    """Run the command line: what `florist` and `python -m florist` call."""
    # Pillow warns of oddities inside pictures; what matters of them is an error of ours.
    warnings.filterwarnings("ignore", module=r"PIL\.")
    sys.exit(cli())
