"""`florist browser-runtime`: what runs models in a browser, fetched once."""

from pathlib import Path

import click

from florist.cli.console import stdout
from florist.cli.debug import debug_option
from florist.errors import printable


@click.command("browser-runtime")
@click.option(
    "--tarball",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Take it from this file, as `npm pack onnxruntime-web` writes it.",
)
@debug_option
def browser_runtime(tarball: Path | None) -> None:
    """Fetch what runs models in a browser.

    `florist export site` and the page /live need it: onnxruntime-web, 33 MB from the npm registry,
    of one version that is known by its SHA-512. 14 MB of it are kept, in florist's own folder.

    \b
    Examples: florist browser-runtime
              florist browser-runtime --tarball onnxruntime-web-1.30.0.tgz
    """
    from florist.web.live import runtime

    if tarball:
        runtime.install(tarball.read_bytes())
    elif not runtime.is_there():
        runtime.install(runtime.download())
    where = printable(runtime.RUNTIME)
    stdout().print(f"onnxruntime-web {runtime.VERSION} is in {where}.", soft_wrap=True)
