"""How a socket is closed on which clients still arrive."""

import errno
import select
import socket

from florist.web.server.listener import accept_the_last, admit_newcomers, drop_newcomers


def listening() -> socket.socket:
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)
    return listener


def test_who_stands_before_the_door_is_let_in() -> None:
    with listening() as listener:
        address = listener.getsockname()
        clients = [socket.create_connection(address, timeout=60) for _ in range(3)]
        accepted = accept_the_last(listener)
    assert [each.getpeername() for each in accepted] == [each.getsockname() for each in clients]
    for each in accepted + clients:
        each.close()


def test_who_comes_while_it_is_closed_is_refused_and_not_reset() -> None:
    with socket.socket() as client:
        client.setblocking(False)
        with listening() as listener:
            drop_newcomers(listener)
            assert client.connect_ex(listener.getsockname()) == errno.EINPROGRESS
            assert accept_the_last(listener) == []
        assert select.select([], [client], [], 60)[1]  # Linux tries again after a second
        assert client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == errno.ECONNREFUSED


def test_a_door_can_be_opened_again() -> None:
    with listening() as listener:
        drop_newcomers(listener)
        admit_newcomers(listener)
        admit_newcomers(listener)
        socket.create_connection(listener.getsockname(), timeout=60).close()
        (last,) = accept_the_last(listener)
        last.close()
