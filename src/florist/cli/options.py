"""Options that several verbs have."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from florist.confidence.verdict import LEAST_MAX_ERROR
from florist.engine import DEFAULT_RUNTIME, ENGINES, PRECISIONS, Runtime
from florist.errors import printable

model_option = click.option(
    "--model",
    type=click.Path(path_type=Path),
    default=Path("output"),
    show_default=True,
    help="The model folder, or a registry.",
)

output_option = click.option(
    "--output",
    type=click.Path(path_type=Path),
    default=Path("output"),
    show_default=True,
    help="The model folder to write.",
)

registry_option = click.option(
    "--registry",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Instead of --output: add the model to this folder, and make it the current one.",
)

max_error_option = click.option(
    "--max-error",
    type=click.FloatRange(LEAST_MAX_ERROR, 1),
    metavar="SHARE",
    help="Be unsure rather than wrong more often, for example 0.02.  [default: as trained]",
)

_engine_option = click.option(
    "--engine",
    type=click.Choice(tuple(ENGINES)),
    default=DEFAULT_RUNTIME.engine,
    show_default=True,
    help="The runtime that computes the predictions.",
)
_precision_option = click.option(
    "--precision",
    type=click.Choice(PRECISIONS),
    default=DEFAULT_RUNTIME.precision,
    show_default=True,
    help="What the network computes in; auto: what training found good enough.",
)


def runtime_options(verb: Callable[..., Any]) -> Callable[..., Any]:
    """Give a verb the options that say how the network is run, and what they say as `runtime`."""

    @wraps(verb)
    def with_runtime(*args: Any, engine: str, precision: str, **kwargs: Any) -> Any:
        return verb(*args, runtime=Runtime(engine=engine, precision=precision), **kwargs)

    return _engine_option(_precision_option(with_runtime))


def _part(
    ctx: click.Context, parameter: click.Parameter, text: str | None
) -> tuple[int, int] | None:
    """Read "3/64": the third of 64 parts."""
    if text is None:
        return None
    part, _, parts = text.partition("/")
    if not (part.isdecimal() and parts.isdecimal() and 1 <= int(part) <= int(parts)):
        raise click.BadParameter(f"{text!r} is none; the first of 64 parts is 1/64.")
    return int(part), int(parts)


shard_option = click.option(
    "--shard",
    type=click.IntRange(min=1),
    metavar="PICTURES",
    help="How many pictures a file in FOLDER/ has.  [default: by how many there are]",
)
manifest_option = click.option(
    "--manifest",
    metavar="FILE",
    help="Take the pictures that a CSV or Parquet file names in its column `file`, or that an S3 "
    "Inventory lists.",
)
ray_option = click.option(
    "--ray",
    metavar="auto|ray://HOST:PORT",
    help="Have the nodes of a Ray cluster do it.",
)
part_option = click.option(
    "--part",
    metavar="K/N",
    callback=_part,
    help="Do one of N parts of the work, on one of N machines.",
)


def writable(ctx: click.Context, parameter: click.Parameter, path: Path | None) -> Path | None:
    """Refuse, before anything is done, a path that no file can be put under."""
    if path is not None and not path.parent.is_dir():
        raise click.BadParameter(f"there is no folder {printable(path.parent)}.")
    if path is not None and path.exists() and not path.is_file():
        raise click.BadParameter(f"{printable(path)} is there, and is no file.")
    return path
