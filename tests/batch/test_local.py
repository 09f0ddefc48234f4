"""The processes of this machine: what dies is replaced, and nothing outlives its parent."""

import os
import random
import re
import signal
import subprocess
import sys
from collections.abc import Generator, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from florist.batch.local import answered
from florist.batch.pieces import Pieces
from florist.batch.run import SUCCESS
from florist.batch.shard import Done, Job
from florist.bundle import Bundle
from florist.errors import BatchError, BundleError
from tests import interrupted
from tests.batch.conftest import (
    answer_here,
    assert_killed,
    names_in,
    parts,
    predict,
    predicted,
    rows_of,
    write_killer,
)


def run(
    bundle: Bundle, *arguments: object, environment: Mapping[str, str] | None = None
) -> subprocess.Popen[str]:
    """Start `florist predict`; its standard error ends when its last process has."""
    words = ["predict", *arguments, "--model", bundle.path]
    return interrupted.start(*words, environment=environment)


@pytest.mark.parametrize("processes", [1, 3])
def test_any_number_of_processes_writes_the_same_bytes(
    bundle: Bundle, photos: Path, tmp_path: Path, processes: int
) -> None:
    names = names_in(photos)
    answer_here(bundle, names, tmp_path / "here")
    many = partial(answered, processes=processes)
    answer_here(bundle, names, tmp_path / "there", execute=many)
    assert parts(tmp_path / "there") == parts(tmp_path / "here")


def test_a_picture_that_kills_its_process_has_a_row(
    bundle: Bundle, photos: Path, tmp_path: Path
) -> None:
    path = write_killer(tmp_path / "killer", tmp_path / "site")
    arguments = [
        photos,
        tmp_path / "killer",
        "--output",
        f"{tmp_path / 'answers'}/",
        "--shard",
        "4",
    ]
    process = run(bundle, *arguments, environment={"PYTHONPATH": path})
    _, stderr = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "Error: 3 of 41 pictures could not be used" in stderr
    rows = rows_of(tmp_path / "answers")
    assert_killed(rows, predicted(bundle, photos, tmp_path / "killer"))


def test_what_a_process_raises_is_raised(bundle: Bundle, photos: Path, tmp_path: Path) -> None:
    def elsewhere(job: Job, pieces: Pieces) -> Generator[Done]:
        return answered(replace(job, model=tmp_path / "gone"), pieces, processes=1)

    with pytest.raises(BundleError, match="No model in"):
        answer_here(bundle, names_in(photos), tmp_path, execute=elsewhere)
    assert not parts(tmp_path)


def test_a_process_that_dies_before_it_begins_is_named(
    bundle: Bundle, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not every picture becomes an error for it."""
    site = tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(
        "import os, sys\nif '--multiprocessing-fork' in sys.argv: os._exit(7)\n"
    )
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(site), *filter(None, sys.path)]))
    with pytest.raises(BatchError, match=r"ended while it loaded the model \(exit code 7\)"):
        answer_here(bundle, names_in(photos), tmp_path, execute=partial(answered, processes=1))
    assert not parts(tmp_path)


def killed_at(
    moments: int, seed: int, bundle: Bundle, photos: Path, output: Path, longest: float
) -> None:
    """Kill drivers at random moments, each going on with what the one before left, or anew."""
    moment = random.Random(seed)
    for _ in range(moments):
        process = run(bundle, photos, "--output", f"{output}/", "--shard", "2")
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=moment.uniform(0, longest))
        process.kill()
        process.communicate(timeout=60)  # until the last of its processes has ended
        if (output / SUCCESS).exists():
            for path in [*output.rglob("*.*")]:
                path.unlink()


@pytest.mark.parametrize("moments", [2, pytest.param(20, marks=pytest.mark.once)])
def test_a_killed_driver_goes_on(
    bundle: Bundle, photos: Path, tmp_path: Path, moments: int
) -> None:
    answer_here(bundle, names_in(photos), tmp_path / "whole", shard=2)
    killed_at(moments, moments, bundle, photos, tmp_path / "killed", longest=3)
    result = predict(bundle, photos, "--output", f"{tmp_path / 'killed'}/", "--shard", 2)
    assert result.exit_code == 1, result.output
    assert parts(tmp_path / "killed") == parts(tmp_path / "whole")
    assert rows_of(tmp_path / "killed") == predicted(bundle, photos)


def test_ctrl_c_leaves_nothing_half_done_and_says_how_to_go_on(
    bundle: Bundle, photos: Path, tmp_path: Path
) -> None:
    output = tmp_path / "answers"
    process = run(bundle, photos, "--output", f"{output}/", "--shard", "1")
    while not parts(output):
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert re.fullmatch(
        r"\d+ of 38 shards are done. The same command goes on from there.\nInterrupted.\n", stderr
    )
    assert not [*output.rglob("*.partial")]
    assert not (output / SUCCESS).exists()
    assert predict(bundle, photos, "--output", output, "--shard", 1).exit_code == 1
    assert rows_of(output) == predicted(bundle, photos)
