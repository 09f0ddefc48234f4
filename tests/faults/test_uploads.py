"""Keeping pictures: what was accepted is there with its files, whatever fails and whenever."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from florist.web.problems import UploadsError
from tests.faults import uploads
from tests.faults.faults import Check, Tally, exercise
from tests.faults.watched import Run, Watched

pytestmark = pytest.mark.timeout(1800)

Allowed = Callable[[set[str], set[str], Run], bool]
"""Ids before, ids after, what came of it → whether it may be so."""


def added(before: set[str], after: set[str], run: Run) -> bool:
    if run.value:
        return after == {*before, run.value}
    return before <= after and len(after) <= len(before) + 1


def deleted(before: set[str], after: set[str], run: Run) -> bool:
    return after == before - {min(before)} or (after == before and not run.value)


def forgot(before: set[str], after: set[str], run: Run) -> bool:
    return not after or (after == before and not run.value)


def tidied(before: set[str], after: set[str], run: Run) -> bool:
    return (after < before and len(after) == 1) or (after == before and not run.value)


def unchanged(before: set[str], after: set[str], run: Run) -> bool:
    return after == before


SCENARIOS = [
    ("add", added, False),
    ("add", added, True),
    ("delete", deleted, True),
    ("forget_all", forgot, True),
    ("tidy", tidied, True),
    ("sweep", unchanged, True),
]


def begin(folder: Path, *, kept: bool) -> None:
    folder.mkdir()
    if kept:
        uploads.prepare(folder)


def check_from(start: Path, allowed: Allowed) -> Check:
    """Return what accepts a folder that was a copy of `start`."""
    before = uploads.found(start)

    def check(folder: Path, run: Run) -> None:
        after = uploads.found(folder)
        assert allowed({*before}, {*after}, run), (before, after, run.value)
        assert len({*map(tuple, [*before.values(), *after.values()])}) <= 1  # one picture
        uploads.go_on(folder)
        assert uploads.found(folder) == after

    return check


@pytest.mark.parametrize(("function", "allowed", "kept"), SCENARIOS)
def test_no_system_call_that_fails_loses_an_upload(
    function: str, allowed: Allowed, kept: bool, watched: Watched, tally: Tally, tmp_path: Path
) -> None:
    start = tmp_path / "start"
    begin(start, kept=kept)
    name = f"{uploads.__name__}:{function}"
    exercise(watched, name, start, check_from(start, allowed), tally)


@pytest.mark.parametrize(("function", "allowed", "kept"), SCENARIOS)
def test_no_database_call_that_fails_loses_an_upload(
    function: str, allowed: Allowed, kept: bool, tally: Tally, tmp_path: Path
) -> None:
    """A statement fails before it is done, and a commit after it: its answer is lost."""
    start, folder = tmp_path / "start", tmp_path / "copy"
    begin(start, kept=kept)
    check = check_from(start, allowed)
    for number in count():
        shutil.copytree(start, folder)
        run = Run()
        with failing_database(number) as calls:
            try:
                run.value = getattr(uploads, function)(str(folder))
            except (OSError, UploadsError) as error:
                run.error = str(error)
        check(folder, run)
        shutil.rmtree(folder)
        if next(calls) <= number:
            break
        tally.points += 1
        tally.faults += 1
    assert number > 3


@contextmanager
def failing_database(number: int) -> Iterator[Iterator[int]]:
    """Let the database call of a number fail; yields what counts them."""
    calls = count()

    def fail(*_: object) -> None:
        if next(calls) == number:
            raise OperationalError("a statement", {}, OSError("The connection is lost."))

    hooks = [(Engine, "before_cursor_execute"), (Session, "after_commit")]
    for target, name in hooks:
        event.listen(target, name, fail)
    try:
        yield calls
    finally:
        for target, name in hooks:
            event.remove(target, name, fail)
