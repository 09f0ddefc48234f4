"""`florist demo`: everything once, on flowers that florist draws itself."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import click

from florist.bundle import MANIFEST, read_bundle
from florist.cli.console import listening, stderr, stdout
from florist.cli.debug import debug_option
from florist.cli.evaluate import print_summary
from florist.cli.options import output_option
from florist.cli.port import take_port
from florist.cli.predict import predict
from florist.cli.train import train_and_report
from florist.demo import write_demo
from florist.errors import TrainingError, printable
from florist.report import read_report
from florist.training import TrainingConfig
from florist.training.workspace import Workspace

_NEEDED: Final = ("tensorflow", "keras", "imagehash")
_TEST_SEED_OFFSET: Final = 1_000_000  # no picture of it is in any data set somebody will train on


@click.command()
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    default=Path("demo-data"),
    show_default=True,
    help="Where the data set is drawn.",
)
@output_option
@click.option(
    "--per-class",
    type=click.IntRange(min=10),
    default=200,
    show_default=True,
    help="Pictures to draw of each flower.",
)
@click.option(
    "--epochs", type=click.IntRange(min=1), default=40, show_default=True, help="Epochs at most."
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Decides the pictures and everything random.",
)
@click.option("--serve/--no-serve", "serving", default=True, help="End with the web app.")
@click.option("--port", type=click.IntRange(1, 65535), help="Port of the web app.  [default: 5000]")
@debug_option
def demo(data: Path, output: Path, serving: bool, port: int | None, **recipe: int) -> None:
    """Draw five flowers, train a small network on them, and serve it on a page.

    What is there already (pictures, a model, an unfinished training) is gone on with.

    \b
    Example: florist demo
    """
    if not (output / MANIFEST).exists():
        _require_training()
    if serving:
        _require_port(port)
    _draw(data, recipe["per_class"], recipe["seed"])
    _train(data, output, recipe["epochs"], recipe["seed"])
    tests = _tests_of(data)
    stdout().print(f"New pictures, in {printable(tests)}:")
    ctx = click.get_current_context()
    ctx.invoke(predict, paths=[str(tests)], model=output)
    stdout().print(f"\nYour own pictures: florist predict PICTURE --model {printable(output)}")
    if serving:
        _become_server(output, port)


def _require_training() -> None:
    """Look for what training needs, before anybody waits for pictures to be drawn.

    Raises `TrainingError`.
    """
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise TrainingError(
            f"The demo trains, and {', '.join(missing)} is not installed: "
            "pip install 'florist[train]'"
        )


def _require_port(port: int | None) -> None:
    """Look whether the web app will get its port; it takes it itself, after the training.

    Raises `SettingsError`.
    """
    from florist.web.settings import from_environment

    settings = from_environment()
    take_port(settings.host, settings.port if port is None else port).close()


def _tests_of(data: Path) -> Path:
    return data.with_name("test-data")


def _draw(data: Path, per_class: int, seed: int) -> None:
    tests = _tests_of(data)
    with listening() as listener:
        for folder, number, start in (
            (data, per_class, seed),
            (tests, 1, seed + _TEST_SEED_OFFSET),
        ):
            if not folder.exists():
                write_demo(folder, per_class=number, seed=start, progress=listener.progress)


def _train(data: Path, output: Path, epochs: int, seed: int) -> None:
    if (output / MANIFEST).exists():
        bundle = read_bundle(output)
        stderr().print(f"{printable(output)} holds a model already: nothing to train.")
        print_summary(stdout(), read_report(bundle))
    else:
        config = TrainingConfig(backbone="tiny", epochs=epochs, seed=seed)
        unfinished = Workspace.of(output).config()
        train_and_report(data, unfinished or config, output, resume=unfinished is not None)


def _become_server(output: Path, port: int | None) -> None:
    """Go on as a process that never saw TensorFlow: its threads do not survive a server's fork."""
    command = [sys.executable, "-m", "florist", "serve", "--model", str(output)]
    command += ["--port", str(port)] if port is not None else []
    sys.stdout.flush()
    if os.name == "posix":
        os.execv(sys.executable, command)  # noqa: S606 - our own command
    click.get_current_context().exit(subprocess.call(command))  # noqa: S603
