"""One process to run in, and the count of all faults, which is printed at the end."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.faults import Tally
from tests.faults.watched import Watched

_TALLY = Tally()


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """Return a folder in memory: thousands of runs would wait for the disk."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def tally() -> Tally:
    return _TALLY


@pytest.fixture(scope="session")
def watched() -> Iterator[Watched]:
    """Return a process that is copied for each run."""
    process = Watched("tests.faults.writers", "tests.faults.uploads", forked=True)
    yield process
    process.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "faults" in item.path.parts:
            item.add_marker(pytest.mark.faults)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _TALLY.points:
        terminalreporter.write_line(
            f"faults: {_TALLY.points} points, met by {_TALLY.faults} faults"
        )
