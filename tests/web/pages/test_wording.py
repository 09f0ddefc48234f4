"""Numbers and names as people read them."""

from datetime import UTC, datetime

import pytest

from florist.web.pages.wording import (
    count,
    hundredths,
    listed,
    marked,
    moment,
    percent,
    sentence,
    whereabouts,
)


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0, "0.0 %"),
        (1e-9, "<0.1 %"),
        (0.0014, "0.1 %"),
        (0.5, "50.0 %"),
        (0.99901, ">99.9 %"),
        (1, "100.0 %"),
    ],
)
def test_percent(share: float, text: str) -> None:
    assert percent(share) == text.replace(" ", "\u00a0")


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.98, "98"), (0.8499, "84"), (1, "100"), (0.995, "99.5"), (0.9999, "99.9"), (0.005, "0.5")],
)
def test_so_many_of_a_hundred_are_never_too_many(share: float, text: str) -> None:
    assert hundredths(share) == f"{text} of\u00a0100"


@pytest.mark.parametrize(
    ("names", "text"),
    [
        (["a", "b"], "a and b"),
        (["a", "b", "c"], "a, b and c"),
        ([str(n) for n in range(100)], "0, 1, 2, 3, 4, 5 and 94 more"),
    ],
)
def test_listed(names: list[str], text: str) -> None:
    assert listed(names) == text


def test_backticks_become_code_and_all_else_stays_text() -> None:
    assert marked("an `a<b` & `c`") == "an <code>a&lt;b</code> &amp; <code>c</code>"
    assert marked("") == ""


@pytest.mark.parametrize(
    ("point", "text"),
    [
        ((0.5, 0.5), "in the middle"),
        ((0.1, 0.2), "at the top left"),
        ((0.9, 0.5), "on the right"),
        ((0.5, 1.0), "at the bottom"),
    ],
)
def test_whereabouts(point: tuple[float, float], text: str) -> None:
    assert whereabouts(point) == text


def test_the_rest() -> None:
    assert [count(each) for each in (0, 1, 2500)] == ["0", "1", "2,500"]
    assert sentence(" damaged: truncated") == "Damaged: truncated."
    assert sentence("Why?") == "Why?"
    assert moment(datetime(2026, 3, 5, 7, 8, tzinfo=UTC)) == "5 Mar 2026, 07:08 UTC"
