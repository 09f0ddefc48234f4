"""A process whose every change to a folder can be made to fail, or to be the last that it does."""

import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.faults import seccomp
from tests.faults.seccomp import Call

ROOT: Final = Path(__file__).parents[2]
KILL: Final = -1

Decide = Callable[[int, Call], int | None]
"""Number of a call, from 0, and the call → None to let it through, an error number, or `KILL`."""


@dataclass(kw_only=True)
class Run:
    """What came of one: the calls that were to change the folder, and what the function returned.

    `error` is the type and text of what it raised. Where it was killed there is neither.
    """

    calls: list[Call] = field(default_factory=list)
    value: Any = None
    error: str | None = None
    killed: bool = False


class Watched:
    """A process that runs functions; it is started when needed, and again when it was killed.

    A function is named "module:function", takes the folder as text, and returns what JSON can say.
    Where `forked`, each runs in a copy of the process, which costs milliseconds: for what starts no
    threads. `modules` are imported before the first one.
    """

    def __init__(self, *modules: str, forked: bool) -> None:
        self._arguments = [json.dumps(forked), *modules]
        self._process: subprocess.Popen[bytes] | None = None

    def run(self, function: str, folder: Path, decide: Decide | None = None) -> Run:
        """Run a function; `decide` is asked about each call that would change `folder`."""
        if self._process is None:
            self._start()
        run = Run()
        self._socket.sendall(json.dumps([function, str(folder)]).encode() + b"\n")
        poll = select.poll()
        for descriptor in (self._listener, self._socket.fileno()):
            poll.register(descriptor, select.POLLIN)
        while True:
            ready = dict(poll.poll())
            if ready.get(self._listener, 0) & select.POLLIN:
                self._serve(run, folder, decide)
            elif self._socket.fileno() in ready:
                return self._result(run)

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._socket.close()
            os.close(self._listener)
            self._process = None

    def _start(self) -> None:
        self._socket, theirs = socket.socketpair()
        command = [sys.executable, "-m", __name__, str(theirs.fileno()), *self._arguments]
        with theirs:
            self._process = subprocess.Popen(command, cwd=ROOT, pass_fds=[theirs.fileno()])
        _, (self._listener,), _, _ = socket.recv_fds(self._socket, 1, 1)

    def _serve(self, run: Run, folder: Path, decide: Decide | None) -> None:
        call = seccomp.receive(self._listener)
        if call is None:
            return
        error = None
        if any(Path(path).is_relative_to(folder) for path in call.paths):
            run.calls.append(call)
            error = decide(len(run.calls) - 1, call) if decide else None
        if error == KILL:
            run.killed = True
            os.kill(call.process, signal.SIGKILL)
        else:
            seccomp.answer(self._listener, call, error)

    def _result(self, run: Run) -> Run:
        line = b""
        while not line.endswith(b"\n"):
            received = self._socket.recv(65536)
            if not received:
                self.close()
                assert run.killed, "The process died, and nobody killed it."
                return run
            line += received
        run.value, run.error = json.loads(line)
        return run


def _main(descriptor: str, forked: str, *modules: str) -> None:
    connection = socket.socket(fileno=int(descriptor))
    for module in modules:
        importlib.import_module(module)
    listener = seccomp.watch_this_process()
    socket.send_fds(connection, [b"x"], [listener])
    os.close(listener)  # where the other end is gone, calls fail rather than wait
    for line in connection.makefile():
        function, folder = json.loads(line)
        if not json.loads(forked):
            connection.sendall(_outcome(function, folder))
        elif child := os.fork():
            _, status = os.waitpid(child, 0)
            if os.WIFSIGNALED(status):
                connection.sendall(b"[null, null]\n")
        else:
            connection.sendall(_outcome(function, folder))
            os._exit(0)


def _outcome(function: str, folder: str) -> bytes:
    module, name = function.split(":")
    value, error = None, None
    try:
        value = getattr(importlib.import_module(module), name)(folder)
    except Exception as raised:
        error = f"{type(raised).__name__}: {raised}"
    return json.dumps([value, error]).encode() + b"\n"


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        _main(*sys.argv[1:])
