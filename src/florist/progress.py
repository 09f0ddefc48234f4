"""How long work tells the outside how far it is."""

import sys
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final

_SECONDS_BETWEEN_LINES: Final = 10.0

# (what is being done, how much of it is done, out of how much): called often, from one thread.
Progress = Callable[[str, int, int], None]


def silent(stage: str, done: int, total: int) -> None:
    """Tell nobody."""


class Listener:
    """What a training tells while it runs. This one listens to nothing; override what you want."""

    def progress(self, stage: str, done: int, total: int) -> None:
        """Hear how far a stage is, counted in pictures."""

    def epoch(self, number: int, epochs: int, logs: Mapping[str, float]) -> None:
        """Hear that an epoch (from 1) is finished: loss, accuracy, val_loss, val_accuracy."""

    def say(self, message: str) -> None:
        """Hear a sentence that a person should read."""


class PrintingListener(Listener):
    """Prints what it hears to standard error, a line at a time.

    `detail` is what else a stage tells of how far it is.
    """

    detail = ""

    def __init__(self) -> None:
        self._stage = ""
        self._best = float("inf")
        self._began_with = 0
        self._began_at = self._printed_at = self._epoch_at = time.monotonic()

    def progress(self, stage: str, done: int, total: int) -> None:
        """Print a line every ten seconds, and one at the end of a stage."""
        now = self._epoch_at = time.monotonic()
        if stage != self._stage:
            self._stage, self._began_with = stage, done
            self._began_at = self._printed_at = now
            self.begin(stage, done, total)
        if done < total:
            self.move(stage, done, total)
            return
        self.close()
        self.print(f"{stage}: {total}{self.detail}{self._pace(done)}")

    def begin(self, stage: str, done: int, total: int) -> None:
        """Show that a stage begins: nothing, here."""

    def move(self, stage: str, done: int, total: int) -> None:
        """Show how far a stage is: a line, unless there was one a moment ago."""
        now = time.monotonic()
        if now - self._printed_at >= _SECONDS_BETWEEN_LINES:
            self.print(f"{stage}: {done}/{total}{self.detail}{self._pace(done, total)}")
            self._printed_at = now

    def _pace(self, done: int, total: int = 0) -> str:
        """Say how fast a stage is and, of more to do, how long that will take."""
        # A resumed stage begins with what was done before, which is no speed of this run.
        speed = (done - self._began_with) / max(time.monotonic() - self._began_at, 1e-3)
        if not speed:
            return ""
        left = f", {timedelta(seconds=round((total - done) / speed))} left" if total else ""
        return f", {speed:.0f}/s{left}"

    def epoch(self, number: int, epochs: int, logs: Mapping[str, float]) -> None:
        """Print one line for a finished epoch."""
        now = time.monotonic()
        seconds, self._epoch_at = now - self._epoch_at, now
        line = (
            f"Epoch {number:>{len(str(epochs))}}/{epochs}  "
            f"loss {logs['loss']:.3f} acc {logs['accuracy']:6.1%}  "
            f"val loss {logs['val_loss']:.3f} acc {logs['val_accuracy']:6.1%}  {seconds:5.1f} s"
        )
        if logs["val_loss"] < self._best:
            self._best = logs["val_loss"]
            line += "  ← best"
        self.print(line)

    def say(self, message: str) -> None:
        """Print a sentence."""
        self.print(message)
        self._epoch_at = time.monotonic()

    def close(self) -> None:
        """Forget the stage."""
        self._stage = ""

    def print(self, line: str) -> None:
        """Print a line."""
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()
