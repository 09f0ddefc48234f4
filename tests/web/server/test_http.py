"""What reaches the server before, or instead of, the app."""

import socket
from collections.abc import Iterator

import pytest

from florist.bundle import Bundle
from tests.web.conftest import red
from tests.web.server.processes import PREDICTIONS, Served, serving


def raw(server: Served, request: bytes) -> bytes:
    """Send bytes that no client library would send, and return what comes back."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        connection.sendall(request)
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    return answer


HEAD = f"POST {PREDICTIONS} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n".encode()
CHUNKED = HEAD + b"Content-Type: image/png\r\nTransfer-Encoding: chunked\r\n\r\n"


def chunks(content: bytes, size: int = 100_000) -> bytes:
    pieces = [content[start : start + size] for start in range(0, len(content), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


@pytest.fixture(scope="module")
def server(bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(bundle.path, tmp_path_factory.mktemp("served"), max_body_mib=1) as found:
        found.wait_for("^Ready: ")
        yield found


@pytest.mark.parametrize(
    ("request_bytes", "status", "code"),
    [
        (b"GARBAGE\r\n\r\n", 400, b"bad-request"),
        (b"GET / HTTP/9.9\r\n\r\n", 400, b"bad-request"),
        (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n\r\n", 414, b"uri-too-long"),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * 9000 + b"\r\n\r\n", 431, b"headers-too-large"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nA b: c\r\n\r\n", 400, b"bad-request"),
        (CHUNKED + b"zz\r\nno chunk\r\n", 400, b"bad-request"),
        (CHUNKED + chunks(b"x" * 2_000_000), 413, b"too-large"),
        (HEAD + b"Content-Length: 2000000\r\n\r\n" + b"x" * 2_000_000, 413, b"too-large"),
        (HEAD + b"Content-Length: 99999999999\r\n\r\n", 413, b"too-large"),
        (HEAD + b"Content-Length: -1\r\n\r\n", 400, b"bad-request"),
        (CHUNKED + chunks(red()), 200, b'"label":"red"'),
    ],
)  # fmt: skip
def test_what_reaches_the_server(
    server: Served, request_bytes: bytes, status: int, code: bytes
) -> None:
    answer = raw(server, request_bytes)
    assert answer.startswith(b"HTTP/1.1 %d " % status), answer
    assert code in answer
    assert b"<html" not in answer.lower()
    if status != 200:
        assert b"Content-Type: application/problem+json" in answer
    assert server.ask("/livez")[0] == 200


def test_one_connection_serves_a_refusal_and_then_an_answer(server: Served) -> None:
    connection = server.connect()
    big, headers = b"\0" * 900_000, {"Content-Type": "image/png"}
    for body, status in ((big, 415), (red(), 200), (big, 415), (red(), 200)):
        connection.request("POST", PREDICTIONS, body, headers)
        response = connection.getresponse()
        response.read()
        assert response.status == status
        assert not response.will_close
    connection.close()


def test_a_client_that_leaves_in_the_middle_leaves_no_trace(server: Served) -> None:
    form = CHUNKED.replace(b"image/png", b"multipart/form-data; boundary=B")
    for request in (
        HEAD + b"Content-Length: 99\r\n\r\nabc",
        CHUNKED + b"64\r\nab",
        form + b"64\r\nab",
    ):
        with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            assert connection.recv(65536).startswith(b"HTTP/1.1 400 ")
    assert server.predict(red()) == 200
    assert server.places() == 0


def test_a_client_that_sends_nothing_takes_no_thread(server: Served) -> None:
    silent = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(100)]
    try:
        assert server.ask("/livez")[0] == 200
        assert server.predict(red()) == 200
    finally:
        for connection in silent:
            connection.close()
