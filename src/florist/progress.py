"""How long work tells the outside how far it is."""

from collections.abc import Callable, Mapping

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
