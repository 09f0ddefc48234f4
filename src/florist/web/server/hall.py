"""What the connections of a process share: who is there, and how long a client is waited for."""

import asyncio
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from florist.web.problems import RefusedError
from florist.web.server.crowd import Crowd, Room
from florist.web.settings import Settings

_SPARE_FILES: Final = 200
"""Files and sockets that are no client's: the model, the database, the log."""


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How many seconds a client may take, each counted from its first byte."""

    idle_s: float = 15
    head_s: float = 10
    body_s: float = 180
    start_s: float = 10
    """How long a body, or the reading of an answer, may be as slow as it likes."""
    bytes_a_second: float = 16 * 1024
    """How fast it has to be on average from then on."""
    goodbye_s: float = 2
    """How long a refused client may go on sending, before the connection breaks."""
    stopping_s: float = 2
    """How long a request may still be on its way when the server stops."""
    stopping_idle_s: float = 1


@dataclass(kw_only=True)
class Hall:
    """What the connections of a process share. `refused` is told of each refusal."""

    crowd: Crowd
    refused: Callable[[RefusedError], None]
    patience: Patience = field(default_factory=Patience)
    stopping_since: float | None = None
    answering: asyncio.Event = field(default_factory=asyncio.Event)
    """Set but for the moment in which the door is closed: who is answered then comes right back."""

    def __post_init__(self) -> None:
        self.answering.set()


def room_for(settings: Settings) -> Room:
    """Return how much room there is for clients: those behind a proxy all come from one address."""
    connections = _connections(Room.connections)
    of_client = 0 if settings.proxies else settings.client_connections
    return Room(
        connections=connections,
        client_connections=min(of_client or connections, connections),
        body_bytes=settings.body_bytes,
    )


def _connections(wanted: int) -> int:
    """Return how many connections may be open at once, after asking the system for more files."""
    if sys.platform == "win32":
        return wanted
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted + _SPARE_FILES
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return wanted
    soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return max(1, soft - _SPARE_FILES)
