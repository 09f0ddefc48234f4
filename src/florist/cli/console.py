"""What the verbs share for talking to a person: results to stdout, everything else to stderr."""

import os
import signal
import sys
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
from florist.progress import PrintingListener

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


class ConsoleListener(PrintingListener):
    """Shows a live bar on a terminal, and a line now and then anywhere else."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console = console
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[detail]}"),
            _Speed(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
        )
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
        """Move the bar of a stage, or print a line now and then; and one at its end."""
        self._heed()
        super().progress(stage, done, total)

    def begin(self, stage: str, done: int, total: int) -> None:
        """Show a bar, on a terminal."""
        if self._console.is_terminal:
            for task in self._bars.task_ids:
                self._bars.remove_task(task)
            self._bars.add_task(stage, total=total, completed=done, detail=self.detail)
            self._bars.start()

    def move(self, stage: str, done: int, total: int) -> None:
        """Move the bar, where there is one."""
        if self._console.is_terminal:
            self._bars.update(self._bars.task_ids[0], completed=done, detail=self.detail)
        else:
            super().move(stage, done, total)

    def epoch(self, number: int, epochs: int, logs: Mapping[str, float]) -> None:
        """Print one line for a finished epoch."""
        self._heed()
        super().epoch(number, epochs, logs)

    def say(self, message: str) -> None:
        """Print a sentence."""
        self._heed()
        super().say(message)

    def close(self) -> None:
        """Take the bar away, where there is one."""
        if self._stage and self._console.is_terminal:
            self._bars.stop()
        super().close()

    def print(self, line: str) -> None:
        """Print a line, above the bar where there is one."""
        text = Text(line)
        text.highlight_regex("← best$", "green")
        self._console.print(text, soft_wrap=True)


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
def left_at_ctrl_c() -> Iterator[None]:
    """Let Ctrl-C end the program at once: for the import of TensorFlow.

    A `KeyboardInterrupt` inside of this import may be swallowed, come out as an `ImportError`, or
    leave a lock that is waited for without end.
    """
    kept = os.dup(2)  # the import itself has standard error silenced

    def leave(number: int, frame: object) -> None:
        os.write(kept, b"Interrupted.\n")
        os._exit(INTERRUPTED)

    try:
        with _at_ctrl_c(leave):
            yield
    finally:
        os.close(kept)


@contextmanager
def listening() -> Iterator[ConsoleListener]:
    """Give a listener whose bar is gone afterwards, whatever happens, and that heeds Ctrl-C."""
    listener = ConsoleListener(stderr())
    try:
        with _at_ctrl_c(listener.interrupt), _lost_interrupts_unprinted():
            yield listener
    finally:
        listener.close()
