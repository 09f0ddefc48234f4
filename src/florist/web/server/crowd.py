"""Who is connected, and what each client holds: where it is too much, whoever holds most gives way.

A client is an IPv4 address, or the half of an IPv6 address that a provider gives to a household.
"""

import ipaddress
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, kw_only=True)
class Room:
    """How much there is for everybody: connections in all and of a client, bytes of bodies."""

    connections: int = 1000
    client_connections: int = 256
    body_bytes: int = 64 * 2**20


class Member(Protocol):
    """A connection, as far as it takes up room."""

    address: str
    """Whose it is."""
    since: float
    """When it began to wait for what it waits for now."""
    held: int
    """The bytes of bodies that it holds."""

    @property
    def can_give_way(self) -> bool:
        """Whether its client keeps us waiting, and not we the client."""

    def give_way(self) -> None:
        """End, and hold nothing any more."""


class Crowd:
    """The connections of a process."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._clients: dict[str, set[Member]] = defaultdict(set)
        self._count = 0
        self._held = 0

    def enter(self, member: Member) -> None:
        """Let a connection in; where the room is full, the one that has waited longest goes."""
        group = self._clients[member.address]
        group.add(member)
        self._count += 1
        if self._count > self._room.connections:
            group = max(self._clients.values(), key=len)
        elif len(group) <= self._room.client_connections:
            return
        leaving = min(_able(group), key=lambda each: each.since, default=member)
        self.leave(leaving)
        leaving.give_way()

    def leave(self, member: Member) -> None:
        """Forget a connection that has ended, or is about to."""
        self.hold(member, 0)
        group = self._clients.get(member.address, set())
        if member in group:
            group.remove(member)
            self._count -= 1
            if not group:
                del self._clients[member.address]

    def hold(self, member: Member, held: int) -> None:
        """Note how many bytes a connection holds now; over the budget, the largest holder goes."""
        self._held += held - member.held
        member.held = held
        while self._held > self._room.body_bytes:
            leaving = self._largest()
            if leaving is None:
                return
            self.leave(leaving)
            leaving.give_way()

    def _largest(self) -> Member | None:
        """Return whose end frees most: the largest body of the client that holds most."""
        groups = [
            group for group in self._clients.values() if any(each.held for each in _able(group))
        ]
        group = max(groups, key=lambda each: sum(member.held for member in each), default=set())
        return max(_able(group), key=lambda each: each.held, default=None)


def client_of(address: str) -> str:
    """Return whom an address belongs to."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if found.version == 4:
        return address
    mapped = found.ipv4_mapped
    return str(mapped or ipaddress.ip_network((int(found) >> 64 << 64, 64)))


def _able(group: Iterable[Member]) -> Iterator[Member]:
    return (member for member in group if member.can_give_way)
