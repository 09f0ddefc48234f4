"""`florist predict`: what pictures show."""

import csv
import io
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from glob import glob, has_magic
from pathlib import Path
from typing import Any, Final

import click

from florist.cli.console import new_table, stdout
from florist.cli.debug import debug_option
from florist.cli.options import model_option, runtime_options
from florist.engine import Runtime
from florist.errors import ImageError, printable
from florist.formats import is_hidden, is_picture_name
from florist.images import load_picture, read_bytes, read_stream
from florist.prediction import DEFAULT_TOP, Prediction, Predictor, load

_STANDARD_INPUT: Final = "-"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came out for one picture: predictions, or an error."""

    filename: str
    predictions: tuple[Prediction, ...] = ()
    width: int = 0
    height: int = 0
    ms: float = 0.0
    error: str | None = None


@click.command()
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@model_option
@runtime_options
@click.option(
    "--top",
    type=click.IntRange(min=1),
    default=DEFAULT_TOP,
    show_default=True,
    help="How many classes to name.",
)
@click.option("--json", "form", flag_value="json", help="Print JSON instead of a table.")
@click.option("--csv", "form", flag_value="csv", help="Print CSV instead of a table.")
@debug_option
def predict(
    paths: Sequence[str], model: Path, runtime: Runtime, top: int, form: str | None
) -> None:
    """Name what pictures show.

    PATH is a file, a folder, a pattern, or - for standard input. A file that cannot be used gets an
    error entry, the others are done all the same; the exit code is then 1.

    \b
    Examples:
      florist predict rose.jpg
      florist predict photos 'more/*.png' --top 5 --csv
      curl -s https://example.org/rose.jpg | florist predict - --json
    """
    predictor = load(model, runtime)
    answers = (_answer(predictor, path, top) for path in _expand(paths))
    failed = _PRINTERS[form or "table"](predictor, answers)
    if failed:
        click.get_current_context().exit(1)


def _expand(paths: Sequence[str]) -> Iterator[str]:
    """Yield files for folders and patterns; what is neither is left for reading to complain of."""
    for path in paths:
        if Path(path).is_dir():
            yield from _pictures_in(Path(path))
        elif has_magic(path) and not Path(path).exists():
            yield from sorted(glob(path, recursive=True)) or [path]  # noqa: PTH207 - may be absolute
        else:
            yield path


def _pictures_in(folder: Path) -> Iterator[str]:
    for path in sorted(folder.rglob("*")):
        hidden = any(is_hidden(part) for part in path.relative_to(folder).parts)
        if path.is_file() and is_picture_name(path) and not hidden:
            yield str(path)


def _answer(predictor: Predictor, path: str, top: int) -> Answer:
    name = printable(path)
    start = time.perf_counter()
    try:
        if path == _STANDARD_INPUT:
            content = read_stream(sys.stdin.buffer, predictor.limits)
        else:
            content = read_bytes(path, predictor.limits)
        picture = load_picture(content, predictor.bundle.manifest.spec, predictor.limits)
    except ImageError as error:
        return Answer(filename=name, error=str(error))
    except OSError as error:
        return Answer(filename=name, error=f"cannot be read: {error.strerror}")
    predictions = predictor.rank(predictor.probabilities(picture.pixels), top)
    return Answer(
        filename=name,
        predictions=predictions,
        width=picture.width,
        height=picture.height,
        ms=round((time.perf_counter() - start) * 1000, 1),
    )


def _print_table(predictor: Predictor, answers: Iterator[Answer]) -> int:
    """Print a row for each picture; return how many failed."""
    done = list(answers)
    table = new_table("picture", "shows", "score", "or")
    for answer in done:
        if answer.error:
            table.add_row(answer.filename, "error", "", answer.error, style="red")
        else:
            best, *others = answer.predictions
            rest = " · ".join(f"{other.label} {other.score:.1%}" for other in others)
            table.add_row(answer.filename, best.label, f"{best.score:.1%}", rest)
    stdout().print(table)
    return sum(answer.error is not None for answer in done)


def _print_json(predictor: Predictor, answers: Iterator[Answer]) -> int:
    """Print one JSON object in the form that the web API has; return how many failed."""
    done = list(answers)
    bundle = predictor.bundle
    result = {
        "model": {"name": bundle.manifest.name, "digest": bundle.digest},
        "predictions": [_as_json(answer) for answer in done],
    }
    click.echo(json.dumps(result, indent=2, ensure_ascii=False))
    return sum(answer.error is not None for answer in done)


def _as_json(answer: Answer) -> dict[str, Any]:
    if answer.error:
        return {"filename": answer.filename, "error": answer.error}
    return {
        "filename": answer.filename,
        "predictions": [{"label": p.label, "score": p.score} for p in answer.predictions],
        "width": answer.width,
        "height": answer.height,
        "ms": answer.ms,
    }


def _print_csv(predictor: Predictor, answers: Iterator[Answer]) -> int:
    """Print a line for each named class, as pictures are done; return how many failed."""
    failed = 0
    _print_row(["filename", "rank", "label", "score", "error"])
    for answer in answers:
        failed += answer.error is not None
        if answer.error:
            _print_row([answer.filename, "", "", "", answer.error])
        for rank, prediction in enumerate(answer.predictions, start=1):
            _print_row([answer.filename, rank, prediction.label, prediction.score, ""])
    return failed


def _print_row(row: Sequence[object]) -> None:
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(row)
    click.echo(line.getvalue())


_PRINTERS: Final[dict[str, Callable[[Predictor, Iterator[Answer]], int]]] = {
    "table": _print_table,
    "json": _print_json,
    "csv": _print_csv,
}
