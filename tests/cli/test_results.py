"""The table of `florist predict`, as it stands on a terminal."""

from io import StringIO

import numpy as np
from numpy.typing import NDArray

from florist.cli.results import table_lines, write_csv
from florist.confidence.sets import LabelSets
from florist.confidence.verdict import Verdict
from florist.prediction import Failure, Prediction, Result


def predictions(best: str, *others: str, verdict: Verdict = "answer") -> Result:
    found = (Prediction(best, 0.9), *(Prediction(label, 0.05) for label in others))
    return Result(predictions=found, verdict=verdict)


NAMES = ["a.jpg", "holiday/2024/IMG_20240612_120000_in_the_garden.jpg", "x" * 75 + ".jpg", "花.png"]


def test_a_table_breaks_no_name_at_80_columns() -> None:
    rows = [(name, predictions("sunflower", "dandelion", "daisy")) for name in NAMES]
    lines = list(table_lines(rows, 80))
    assert all(any(line.startswith(name) for line in lines) for name in NAMES)
    assert max(map(len, lines)) <= 80
    assert [line.split()[-2:] for line in lines if "90.0%" in line] == [["sunflower", "90.0%"]] * 4
    assert sum("dandelion 5.0% · daisy 5.0%" in line for line in lines) == 4
    assert len({line.index("90.0%") for line in lines if "90.0%" in line and "花" not in line}) == 1


def test_a_table_has_a_line_for_each_picture_where_that_fits() -> None:
    rows = [(name, predictions("rose", "tulip")) for name in ("a.jpg", "b.jpg")]
    assert list(table_lines(rows, 80)) == [
        "picture  shows   score",
        "a.jpg    rose    90.0%  tulip 5.0%",
        "b.jpg    rose    90.0%  tulip 5.0%",
    ]
    assert list(table_lines([], 80)) == []
    assert list(table_lines([("a.jpg", predictions("rose"))], 80))[1] == "a.jpg    rose    90.0%"


def test_a_table_says_what_speaks_against_an_answer() -> None:
    rows = [
        ("a.jpg", predictions("rose", "tulip", verdict="unsure")),
        ("b.jpg", predictions("rose", "tulip", verdict="none")),
    ]
    assert list(table_lines(rows, 80))[1:] == [
        "a.jpg    rose?                   90.0%  tulip 5.0%",
        "b.jpg    none of these (rose?)   90.0%  tulip 5.0%",
    ]


def test_sets_stand_beside_the_answer() -> None:
    sets = LabelSets(0.3, ["rose", "tulip", "daisy"])
    scores = {"a.jpg": (0.5, 0.4, 0.1), "b.jpg": (0.9, 0.05, 0.05), "c.jpg": (0.3, 0.3, 0.4)}
    rows = [
        (name, Result(predictions=(Prediction("rose", each[0]),), probabilities=_array(each)))
        for name, each in scores.items()
    ]
    assert list(table_lines(rows, 80, sets))[1:] == [
        "a.jpg    rose    50.0%  or tulip",
        "b.jpg    rose    90.0%",
        "c.jpg    rose    30.0%  or rose, tulip",
    ]
    file = StringIO()
    failed = Result(error=Failure(code="x", title="x", detail="gone"))
    assert write_csv(1, [*rows, ("d.jpg", failed)], file, sets) == 1
    lines = file.getvalue().splitlines()
    assert lines[0] == "file,label,score,verdict,familiarity,set,error"
    assert [line.split(",")[5] for line in lines[1:]] == [
        "rose/tulip", "rose", "daisy/rose/tulip", "",
    ]  # fmt: skip
    assert lines[-1] == "d.jpg,,,,,,gone"


def _array(scores: tuple[float, ...]) -> NDArray[np.float32]:
    return np.array(scores, np.float32)
