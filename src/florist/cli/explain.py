"""`florist explain`: where in pictures the answers come from."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import click

from florist.cli.console import listening, print_error, stdout
from florist.cli.debug import debug_option
from florist.cli.options import model_option, runtime_options
from florist.cli.pictures import expand
from florist.engine import Runtime
from florist.errors import printable
from florist.explaining import Explainer, Explanation
from florist.images import copy_without_metadata, laid_over, read_bytes
from florist.parallel import in_order
from florist.prediction import load
from florist.result import Result
from florist.system import cpu_limit, write_atomically

_SIDE: Final = 1024
_JSON: Final = "explanations.json"


@click.command()
@click.argument("paths", metavar="PICTURE...", nargs=-1, required=True)
@model_option
@runtime_options
@click.option(
    "--output",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="The folder to write to.",
)
@debug_option
def explain(paths: Sequence[str], model: Path, runtime: Runtime, output: Path) -> None:
    """Show where in pictures the answers come from.

    PICTURE is a file, a folder or a pattern. DIR gets a copy of each picture with a grey veil over
    it: thin where the model found what its answer rests on, thick where it found nothing. Beside
    them, explanations.json has the answers, the numbers, and the five training pictures that are
    most similar.

    \b
    Example: florist explain holiday/ --output why
    """
    problems: list[str] = []
    pictures = [*expand(paths, problems)]
    for problem in problems:
        print_error(problem)
    runtime = replace(runtime, at_once=min(cpu_limit(), max(1, len(pictures))))
    explainer = Explainer(load(model, runtime))
    output.mkdir(parents=True, exist_ok=True)
    entries, failed = [], len(problems)
    with listening() as listener:
        written = in_order(
            lambda each: _explain(explainer, each[0], each[1]), _named(pictures, output)
        )
        for done, (path, entry) in enumerate(zip(pictures, written, strict=True), start=1):
            listener.progress("Explaining", done, len(pictures))
            entries.append({"filename": printable(path)} | entry)
            if "error" in entry:
                failed += 1
                print_error(f"{printable(path)}: {entry['error']['detail']}.")
    found = {"model": explainer.to_dict(), "explanations": entries}
    write_atomically(output / _JSON, json.dumps(found, indent=2, ensure_ascii=False) + "\n")
    stdout().print(f"{len(entries) - failed + len(problems)} explained in {printable(output)}")
    if failed:
        click.get_current_context().exit(1)


def _named(pictures: Sequence[str], output: Path) -> Iterator[tuple[str, Path]]:
    """Yield each picture and the file to write, with a number where two have the same name."""
    taken: set[str] = set()
    for picture in pictures:
        stem, number = Path(picture).stem, 1
        name = stem
        while name.casefold() in taken:
            number += 1
            name = f"{stem}-{number}"
        taken.add(name.casefold())
        yield picture, output / f"{name}.jpg"


def _explain(explainer: Explainer, picture: str, target: Path) -> dict[str, Any]:
    """Write the picture with its veil, and return what is told of it."""
    result: Result = explainer.result(picture)
    if not isinstance(result, Explanation):
        return result.to_dict()
    copy = copy_without_metadata(read_bytes(picture, explainer.limits), _SIDE, explainer.limits)
    write_atomically(target, laid_over(copy, result.overlay()))
    entry = result.to_dict()
    similar = zip(entry["similar"], result.similar, strict=True)
    entry["similar"] = [told | {"file": each.picture.name} for told, each in similar]
    return entry | {"overlay": target.name}
