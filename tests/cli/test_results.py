"""The table of `florist predict`, as it stands on a terminal."""

from florist.cli.results import table_lines
from florist.confidence.verdict import Verdict
from florist.prediction import Prediction, Result


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
