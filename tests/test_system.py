"""How many CPUs there are to use, and files that are whole or not there."""

import errno
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from florist.system import (
    LockedError,
    cpu_limit,
    locked,
    memory_limit,
    memory_taken,
    replacing,
    write_atomically,
)


@pytest.mark.parametrize(
    ("files", "limit"),
    [
        ({"cpu.max": "150000 100000\n"}, 1.5),
        ({"cpu.max": "max 100000\n"}, None),
        ({"cpu.max": "50000 100000\n"}, 0.5),
        ({"cpu/cpu.cfs_quota_us": "200000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 2),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, None),
        ({"cpu.max": "nonsense"}, None),
        ({}, None),
    ],
)
def test_the_cgroup_decides_how_many_cpus(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str], limit: float | None
) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(64)), raising=False)
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    expected = {None: 64, 0.5: 1, 1.5: 2, 2: 2}[limit]
    assert cpu_limit(tmp_path) == expected


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has affinity masks")
def test_the_affinity_mask_decides_how_many_cpus() -> None:
    code = "import os; os.sched_setaffinity(0, {0})\n"
    code += "from florist.system import cpu_limit; print(cpu_limit())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "1\n"


def test_a_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_atomically(path, "naïve")
    assert path.read_text("utf-8") == "naïve"
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    assert [*tmp_path.iterdir()] == [path]


def test_a_failed_write_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def run_out_of_space() -> None:
        with replacing(path) as partial:
            partial.write_bytes(b"ne")
            raise OSError(errno.ENOSPC, "full")

    with pytest.raises(OSError, match="full"):
        run_out_of_space()
    assert path.read_bytes() == b"old"
    assert [*tmp_path.iterdir()] == [path]


def test_a_process_killed_inside_a_write_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    code = (
        "import os, signal, sys; from pathlib import Path; from florist.system import replacing\n"
        "with replacing(Path(sys.argv[1])) as partial:\n"
        "    partial.write_bytes(b'ne')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert path.read_bytes() == b"old"


def count_up(folder: Path, times: int) -> None:
    """Add to a number in a file, which goes wrong where two do so at the same time."""
    counter = folder / "counter"
    while times:
        with suppress(LockedError), locked(folder / "made" / "lock", "me"):
            counter.write_text(str(int(counter.read_text()) + 1))
            times -= 1


def test_one_at_a_time_holds_a_lock_that_comes_and_goes(tmp_path: Path) -> None:
    (tmp_path / "counter").write_text("0")
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(count_up, tmp_path, 100) for _ in range(4)]:
            done.result()
    assert (tmp_path / "counter").read_text() == "400"
    assert [*(tmp_path / "made").iterdir()] == []


def test_a_lock_dies_with_its_process(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    code = "import sys; from pathlib import Path; from florist.system import locked\n"
    code += "with locked(Path(sys.argv[1]), 'the child'): print(flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", code, str(lock)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        try:
            child.stdout.readline()
            with pytest.raises(LockedError, match="the child"), locked(lock, "me"):
                pass
            assert lock.read_text() == "the child"
        finally:
            child.kill()
    assert lock.exists()
    with locked(lock, "me"):
        assert lock.read_text() == "me"
    assert not lock.exists()


def test_the_memory_is_the_cgroups(tmp_path: Path) -> None:
    machine = memory_limit(tmp_path)
    assert machine is not None
    assert machine > 2**28
    (tmp_path / "memory.max").write_text("max\n")
    assert memory_limit(tmp_path) == machine
    (tmp_path / "memory.max").write_text(f"{2**27}\n")
    assert memory_limit(tmp_path) == 2**27
    (tmp_path / "memory.max").unlink()
    (tmp_path / "memory").mkdir()
    (tmp_path / "memory" / "memory.limit_in_bytes").write_text(f"{2**26}\n")
    assert memory_limit(tmp_path) == 2**26


def test_memory_that_is_taken_counts() -> None:
    before = memory_taken()
    held = b"x" * 2**26
    assert memory_taken() - before > 0.9 * len(held)


def test_a_lock_whose_file_cannot_be_removed_is_given_back(tmp_path: Path) -> None:
    path, same = tmp_path / "lock", tmp_path / "same"

    def put_a_folder_there() -> None:
        path.rename(same)
        path.mkdir()

    with pytest.raises(OSError, match="lock"), locked(path, "first"):
        put_a_folder_there()  # which nobody unlinks
    path.rmdir()
    same.rename(path)
    with locked(path, "second"):
        assert path.read_text() == "second"
