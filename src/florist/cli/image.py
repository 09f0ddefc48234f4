"""`florist image`: a container image that serves a model."""

import tempfile
from pathlib import Path

import click

from florist.bundle import read_bundle
from florist.cli.console import stdout
from florist.cli.debug import debug_option
from florist.cli.options import model_option
from florist.container import build_image, write_context
from florist.errors import printable


@click.command()
@model_option
@click.option("-t", "--tag", default="flower_api", show_default=True, help="The image's name.")
@click.option(
    "--write",
    "folder",
    metavar="FOLDER",
    type=click.Path(path_type=Path),
    help="Only write what the image is built from, to read or change.",
)
@click.argument("options", nargs=-1, type=click.UNPROCESSED, metavar="[-- OPTIONS OF DOCKER BUILD]")
@debug_option
def image(model: Path, tag: str, folder: Path | None, options: tuple[str, ...]) -> None:
    """Build a container image that serves the model. Needs Docker.

    \b
    Examples: florist image --model output -t flower_api
              florist image -t flower_api -- --platform linux/arm64
              florist image --write flower_api
    """
    bundle = read_bundle(model)
    if folder is not None:
        write_context(folder, bundle)
        name = printable(folder)
        stdout().print(f"Wrote {name}. Build it with: docker build -t {tag} {name}")
        return
    with tempfile.TemporaryDirectory(prefix="florist-image-") as scratch:
        context = Path(scratch)
        write_context(context, bundle)
        build_image(context, bundle, tag, options)
    stdout().print(f"Built {tag}. Run it with: docker run -p 5000:5000 {tag}", soft_wrap=True)
