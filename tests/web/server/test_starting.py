"""What `florist serve` and `florist demo` say when they start, and what they refuse at once."""

import os
import pty
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from florist.bundle import Bundle
from florist.cli import cli
from tests.web.server.processes import SERVE, serving


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(each) for each in arguments])


def test_a_taken_port_is_one_clear_error(bundle: Bundle, taken: int) -> None:
    result = run("serve", "--model", bundle.path, "--port", taken)
    assert result.exit_code == 1
    assert f"Port {taken} is taken; try --port {taken + 1}." in result.output
    assert "http://" not in result.output


@pytest.mark.parametrize(
    ("host", "says"),
    [("203.0.113.1", "This machine has no address"), ("no.such.invalid", "There is no host")],
)
def test_an_address_that_is_none_is_named(bundle: Bundle, host: str, says: str) -> None:
    result = run("serve", "--model", bundle.path, "--host", host, "--port", 0)
    assert result.exit_code == 1
    assert says in result.output


def test_the_demo_looks_for_its_port_before_it_draws(tmp_path: Path, taken: int) -> None:
    data, output = tmp_path / "data", tmp_path / "output"
    result = run("demo", "--data", data, "--output", output, "--port", taken)
    assert result.exit_code == 1
    assert f"Port {taken} is taken" in result.output
    assert list(tmp_path.iterdir()) == []


def test_the_demo_says_before_it_draws_what_is_not_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    result = run("demo", "--data", tmp_path / "data", "--output", tmp_path / "output")
    assert result.exit_code == 1
    assert "tensorflow is not installed: pip install 'florist[train]'" in result.output
    assert list(tmp_path.iterdir()) == []


def test_on_a_terminal_the_log_is_for_people_and_ctrl_c_stops(
    bundle: Bundle, tmp_path: Path
) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE, "--model", str(bundle.path), "--port", "0"],
        env=os.environ | {"FLORIST_UPLOADS": str(tmp_path), "FLORIST_THREAD": "1"},
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    said = ""
    while "Ctrl-C stops" not in said:
        said += os.read(ours, 4096).decode()
    assert re.search(r"^[\d:]{8} Open http://127\.0\.0\.1:[1-9]\d+ · Ctrl-C stops", said, re.M)
    assert "WARNING FLORIST_THREAD is no setting. Did you mean FLORIST_THREADS?" in said
    os.killpg(process.pid, signal.SIGINT)
    try:
        while piece := os.read(ours, 4096):
            said += piece.decode()
    except OSError:
        pass  # Linux says so when nobody writes to a terminal any more
    os.close(ours)
    assert process.wait(60) == 0
    assert "Traceback" not in said
    assert "{" not in said


def test_elsewhere_the_log_is_json_or_what_was_asked_for(bundle: Bundle, tmp_path: Path) -> None:
    with serving(bundle.path, tmp_path, "--workers", "2", "--threads", "1") as running:
        running.wait_for(rf"^Open http://127\.0\.0\.1:{running.port} ")
        assert running.stop() == 0
        assert sum("Open http" in line["message"] for line in running.lines) == 1
