"""Decoding in processes of their own, so that it can be stopped and may crash.

A process, `sandbox`, does one picture after the other. It stays for the next one, and is replaced
after it was killed.
"""

import atexit
import json
import os
import pickle
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple, cast

from florist.errors import DecoderError, ImageError, TooCostlyError
from florist.images.costs import Price
from florist.images.sandbox import Answer, Work, receive, send

# Of an answer: 4,096 × 4,096 pixels.
_LONGEST_ANSWER: Final = 48 * 2**20

ENDED: Final = "its decoder came to an unexpected end; save it anew, as JPEG or PNG, to use it"

_ERRORS: Final = {each.code: each for each in ImageError.__subclasses__()}

# No name of a variable here holds a secret; Windows starts nothing without the first.
_KEPT_VARIABLES: Final = ("SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")

# NumPy would start a thread for each CPU; malloc reserve a heap for each thread, and keep what a
# large picture had.
_VARIABLES: Final = {
    "OPENBLAS_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": str(2**20),
}


class _Sandbox:
    """A process that waits for pictures. One thread at a time may ask it."""

    def __init__(self) -> None:
        # The same modules as here, wherever they lie, but none from a working directory; no .pth
        # files and nothing else that `site` would run, which takes longer than all the rest.
        paths = [str(Path(__file__).parents[2]), *filter(None, sys.path)]
        start = f"import sys; sys.path[:] = {paths!r}; from florist.images.sandbox import main"
        self._process = subprocess.Popen(  # noqa: S603 - this Python, with our own code
            [sys.executable, "-I", "-S", "-B", "-c", f"{start}; main()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={each: os.environ[each] for each in _KEPT_VARIABLES if each in os.environ}
            | _VARIABLES,
        )
        self._requests = cast("BinaryIO", self._process.stdin)
        self._answers = cast("BinaryIO", self._process.stdout)
        atexit.register(self.end)

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, about: bytes, content: bytes, seconds: float) -> Answer:
        """Return the answer. Whatever is raised, the process is ended.

        Raises `TimeoutError` where there is none in time, `OSError`, `EOFError`, `ValueError` or
        `RecursionError` where the process died or answers nonsense.
        """
        late = threading.Event()

        def expire() -> None:
            late.set()
            self._process.kill()  # which ends each wait below

        timer = threading.Timer(seconds, expire)
        timer.daemon = True  # a Ctrl-C that comes before `try` would wait for it at the end
        timer.start()
        try:
            send(self._requests, about, content)
            said, result = receive(self._answers, _LONGEST_ANSWER)
            answer = json.loads(said), result
        except BaseException as error:
            self.end()
            if late.is_set():
                raise TimeoutError from error
            raise
        finally:
            timer.cancel()
            timer.join()
        if late.is_set():  # between the answer and now
            self.end()
        return answer

    def end(self) -> None:
        atexit.unregister(self.end)
        self._process.kill()
        self._process.wait()
        with suppress(OSError):  # what was not written yet is tried again
            self._requests.close()
        self._answers.close()


class Bounds(NamedTuple):
    """How many pictures are decoded in sandboxes at a time, and in how many bytes of memory."""

    places: int = sys.maxsize
    memory: int = sys.maxsize

    def plus(self, other: "Bounds") -> "Bounds":
        """Return both together."""
        return Bounds(self.places + other.places, self.memory + other.memory)

    def within(self, other: "Bounds") -> bool:
        """Tell whether there is as much of both in the other."""
        return self.places <= other.places and self.memory <= other.memory


class Sandboxes:
    """The sandboxes of a process, and the memory that all together may take.

    There is one for the process, as its memory and its CPUs are.
    """

    def __init__(self) -> None:
        self._idle: list[_Sandbox] = []
        self._change = threading.Condition()
        self._most = Bounds()
        self.taken = Bounds(0, 0)

    def bound(self, most: Bounds) -> None:
        """Set how much may be taken at a time."""
        with self._change:
            self._most = most
            self._change.notify_all()

    def run(self, work: Work, content: bytes, price: Price, seconds: float) -> Answer:
        """Return what `work(content)` does, in a sandbox. `work` has to be importable there.

        Raises `ImageError`: what `work` raises, `DecoderError` where it crashes, `TooCostlyError`
        where it takes too long or too much memory.
        """
        ends = time.monotonic() + seconds
        too_late = TooCostlyError(
            f"it could not be decoded within {seconds:.3g} s; save it smaller, or anew, to use it"
        )
        with self._taken(Bounds(1, price.memory + len(content)), ends, too_late):
            about = pickle.dumps((work, seconds, price.memory))
            try:
                sandbox = self._take()
                said, result = sandbox.ask(about, content, max(0, ends - time.monotonic()))
            except TimeoutError as error:
                raise too_late from error
            except (OSError, EOFError, ValueError, RecursionError) as error:
                raise DecoderError(ENDED) from error
            self._idle.append(sandbox)
        if "code" in said:
            raise _ERRORS.get(said["code"], DecoderError)(said.get("detail", ENDED))
        return said, result

    def end(self) -> None:
        """End all that are idle."""
        with suppress(IndexError):
            while True:
                self._idle.pop().end()

    def _take(self) -> _Sandbox:
        """Return one that is idle and alive, or else a new one."""
        with suppress(IndexError):
            while not (sandbox := self._idle.pop()).is_alive:
                sandbox.end()
            return sandbox
        return _Sandbox()

    @contextmanager
    def _taken(self, needed: Bounds, ends: float, too_late: TooCostlyError) -> Iterator[None]:
        """Take a place and memory, as soon as they are there."""
        with self._change:
            if not needed.within(self._most):
                raise TooCostlyError(
                    f"it takes {needed.memory / 2**20:.0f} MiB to decode, and there are "
                    f"{max(0, self._most.memory) / 2**20:.0f} for it; save it smaller to use it"
                )
            if not self._change.wait_for(
                lambda: self.taken.plus(needed).within(self._most), ends - time.monotonic()
            ):
                raise too_late
            self.taken = self.taken.plus(needed)
        try:
            yield
        finally:
            with self._change:
                self.taken = Bounds(
                    self.taken.places - needed.places, self.taken.memory - needed.memory
                )
                self._change.notify_all()


SANDBOXES: Final = Sandboxes()
