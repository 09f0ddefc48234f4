"""The processes of this machine: as many as it has CPUs, each with one thread of the engine.

A pool of the standard library breaks as a whole when a process dies, and does not say of what.
"""

import multiprocessing
import os
import signal
import sys
import threading
import traceback
import warnings
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, wait
from typing import Final

from florist.batch.pieces import Piece, Pieces
from florist.batch.shard import Done, Job, Worker
from florist.errors import BatchError

# A fresh interpreter: a process with threads of OpenVINO must not be forked.
_CONTEXT: Final = multiprocessing.get_context("spawn")

_SECONDS_TO_END: Final = 5.0

_READY: Final = "ready"


def answered(job: Job, pieces: Pieces, processes: int) -> Generator[Done]:
    """Yield what is done, until nothing is left; no process outlives this, or its own parent.

    Raises what a process raised, and `BatchError` where none could load the model.
    """
    workers = [_Process(job) for _ in range(min(processes, len(pieces)))]
    try:
        while pieces:
            _hand_out(workers, pieces)
            speaking = wait([worker.connection for worker in workers])
            for number, worker in enumerate(workers):
                if worker.connection in speaking:
                    match worker.hear():
                        case Done() as done:
                            pieces.done()
                            yield done
                        case Exception() as error:
                            raise error
                        case None:
                            workers[number] = _replaced(worker, job, pieces)
    finally:
        for worker in workers:
            worker.process.terminate()
        for worker in workers:
            worker.end()


def _hand_out(workers: "list[_Process]", pieces: Pieces) -> None:
    for worker in workers:
        if worker.is_ready and not worker.piece and (piece := pieces.take()):
            worker.begin(piece)


def _replaced(worker: "_Process", job: Job, pieces: Pieces) -> "_Process":
    """Return a new process for one that died."""
    worker.end()
    if not worker.is_ready:
        raise BatchError(
            f"A process ended while it loaded the model (exit code {worker.process.exitcode}). "
            "Is there memory for as many as there are CPUs?"
        )
    if worker.piece:
        pieces.died(worker.piece)
    return _Process(job)


class _Process:
    """A process that answers pieces, as its parent sees it."""

    def __init__(self, job: Job) -> None:
        self.connection, theirs = _CONTEXT.Pipe()
        self.process = _CONTEXT.Process(target=_serve, args=[theirs, job], daemon=True)
        with _ctrl_c_held():
            self.process.start()
        theirs.close()  # so that the connection ends with the process
        self.piece: Piece | None = None
        self.is_ready = False

    def begin(self, piece: Piece) -> None:
        self.piece = piece
        with suppress(OSError):  # it has died; who waits for its answer is told
            self.connection.send(piece)

    def hear(self) -> "Done | Exception | str | None":
        """Return a piece that is done, what went wrong, or that it is ready; None: it has died."""
        try:
            said: Done | Exception | str = self.connection.recv()
        except (EOFError, OSError):
            return None
        if isinstance(said, Done):
            self.piece = None
        self.is_ready = True
        return said

    def end(self) -> None:
        """Wait until the process has ended, or end it."""
        self.process.join(_SECONDS_TO_END)
        self.process.kill()
        self.process.join()
        self.connection.close()


@contextmanager
def _ctrl_c_held() -> Iterator[None]:
    """Keep Ctrl-C for afterwards, and from what is started: it is this process' to heed."""
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _serve(connection: Connection, job: Job) -> None:
    """Answer pieces until the connection, or the parent, is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent heeds it
    signal.signal(signal.SIGTERM, _leave)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    warnings.filterwarnings("ignore", module=r"PIL\.")
    try:
        worker = Worker(job)
        connection.send(_READY)
        while True:
            piece = connection.recv()
            connection.send(worker.do(piece))
    except (EOFError, BrokenPipeError, MemoryError):
        return  # the parent is gone; or it counts a death, and gives out less at a time
    except Exception as error:
        error.add_note(traceback.format_exc())
        connection.send(error)


def _leave(number: int, frame: object) -> None:
    sys.exit()  # what is being written is removed


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
