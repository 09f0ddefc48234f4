"""Every fault that can meet a function while it changes a folder, one after the other.

As SQLite tests itself (https://www.sqlite.org/testing.html, "I/O Error Testing"): each call that
changes a file fails once, fails from then on, and is the last thing that the process does.
"""

import errno
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from florist.system import PARTIAL
from tests.faults.seccomp import Call
from tests.faults.watched import KILL, Decide, Run, Watched

_NEEDS_ROOM: Final = (errno.ENOSPC, errno.EIO)
ERRORS: Final[Mapping[str, Sequence[int]]] = {
    "write": _NEEDS_ROOM,
    "fsync": _NEEDS_ROOM,
    "truncate": _NEEDS_ROOM,
    "open": (*_NEEDS_ROOM, errno.EACCES),
    "mkdir": (*_NEEDS_ROOM, errno.EACCES),
    "rename": (*_NEEDS_ROOM, errno.EACCES),
    "link": (*_NEEDS_ROOM, errno.EACCES),
    "unlink": (errno.EIO, errno.EACCES),
    "rmdir": (errno.EIO, errno.EACCES),
    "chmod": (errno.EIO, errno.EACCES),
}


@dataclass(frozen=True)
class Fault:
    """What happens at the call of a number, and where it `stays` at all that could fail alike."""

    number: int
    error: int
    stays: bool = False

    def decide(self, number: int, call: Call) -> int | None:
        """See `Decide`."""
        meets = number == self.number or (self.stays and number > self.number)
        return self.error if meets and self.error in (*ERRORS[call.name], KILL) else None

    def __str__(self) -> str:
        what = "killed" if self.error == KILL else errno.errorcode[self.error]
        return f"{what} {'from' if self.stays else 'at'} call {self.number}"


def faults_at(number: int, call: Call) -> Iterator[Fault]:
    """Yield what can happen at a call; of errors that stand for each other, they take turns."""
    errors = ERRORS[call.name]
    yield Fault(number, KILL)
    yield Fault(number, errors[number % len(errors)])
    yield Fault(number, errors[0], stays=True)


@dataclass
class Tally:
    """How many calls were met by how many faults."""

    points: int = 0
    faults: int = 0


Check = Callable[[Path, Run], None]
"""Looks at a folder and at what came of the run in it; raises where something is lost."""


def exercise(watched: Watched, function: str, start: Path, check: Check, tally: Tally) -> None:
    """Run a function on copies of the folder `start`, once for each fault, and check each.

    The first run meets none, and shows what calls there are.
    """
    folder = start.with_name(f"{start.name}-copy")

    def run(decide: Decide | None) -> Run:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(start, folder)
        return watched.run(function, folder, decide)

    undisturbed = run(None)
    assert undisturbed.error is None, undisturbed.error
    assert not unsynced(undisturbed.calls)
    check(folder, undisturbed)
    assert undisturbed.calls
    lost = []
    for number, call in enumerate(undisturbed.calls):
        tally.points += 1
        for fault in faults_at(number, call):
            tally.faults += 1
            met = run(fault.decide)
            try:
                check(folder, met)
            except Exception as error:
                lost.append(f"{fault}, {call.name} {call.paths}, {met.error}: {error!r}")
    assert not lost, "\n".join([f"{len(lost)} faults lost something:", *lost])


def unsynced(calls: Sequence[Call]) -> list[str]:
    """Return what got its final name before it was on the disk: a power cut may leave it empty."""
    found, waiting = [], set[str]()
    for call in calls:
        path = call.paths[0]
        if call.name in {"write", "truncate"}:
            waiting.add(path)
        elif call.name == "fsync":
            waiting.discard(path)
        elif call.name == "rename":
            for old in [each for each in waiting if Path(each).is_relative_to(path)]:
                waiting.remove(old)
                new = old.replace(path, call.paths[1], 1)
                if PARTIAL in new:
                    waiting.add(new)
                else:
                    found.append(new)
    return found
