"""Programs that are measured: commands that end, and servers."""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

START_S: Final = 180


@dataclass(frozen=True)
class Ended:
    """What a command took: wall time, peak resident memory of its process, and what it printed."""

    seconds: float
    peak_mib: float
    text: str


def run(command: Sequence[str], **environment: str) -> Ended:
    """Run a command to its end; leave with what it printed where it fails."""
    start = time.perf_counter()
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=output, env={**os.environ, **environment}
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        output.seek(0)
        text = output.read()
    if status:
        raise SystemExit(f"{' '.join(command)} failed:\n{text}")
    return Ended(seconds, usage.ru_maxrss / 1024, text)


def python(*arguments: str) -> list[str]:
    """Return the command that runs this Python."""
    return [sys.executable, *arguments]


def free_port() -> int:
    """Return a port of the loopback interface that nobody listens on now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@dataclass(frozen=True)
class Server:
    """A running server."""

    port: int
    pid: int

    def mib(self) -> float:
        """Return the memory of all of its processes, what they share counted once."""
        return sum(_proportional_kib(pid) for pid in _family(self.pid)) / 1024

    def children(self) -> list[int]:
        """Return the processes that it started itself."""
        return _children(self.pid)


@contextmanager
def serving(
    command: Sequence[str], port: int, env: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """Run a server until the block ends; it is there when its port takes a connection.

    It runs in a folder of its own, which takes what it writes along when the block ends.
    """
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryDirectory() as cwd:
        process = subprocess.Popen(
            command, cwd=cwd, stdout=output, stderr=output, start_new_session=True,
            env={**os.environ, **(env or {})},
        )  # fmt: skip
        try:
            if not _listening(process, port):
                output.seek(0)
                raise SystemExit(f"{' '.join(command)} does not listen:\n{output.read()[-3000:]}")
            yield Server(port, process.pid)
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _listening(process: "subprocess.Popen[bytes]", port: int) -> bool:
    until = time.monotonic() + START_S
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.2)
        else:
            return True
    return False


def _family(pid: int) -> Iterator[int]:
    yield pid
    for child in _children(pid):
        yield from _family(child)


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for listed in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):  # a thread, or the whole process, that has just ended
            found += map(int, listed.read_text().split())
    return found


def _proportional_kib(pid: int) -> int:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    found = re.search(r"^Pss:\s+(\d+)", text, re.MULTILINE)
    return int(found[1]) if found else 0
