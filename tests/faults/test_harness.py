"""What finds what is lost can itself fail to: so it is shown what loses something."""

import errno
from pathlib import Path

import pytest

from tests.faults.faults import Fault, Tally, exercise, unsynced
from tests.faults.seccomp import Call
from tests.faults.watched import KILL, Run, Watched

IN_PLACE = "tests.faults.writers:write_in_place"
UNSYNCED = "tests.faults.writers:write_unsynced"
BY_DATABASE = "tests.faults.writers:write_by_database"


def test_a_writer_that_leaves_half_a_file_is_found_out(watched: Watched, tmp_path: Path) -> None:
    start = tmp_path / "start"
    start.mkdir()
    (start / "settings").write_text("old")

    def check(folder: Path, run: Run) -> None:
        content = (folder / "settings").read_text()
        assert content in {"old", "first half, second half"}

    with pytest.raises(AssertionError) as found:
        exercise(watched, IN_PLACE, start, check, Tally())
    # Opened for writing it is empty, so a fault loses nothing only where it is not opened.
    assert [line.partition(",")[0] for line in str(found.value).splitlines()] == [
        "6 faults lost something:",
        "killed at call 1",
        "EIO at call 1",
        "ENOSPC from call 1",
        "killed at call 2",
        "ENOSPC at call 2",
        "ENOSPC from call 2",
    ]


def test_a_writer_that_does_not_wait_for_the_disk_is_found_out(
    watched: Watched, tmp_path: Path
) -> None:
    calls = watched.run(UNSYNCED, tmp_path).calls
    assert unsynced(calls) == [str(tmp_path / "settings")]


def test_what_a_kill_leaves_is_what_is_there_before_the_call(
    watched: Watched, tmp_path: Path
) -> None:
    found: dict[int, str] = {}

    def look(number: int, _: Call) -> int | None:
        found[number] = (tmp_path / "settings").read_text() if number else ""
        return KILL if number == 2 else None

    assert watched.run(IN_PLACE, tmp_path, look).killed
    assert found == {0: "", 1: "", 2: "first half, "}
    assert (tmp_path / "settings").read_text() == found[2]


def test_what_compiled_code_writes_is_met_too(watched: Watched, tmp_path: Path) -> None:
    calls = watched.run(BY_DATABASE, tmp_path).calls
    assert {Path(call.paths[0]).name for call in calls} >= {"rows.sqlite3", "rows.sqlite3-journal"}
    (tmp_path / "rows.sqlite3").unlink()
    failed = watched.run(BY_DATABASE, tmp_path, Fault(len(calls) // 2, errno.EIO).decide)
    assert failed.error == "OperationalError: disk I/O error"
    assert not failed.killed


def test_a_killed_process_does_nothing_more(watched: Watched, tmp_path: Path) -> None:
    run = watched.run(IN_PLACE, tmp_path, Fault(2, KILL).decide)
    assert (run.killed, run.value, run.error, len(run.calls)) == (True, None, None, 3)
    assert (tmp_path / "settings").read_text() == "first half, "
    again = watched.run(IN_PLACE, tmp_path)
    assert (again.killed, again.error) == (False, None)


def test_no_other_folder_is_touched(watched: Watched, tmp_path: Path) -> None:
    for name in ("watched", "watched-not"):
        (tmp_path / name).mkdir()
    run = watched.run(IN_PLACE, tmp_path / "watched", Fault(0, errno.EIO).decide)
    assert run.error is not None
    assert {call.paths for call in run.calls} == {(str(tmp_path / "watched" / "settings"),)}
