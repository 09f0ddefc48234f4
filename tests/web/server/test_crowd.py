"""Where there is no room for all, whoever holds most gives way."""

import resource
from dataclasses import dataclass

from florist.web.server.crowd import Crowd, Room, client_of
from florist.web.server.hall import room_for
from florist.web.settings import Settings


@dataclass(eq=False)
class Visitor:
    address: str
    since: float
    held: int = 0
    can_give_way: bool = True
    gone: bool = False

    def give_way(self) -> None:
        self.gone = True


def enter(crowd: Crowd, *visitors: Visitor) -> list[bool]:
    for visitor in visitors:
        crowd.enter(visitor)
    return [visitor.gone for visitor in visitors]


def test_a_client_beyond_its_number_loses_the_connection_that_waited_longest() -> None:
    crowd = Crowd(Room(client_connections=2))
    assert enter(crowd, Visitor("a", 3), Visitor("b", 1), Visitor("a", 2), Visitor("a", 4)) == [
        False, False, True, False,
    ]  # fmt: skip


def test_a_full_room_takes_from_whoever_has_most() -> None:
    crowd = Crowd(Room(connections=3))
    assert enter(crowd, Visitor("b", 1), Visitor("a", 2), Visitor("a", 3), Visitor("c", 4)) == [
        False, True, False, False,
    ]  # fmt: skip


def test_who_is_waiting_for_us_never_gives_way() -> None:
    crowd = Crowd(Room(client_connections=1))
    busy, late = Visitor("a", 1, can_give_way=False), Visitor("a", 2)
    assert enter(crowd, busy, late) == [False, True]


def test_a_client_that_left_makes_room() -> None:
    crowd = Crowd(Room(connections=1))
    first, second = Visitor("a", 1), Visitor("b", 2)
    crowd.enter(first)
    crowd.leave(first)
    crowd.leave(first)  # asyncio tells of the end of a connection that had to give way, too
    crowd.enter(second)
    assert not first.gone
    assert not second.gone


def test_the_largest_body_of_who_holds_most_goes() -> None:
    crowd = Crowd(Room(body_bytes=10))
    small, large, other, busy = (
        Visitor("a", 1), Visitor("a", 2), Visitor("b", 3), Visitor("c", 4, can_give_way=False),
    )  # fmt: skip
    enter(crowd, small, large, other, busy)
    crowd.hold(busy, 1)
    crowd.hold(other, 4)
    crowd.hold(small, 1)
    crowd.hold(large, 4)
    assert [small.gone, large.gone, other.gone] == [False, False, False]
    crowd.hold(small, 2)
    assert [small.gone, large.gone, other.gone, busy.gone] == [False, True, False, False]


def test_where_everybody_waits_for_us_more_is_held() -> None:
    crowd = Crowd(Room(body_bytes=1))
    busy = Visitor("a", 1, can_give_way=False)
    crowd.enter(busy)
    crowd.hold(busy, 5)
    assert busy.held == 5


def test_behind_a_proxy_all_clients_are_one() -> None:
    assert room_for(Settings(client_connections=7)).client_connections == 7
    everybody = room_for(Settings()).connections
    assert room_for(Settings(client_connections=7, proxies=1)).client_connections == everybody
    assert room_for(Settings(client_connections=0)).client_connections == everybody
    assert room_for(Settings(max_body_mib=99)).body_bytes == 99 * 2**20


def test_the_system_is_asked_for_as_many_files_as_there_may_be_connections() -> None:
    before = soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (300, hard))
        connections = room_for(Settings()).connections
        assert connections == 1000
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] > connections
        if soft > 1500:  # there is nothing to ask for where there is enough
            resource.setrlimit(resource.RLIMIT_NOFILE, before)
            room_for(Settings())
            assert resource.getrlimit(resource.RLIMIT_NOFILE) == before
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_a_household_is_one_client() -> None:
    assert client_of("2001:db8:1:2::3") == client_of("2001:db8:1:2:ffff::9")
    assert client_of("2001:db8:1:2::3") != client_of("2001:db8:1:3::3")
    assert client_of("::ffff:192.0.2.1") == client_of("192.0.2.1") != client_of("192.0.2.2")
    assert client_of("fe80::1%eth0") == client_of("fe80::2")
    assert client_of("") == ""
