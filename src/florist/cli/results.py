"""How results are written: a table for people, CSV for a spreadsheet, JSON for programs."""

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, TextIO

from rich.cells import cell_len

from florist.cli.console import print_error, width_of
from florist.confidence.sets import LabelSets
from florist.errors import printable
from florist.prediction import Prediction, Predictor, Result, answer_of
from florist.spreadsheet import defused

STANDARD_INPUT: Final = "-"

_SCORE: Final = len("100.0%")
_GAP: Final = "  "

_BETWEEN: Final = "/"
"""Between the classes of a set: no folder has it in its name."""

# The name of a picture, as it was given, and its result.
Named = tuple[str, Result]

# And the classes that it may show.
Row = tuple[str, Result, Sequence[str]]


def write_table(results: Iterable[Named], file: TextIO, sets: LabelSets | None = None) -> int:
    """Write a line for each picture and print the errors below; return how many there are."""
    rows: list[Named] = []
    errors: list[str] = []
    for name, result in results:
        if result.error is None:
            rows.append((name, result))
        else:
            errors.append(f"{name}: {result.error.detail}")
    file.writelines(f"{line}\n" for line in table_lines(rows, width_of(file), sets))
    file.flush()
    for error in errors:
        print_error(error)
    return len(errors)


def table_lines(rows: Sequence[Named], width: int, sets: LabelSets | None = None) -> Iterator[str]:
    """Lay out pictures and their predictions in columns that fit into `width`; break no name.

    A name that is too long for its column has a line to itself. Where the further predictions do
    not fit beside the best ones, they go below them. With `sets` they are the rest of the set.
    """
    if not rows:
        return
    labels = _widest([_answer(result) for _, result in rows], "shows")
    room = width - labels - _SCORE - 2 * len(_GAP)
    names = _widest([name for name, _ in rows if cell_len(name) <= room], "picture")
    further = [_further(result, sets) for _, result in rows]
    beside = names + _widest(further) + len(_GAP) <= room
    yield _GAP.join([_padded("picture", names), _padded("shows", labels), f"{'score':>{_SCORE}}"])
    for (name, result), others in zip(rows, further, strict=True):
        first = name
        if cell_len(name) > names:
            yield name
            first = ""
        figures = [_padded(_answer(result), labels), f"{result.predictions[0].score:{_SCORE}.1%}"]
        yield _GAP.join([_padded(first, names), *figures, *([others] if beside else [])]).rstrip()
        if not beside:
            yield f"    {others}"


def _further(result: Result, sets: LabelSets | None) -> str:
    """Write the other classes that a picture may show."""
    if sets is None:
        return " · ".join(f"{_shown(p)} {p.score:.1%}" for p in result.predictions[1:])
    others = [*map(printable, _set(result, sets)[1:])]
    return f"or {', '.join(others)}" if others else ""


def _set(result: Result, sets: LabelSets) -> Sequence[str]:
    return () if result.probabilities is None else sets.of(result.probabilities)


def _answer(result: Result) -> str:
    """Write the best class, with what there is to say against it."""
    best = _shown(result.predictions[0])
    return {"answer": best, "unsure": f"{best}?", "none": f"none of these ({best}?)"}[
        result.verdict
    ]


def _shown(prediction: Prediction) -> str:
    return printable(prediction.label)


def _widest(texts: Sequence[str], head: str = "") -> int:
    return max(map(cell_len, [head, *texts]))


def _padded(text: str, width: int) -> str:
    return text + " " * (width - cell_len(text))


def write_json(
    predictor: Predictor, results: Iterable[Named], file: TextIO, sets: LabelSets | None = None
) -> int:
    """Write the object that the web API answers; return how many errors there are."""
    answer = answer_of(predictor, results, sets)
    json.dump(answer, file, indent=2, ensure_ascii=False)
    file.write("\n")
    file.flush()
    return sum("error" in entry for entry in answer["predictions"])


def write_csv(
    top: int, results: Iterable[Named], file: TextIO, sets: LabelSets | None = None
) -> int:
    """Write a row for each picture, as soon as it is done; return how many errors there are."""
    rows = ((name, result, _set(result, sets) if sets else ()) for name, result in results)
    return write_rows(top, rows, file, with_sets=sets is not None)


def write_rows(top: int, rows: Iterable[Row], file: TextIO, *, with_sets: bool) -> int:
    """Write rows as CSV, as soon as each is there; return how many errors there are.

    The columns are file, label, score, label_2, score_2 and so on up to `top`, verdict,
    familiarity, where it is asked for the set, and error.
    """
    columns = [f"{column}_{rank}" for rank in range(2, top + 1) for column in ("label", "score")]
    lines = csv.writer(file, lineterminator="\n")
    asked = ["set"] if with_sets else []
    lines.writerow(["file", "label", "score", *columns, "verdict", "familiarity", *asked, "error"])
    failed = 0
    for name, result, labels in rows:
        failed += result.error is not None
        named = [cell for p in result.predictions for cell in (_defused(_shown(p)), p.score)]
        if result.error is None:
            found = [_defused(_BETWEEN.join(map(printable, labels)))] if with_sets else []
            cells = [*named, result.verdict, result.familiarity, *found, ""]
        else:
            cells = [*[""] * (2 * top + 2 + len(asked)), _defused(result.error.detail)]
        lines.writerow([_defused(name), *cells])
        file.flush()
    return failed


def _defused(text: str) -> str:
    return text if text == STANDARD_INPUT else defused(text)
