"""The command line: parse, call, print. Errors become one line and an exit code here."""

import errno
import os
import sys
import warnings
from typing import Any

import click

from florist import __version__
from florist.cli.check import check
from florist.cli.console import INTERRUPTED, debug_option, is_debugging, print_error
from florist.cli.demo import demo
from florist.cli.evaluate import evaluate
from florist.cli.image import image
from florist.cli.predict import predict
from florist.cli.serve import serve
from florist.cli.train import train
from florist.errors import FloristError, printable


class _Florist(click.Group):
    """Turns what florist and the system raise into a line and an exit code."""

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
    """


for _verb in (demo, check, train, evaluate, predict, serve, image):
    cli.add_command(_verb)


def main() -> None:
    """Run the command line: what `florist` and `python -m florist` call."""
    # TensorFlow reads this when it is imported; without it, it logs about the machine's CPU.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # Pillow warns of oddities inside pictures; what matters of them is an error of ours.
    warnings.filterwarnings("ignore", module=r"PIL\.")
    sys.exit(cli())
