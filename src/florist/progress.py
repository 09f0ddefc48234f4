"""How long work tells the outside how far it is."""

from collections.abc import Callable

# (what is being done, how much of it is done, out of how much): called often, from one thread.
Progress = Callable[[str, int, int], None]


def silent(stage: str, done: int, total: int) -> None:
    """Tell nobody."""
