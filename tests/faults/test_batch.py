"""A folder of answers: whatever failed in between, the same command ends with the same bytes."""

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from florist.bundle import Bundle
from tests.batch.conftest import rows_of
from tests.conftest import write_colours
from tests.faults import batch
from tests.faults.faults import Tally, exercise
from tests.faults.watched import Run, Watched

GO_ON = f"{batch.__name__}:go_on"


@pytest.fixture(scope="module")
def answering() -> Iterator[Watched]:
    process = Watched(batch.__name__, forked=True)
    yield process
    process.close()


@pytest.mark.parametrize("removed", [None, "part-000000.parquet"])
def test_no_call_that_fails_loses_or_doubles_an_answer(
    bundle: Bundle, answering: Watched, tally: Tally, tmp_path: Path, removed: str | None
) -> None:
    shutil.copytree(bundle.path, tmp_path / "model")
    write_colours(tmp_path / "photos", per_class=1)
    (tmp_path / "photos" / "cut.jpg").write_bytes(b"\xff\xd8\xff")
    start = tmp_path / "start"
    start.mkdir()
    batch.go_on(str(start))
    whole = files(start)
    assert len(rows_of(start / "answers")) == 4
    if removed:
        (start / "answers" / removed).unlink()
    else:
        shutil.rmtree(start / "answers")

    def check(folder: Path, run: Run) -> None:
        left = files(folder).items()
        assert {item for item in left if not item[0].endswith(".partial")} <= whole.items()
        an_hour_ago = time.time() - 3601
        for path in folder.rglob("*.partial"):
            os.utime(path, (an_hour_ago, an_hour_ago))
        batch.go_on(str(folder))
        assert files(folder) == whole

    exercise(answering, GO_ON, start, check, tally)


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
