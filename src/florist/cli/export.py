"""`florist export`: the model in another form."""

from pathlib import Path

import click

from florist.cli.console import stdout
from florist.cli.debug import debug_option
from florist.cli.options import model_option
from florist.errors import printable


@click.group()
def export() -> None:
    """Write the model in another form: a web site that needs no server.

    \b
    Example: florist export site --model output site
    """


@export.command()
@model_option
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@debug_option
def site(model: Path, folder: Path) -> None:
    """Write a web site that answers on the visitor's own device.

    DIR becomes a folder of files for any web host; it must not be there, or be empty. Whoever
    opens the page loads the model, and no picture leaves the device. `florist browser-runtime` has
    to be called once before.

    \b
    Example: florist export site --model output site
             python -m http.server --directory site
    """
    from florist.bundle import read_bundle
    from florist.web.live.export import write_site

    size = write_site(read_bundle(model), folder)
    where = printable(folder)
    stdout().print(
        f"Wrote {where}, {size / 1e6:.0f} MB. Copy it to a web host, or try it with: "
        f"python -m http.server --directory {where}",
        soft_wrap=True,
    )
