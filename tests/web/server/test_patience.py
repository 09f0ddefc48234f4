"""How long a client is waited for. The server of these tests has no patience at all."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from florist.bundle import Bundle
from tests.web.conftest import red
from tests.web.server.processes import PREDICTIONS, SERVE, Served, serving

HEAD = f"POST {PREDICTIONS} HTTP/1.1\r\nHost: a\r\nContent-Type: image/png\r\n".encode()
STYLE = b"GET /static/base.css HTTP/1.1\r\nHost: a\r\n\r\n"


@contextmanager
def impatient(bundle: Bundle, uploads: Path, **seconds: float) -> Iterator[Served]:
    code = (
        "from florist.web.server.hall import Patience; "
        f"Patience.__init__.__kwdefaults__.update({seconds!r}); {SERVE}"
    )
    with serving(bundle.path, uploads, code=code) as running:
        running.wait_for("^Ready: ")
        yield running


def said(server: Served, *begin: bytes) -> bytes:
    """Return what comes back until the server ends the connection, to what is never completed."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        for piece in begin:
            connection.sendall(piece)
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
        return answer


def send_until_it_breaks(connection: socket.socket, content: bytes) -> None:
    """Return when the server has ended a connection: before that, a time-out would be raised."""
    with suppress(ConnectionError):
        while True:
            connection.sendall(content)


@pytest.fixture(scope="module")
def server(bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    limits = dict.fromkeys(("idle_s", "head_s", "start_s", "goodbye_s"), 0.5)
    with impatient(bundle, tmp_path_factory.mktemp("uploads"), **limits) as found:
        yield found


@pytest.mark.parametrize(
    ("begin", "answer"),
    [
        (b"", b""),
        (b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n", b"HTTP/1.1 200 "),  # and then nothing more
        (b"GET /livez HTTP/1.1\r\nHo", b"HTTP/1.1 408 "),
        (HEAD + b"Content-Length: 99\r\n\r\nabc", b"HTTP/1.1 408 "),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\na", b"HTTP/1.1 408 "),
        # No matter what it would still send: it has its answer.
        (b"GET /livez HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n", b"HTTP/1.1 200 "),
        (HEAD + b"Content-Length: 99999999\r\n\r\n", b"HTTP/1.1 413 "),
    ],
)
def test_who_says_nothing_more_is_not_waited_for(
    server: Served, begin: bytes, answer: bytes
) -> None:
    found = said(server, begin)
    assert found.startswith(answer)
    assert bool(found) == bool(answer)
    assert (b'"code": "too-slow"' in found) == (answer == b"HTTP/1.1 408 ")


def test_a_body_may_take_as_long_as_its_bytes_are_many_and_no_longer_than_that(
    bundle: Bundle, tmp_path: Path
) -> None:
    limits = {"start_s": 2.0, "bytes_a_second": 1000.0}
    body = b"x" * 100_000  # a hundred seconds' worth
    head = HEAD + b"Content-Length: 100001\r\n\r\n"
    with impatient(bundle, tmp_path, **limits) as server:
        slow, fast = server.connect(), server.connect()
        for each in (slow, fast):
            each.putrequest("POST", PREDICTIONS)
            each.putheader("Content-Type", "image/png")
            each.putheader("Content-Length", "100001")
            each.endheaders()
        fast.send(body)
        assert slow.getresponse().status == 408
        fast.send(b"x")
        assert fast.getresponse().status == 415
        slow.close()
        fast.close()
    with impatient(bundle, tmp_path, **limits, body_s=0.5) as server:
        assert said(server, head, body).startswith(b"HTTP/1.1 408 ")


def test_who_does_not_read_the_answers_is_not_waited_for(bundle: Bundle, tmp_path: Path) -> None:
    with impatient(bundle, tmp_path, start_s=0.5, bytes_a_second=1e9) as server:
        with socket.socket() as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
            connection.settimeout(60)
            connection.connect(("127.0.0.1", server.port))
            send_until_it_breaks(connection, STYLE)
        assert server.predict(red()) == 200


def test_a_refused_client_is_heard_out_only_for_a_while(bundle: Bundle, tmp_path: Path) -> None:
    with (
        impatient(bundle, tmp_path, goodbye_s=0.5) as server,
        socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection,
    ):
        connection.sendall(b"GARBAGE\r\n\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 400 ")
        send_until_it_breaks(connection, b"more of it")
