"""`florist predict`: what pictures show."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import wraps
from io import BytesIO
from pathlib import Path
from typing import Any, Final, TextIO

import click

from florist.cli.console import listening, print_error, stderr
from florist.cli.debug import debug_option
from florist.cli.options import (
    manifest_option,
    max_error_option,
    model_option,
    part_option,
    ray_option,
    runtime_options,
    shard_option,
)
from florist.cli.pictures import expand
from florist.cli.results import STANDARD_INPUT, Named, write_csv, write_json, write_table
from florist.confidence.sets import LEAST_COVERAGE, MOST_COVERAGE
from florist.confidence.verdict import MOST_NONE
from florist.engine import Runtime
from florist.errors import printable
from florist.formats import is_tar
from florist.images import ImageSource, Limits
from florist.prediction import DEFAULT_TOP, load
from florist.progress import Progress, silent
from florist.storage import is_address
from florist.system import cpu_limit, replacing

_INTO_A_FOLDER: Final = ("manifest", "shard", "part", "ray")

_MANY: Final = 20
"""So many pictures take long enough to want to know how far they are."""


def _form_options(verb: Callable[..., Any]) -> Callable[..., Any]:
    """Give a verb the options --json and --csv, and what they choose as `form`."""

    @wraps(verb)
    def with_form(*args: Any, as_json: bool, as_csv: bool, **kwargs: Any) -> Any:
        if as_json and as_csv:
            raise click.UsageError("--json and --csv are two forms of the same; give one of them.")
        return verb(*args, form="json" if as_json else "csv" if as_csv else "table", **kwargs)

    json_option = click.option(
        "--json", "as_json", is_flag=True, help="Write JSON, as the API answers."
    )
    csv_option = click.option("--csv", "as_csv", is_flag=True, help="Write CSV, a row a picture.")
    return json_option(csv_option(with_form))


def _writable(ctx: click.Context, parameter: click.Parameter, output: str | None) -> str | None:
    """Refuse, before anything is predicted, a path that nothing can be put under."""
    if output is None or is_address(output):
        return output
    path = Path(output)
    if not path.parent.is_dir():
        raise click.BadParameter(f"there is no folder {printable(path.parent)}.")
    if path.exists() and not (path.is_dir() if _is_folder(output) else path.is_file()):
        kind = "folder" if _is_folder(output) else "file"
        raise click.BadParameter(f"{printable(path)} is there, and is no {kind}.")
    return output


def _is_folder(output: str) -> bool:
    """Tell whether the answers go into a folder: in a bucket, there already, or ending in "/"."""
    return is_address(output) or output.endswith(("/", os.sep)) or Path(output).is_dir()


@click.command()
@click.argument("paths", metavar="PATH...", nargs=-1)
@manifest_option
@model_option
@runtime_options
@click.option(
    "--top",
    type=click.IntRange(min=1),
    default=DEFAULT_TOP,
    show_default=True,
    help="How many classes to name.",
)
@click.option(
    "--none",
    type=click.FloatRange(0, MOST_NONE),
    metavar="SHARE",
    help="Call so many familiar pictures none of the classes.  [default: as trained]",
)
@max_error_option
@click.option(
    "--sets",
    type=click.FloatRange(LEAST_COVERAGE, MOST_COVERAGE),
    metavar="SHARE",
    help="Name all classes that a picture may show, the right one so often, for example 0.95.",
)
@_form_options
@click.option(
    "--output",
    metavar="FILE|FOLDER/",
    callback=_writable,
    help="Write to a file, once all is done; or to a folder, as Parquet, and go on there.",
)
@shard_option
@part_option
@ray_option
@debug_option
def predict(
    paths: Sequence[str], model: Path, runtime: Runtime, output: str | None, **how: Any
) -> None:
    """Name what pictures show.

    PATH is a file, a folder, a pattern, or - for standard input; into a FOLDER/, also a tar, and
    what is at s3://, gs:// or az://. A file that cannot be used gets an error, the others are done
    all the same; the exit code is then 1.

    Of a picture that looks stranger than nearly all that the model knows, the table says "none of
    these" and, in brackets, what it looks most like; a question mark is a class that is less
    probable than all others together, or, with --max-error, than it takes to keep to that.

    CSV has the columns file, label and score, then label_2, score_2 and so on up to --top, then
    verdict (answer, unsure or none), familiarity, with --sets the set (rose/tulip), and error. A
    name that a spreadsheet would take for a formula gets an apostrophe in front.

    With --output FOLDER/, or a folder that is there, answers are written as Parquet, a file for
    each shard of the pictures. The same command goes on where it was interrupted. FOLDER/ may be
    at s3://, gs:// or az://. With --csv, all of them are then written to standard output, too.

    \b
    Examples:
      florist predict rose.jpg
      florist predict photos 'more/*.png' --top 5 --csv --output answers.csv
      florist predict photos 'tars/*.tar' --output answers/
      curl -s https://example.org/rose.jpg | florist predict - --json
    """
    if not paths and not how["manifest"]:
        raise click.UsageError("Name pictures: files, folders or patterns.")
    problems: list[str] = []
    pictures = expand(paths, problems)
    if output is not None and _is_folder(output):
        if how["form"] == "json" or STANDARD_INPUT in paths:
            raise click.UsageError("Into a folder go no --json and no standard input.")
        if how["form"] == "csv" and how["part"]:
            raise click.UsageError("--csv is of all parts: give it without --part, after the last.")
        from florist.cli.answers import write_answers

        failed = write_answers(pictures, problems, output, model, runtime, how)
    elif any(map(how.get, _INTO_A_FOLDER)) or any(map(is_address, paths)):
        raise _needs_a_folder()
    else:
        failed = _write([*pictures], Path(output) if output else None, model, runtime, how)
    for problem in problems:
        print_error(problem)
    if failed or problems:
        click.get_current_context().exit(1)


def _needs_a_folder() -> click.UsageError:
    return click.UsageError(
        "Pictures of a bucket or a tar, --manifest, --shard, --part and --ray need a folder: "
        "--output answers/"
    )


def _write(
    pictures: Sequence[str],
    output: Path | None,
    model: Path,
    runtime: Runtime,
    how: Mapping[str, Any],
) -> int:
    """Write what pictures show to a file, or to standard output; return how many have an error."""
    if not pictures:
        return 0
    if any(map(is_tar, pictures)):
        raise _needs_a_folder()
    runtime = replace(runtime, at_once=min(cpu_limit(), len(pictures)))
    predictor = load(model, runtime, none=how["none"], max_error=how["max_error"])
    sets = predictor.label_sets(how["sets"]) if how["sets"] else None
    top, form = how["top"], how["form"]
    with _destination(output) as file, _progress(len(pictures), form, file) as progress:
        answered = predictor.predict_many(_sources(pictures, predictor.limits), top)
        named = zip(map(printable, pictures), answered, strict=True)
        results = _told(named, len(pictures), progress)
        match form:
            case "json":
                return write_json(predictor, results, file, sets)
            case "csv":
                return write_csv(min(top, len(predictor.classes)), results, file, sets)
            case _:
                return write_table(results, file, sets)


def _sources(pictures: Sequence[str], limits: Limits) -> Iterator[ImageSource]:
    """Yield what is to be read; standard input is read here, where Ctrl-C ends the waiting."""
    for path in pictures:
        if path == STANDARD_INPUT:
            yield BytesIO(sys.stdin.buffer.read(limits.max_bytes + 1))
        else:
            yield path


@contextmanager
def _destination(output: Path | None) -> Iterator[TextIO]:
    """Open the file that is written, whole or not at all; standard output where there is none."""
    if output is None:
        yield sys.stdout
        return
    with replacing(output) as partial, partial.open("w", encoding="utf-8", newline="") as file:
        yield file


@contextmanager
def _progress(pictures: int, form: str, file: TextIO) -> Iterator[Progress]:
    """Show how far it is, where somebody is waiting and no rows appear that say it."""
    rows_appear = form == "csv" and file.isatty()
    with listening() as listener:
        told = pictures >= _MANY and stderr().is_terminal and not rows_appear
        yield listener.progress if told else silent


def _told(results: Iterable[Named], total: int, progress: Progress) -> Iterator[Named]:
    for done, named in enumerate(results, start=1):
        progress("Predicting", done, total)
        yield named
