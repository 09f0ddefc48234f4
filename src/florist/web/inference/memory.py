"""What is left of the memory for pictures that are costly to decode, when the model is loaded."""

import sys
from typing import Final

from florist.images import CHEAP
from florist.system import cpu_limit, memory_limit, memory_taken
from florist.web.settings import Settings

_SANDBOX: Final = 32 * 2**20
"""A process that decodes, between two pictures."""

_SPARE: Final = 48 * 2**20
"""What a process takes beside what is counted: answers, copies to be kept, the parent's share."""


def threads_of(settings: Settings) -> int:
    """Return how many pictures a process computes at once."""
    return settings.threads or cpu_limit()


def slots_of(settings: Settings) -> int:
    """Return how many pictures that are not costly a process works on at once.

    One more than the engine computes with: it is decoded meanwhile, so that no CPU waits for it.
    """
    return threads_of(settings) + 1


def memory_for_costly_pictures(settings: Settings) -> int:
    """Return how many bytes a process that has its model loaded can spare for them, at least 0.

    docs/serving.md has the formula.
    """
    limit = int(settings.memory_mib * 2**20) or memory_limit()
    if limit is None:
        return sys.maxsize
    threads = threads_of(settings)
    cheap, sandboxes = slots_of(settings) * CHEAP.memory, threads * _SANDBOX
    counted = settings.body_bytes + cheap + sandboxes + _SPARE
    return max(0, limit // settings.workers - memory_taken() - counted)
