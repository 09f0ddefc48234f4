"""What the verbs share for talking to a person: results to stdout, everything else to stderr."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, TextIO

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from florist.cli import INTERRUPTED
from florist.progress import Listener

_SECONDS_BETWEEN_LINES: Final = 10.0
_WIDTH: Final = 160

# Markup off: file names and labels may hold square brackets.
_PLAIN: Final[dict[str, Any]] = {"markup": False, "highlight": False, "emoji": False}


def stdout() -> Console:
    """Return the console for results; wide where nobody's terminal sets a width."""
    console = Console(**_PLAIN)
    return console if console.is_terminal else Console(**_PLAIN, width=_WIDTH)


def width_of(file: TextIO) -> int:
    """Return how many columns a table may take in a file: the terminal's, or as `stdout` has."""
    return Console(file=file).width if file.isatty() else _WIDTH


def stderr() -> Console:
    """Return the console for progress and errors."""
    return Console(**_PLAIN, stderr=True)


def print_error(message: str) -> None:
    """Print one line that begins with "Error:"."""
    stderr().print(
        Text("Error: ", style="bold red").append(message, style="not bold default"), soft_wrap=True
    )


def new_table(*columns: str) -> Table:
    """Return a table whose first column is text and whose others are figures."""
    table = Table(box=None, pad_edge=False)
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left", overflow="fold")
    return table


class _Speed(ProgressColumn):
    """Pictures per second."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:.0f}/s" if task.speed else "", style="progress.data.speed")


class ConsoleListener(Listener):
    """Shows a live bar on a terminal, and a line now and then anywhere else."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            _Speed(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
        )
        self._stage = ""
        self._best = float("inf")
        self._began_with = 0
        self._began_at = self._printed_at = self._epoch_at = time.monotonic()
        self._interrupted = False

    def interrupt(self, number: int, frame: object) -> None:
        """Handle Ctrl-C as Python does, and remember it.

        What is raised while Python cleans up behind itself (in a finaliser, say) is lost; the next
        report of progress raises it again.
        """
        self._interrupted = True
        raise KeyboardInterrupt

    def _heed(self) -> None:
        if self._interrupted:
            raise KeyboardInterrupt

    def progress(self, stage: str, done: int, total: int) -> None:
        """Move the bar of a stage, or print a line every ten seconds; and one at its end."""
        self._heed()
        now = self._epoch_at = time.monotonic()
        if stage != self._stage:
            self._begin(stage, done, total, now)
        if done == total:
            self.close()
            # A resumed stage begins with what was done before, which is no speed of this run.
            speed = (done - self._began_with) / max(now - self._began_at, 1e-3)
            self._console.print(f"{stage}: {total}" + (f", {speed:.0f}/s" if speed else ""))
        elif self._console.is_terminal:
            self._bars.update(self._bars.task_ids[0], completed=done)
        elif now - self._printed_at >= _SECONDS_BETWEEN_LINES:
            self._console.print(f"{stage}: {done}/{total}")
            self._printed_at = now

    def _begin(self, stage: str, done: int, total: int, now: float) -> None:
        self._stage, self._began_with = stage, done
        self._began_at = self._printed_at = now
        if self._console.is_terminal:
            for task in self._bars.task_ids:
                self._bars.remove_task(task)
            self._bars.add_task(stage, total=total, completed=done)
            self._bars.start()

    def epoch(self, number: int, epochs: int, logs: Mapping[str, float]) -> None:
        """Print one line for a finished epoch."""
        self._heed()
        now = time.monotonic()
        seconds, self._epoch_at = now - self._epoch_at, now
        line = Text(
            f"Epoch {number:>{len(str(epochs))}}/{epochs}  "
            f"loss {logs['loss']:.3f} acc {logs['accuracy']:6.1%}  "
            f"val loss {logs['val_loss']:.3f} acc {logs['val_accuracy']:6.1%}  {seconds:5.1f} s"
        )
        if logs["val_loss"] < self._best:
            self._best = logs["val_loss"]
            line.append("  ← best", style="green")
        self._console.print(line, soft_wrap=True)

    def say(self, message: str) -> None:
        """Print a sentence."""
        self._heed()
        self._console.print(message, soft_wrap=True)
        self._epoch_at = time.monotonic()

    def close(self) -> None:
        """Take the bar away, where there is one."""
        if self._stage and self._console.is_terminal:
            self._bars.stop()
        self._stage = ""


@contextmanager
def _at_ctrl_c(handle: Callable[[int, object], None]) -> Iterator[None]:
    """Have Ctrl-C handled, unless it is ignored, as in a shell's background job."""
    before = signal.getsignal(signal.SIGINT)
    if before is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _lost_interrupts_unprinted() -> Iterator[None]:
    """Have no traceback printed for a Ctrl-C that came while Python cleaned up behind itself."""
    before = sys.unraisablehook

    def tell(lost: "sys.UnraisableHookArgs") -> None:
        if not issubclass(lost.exc_type, KeyboardInterrupt):
            before(lost)

    sys.unraisablehook = tell
    try:
        yield
    finally:
        sys.unraisablehook = before


@contextmanager
def importing_tensorflow() -> Iterator[None]:
    """Silence standard error, to which the import writes from C++, and let Ctrl-C end it at once.

    A `KeyboardInterrupt` inside of this import may be swallowed, come out as an `ImportError`, or
    leave a lock that is waited for without end.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)

    def leave(number: int, frame: object) -> None:
        os.write(kept, b"Interrupted.\n")
        os._exit(INTERRUPTED)

    try:
        os.dup2(nowhere, 2)
        with _at_ctrl_c(leave):
            yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


@contextmanager
def listening() -> Iterator[ConsoleListener]:
    """Give a listener whose bar is gone afterwards, whatever happens, and that heeds Ctrl-C."""
    listener = ConsoleListener(stderr())
    try:
        with _at_ctrl_c(listener.interrupt), _lost_interrupts_unprinted():
            yield listener
    finally:
        listener.close()
