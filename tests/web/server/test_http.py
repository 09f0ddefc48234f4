"""What reaches the server before, or instead of, the app."""

import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from florist.bundle import Bundle
from florist.web.server.answer import Answer, pieces
from tests.web.conftest import red
from tests.web.server.processes import PREDICTIONS, SERVE, Served, serving


def raw(server: Served, request: bytes) -> bytes:
    """Send bytes that no client library would send, and return what comes back."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        connection.sendall(request)
        return rest_of(connection)


def rest_of(connection: socket.socket) -> bytes:
    answer = b""
    while piece := connection.recv(65536):
        answer += piece
    return answer


HEAD = f"POST {PREDICTIONS} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n".encode()
CLOSE = b"Host: a\r\nConnection: close\r\n\r\n"
UPGRADE = b"POST / HTTP/1.1\r\nUpgrade: h2c\r\nHost: a\r\nConnection: upgrade\r\n"
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
        (b"GET /livez HTTP/1.1\r\n\r\n", 400, b"Host"),
        (b"GET /livez HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, b"2 fields Host"),
        (b"GET /livez HTTP/1.0\r\n\r\n", 200, b"alive"),
        (b"GET http://b/livez HTTP/1.1\r\n" + CLOSE, 200, b"alive"),
        (b"CONNECT b:80 HTTP/1.1\r\n" + CLOSE, 400, b"bad-request"),
        (b"GET /livez HTTP/1.1\r\nUpgrade: h2c\r\nHost: a\r\nConnection: upgrade\r\n\r\n", 200, b"alive"),
        (UPGRADE + b"Content-Length: 3\r\n\r\nabc", 400, b"upgrade"),
        (HEAD + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc", 400, b"bad-request"),
        (HEAD + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, b"bad-request"),
        (HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400, b"bad-request"),
        (b"GET / HTTP/2.0\r\n" + CLOSE, 400, b"HTTP/2.0"),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * 1_000_000, 431, b"headers-too-large"),
        (CHUNKED + b"1\r\na\r\n0\r\nX: " + b"a" * 1_000_000, 431, b"headers-too-large"),
        (b"GET / HTTP/1.1\r\n" + b"".join(b"X%d: a\r\n" % n for n in range(200)), 431, b"headers-too-large"),
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
        assert b"content-type: application/problem+json" in answer.lower()
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


def test_several_requests_at_once_are_answered_in_order(server: Served) -> None:
    asked = (b"/livez", b"/readyz", b"/nowhere")
    request = b"".join(b"GET %s HTTP/1.1\r\nHost: a\r\n\r\n" % path for path in asked)
    answer = raw(server, request + b"HEAD /livez HTTP/1.1\r\n" + CLOSE)
    assert re.findall(rb"HTTP/1.1 (\d+)", answer) == [b"200", b"200", b"404", b"200"]
    assert answer.index(b"alive") < answer.index(b"ready") < answer.index(b"not-found")
    assert answer.endswith(b"\r\n\r\n")  # the answer to HEAD has no content


def test_what_follows_a_request_and_is_none_does_not_take_its_answer(server: Served) -> None:
    for rest in (b"GARBAGE\r\n\r\n", b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n" * 98):
        answer = raw(server, b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n" + rest)
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert 1 <= answer.count(b"HTTP/1.1 ") == answer.count(b"HTTP/1.1 200 ") <= 8


def test_a_client_that_has_sent_all_it_wants_still_gets_its_answer(server: Served) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        head = HEAD.replace(b"Connection: close\r\n", b"Content-Type: image/png\r\n")
        connection.sendall(head + b"Content-Length: %d\r\n\r\n" % len(red()) + red())
        connection.shutdown(socket.SHUT_WR)
        assert b'"label":"red"' in rest_of(connection)


def test_a_client_may_ask_before_it_sends_a_body(server: Served) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        asks = HEAD + b"Content-Type: image/png\r\nExpect: 100-continue\r\n"
        connection.sendall(asks + b"Content-Length: %d\r\n\r\n" % len(red()))
        assert connection.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(red())
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
    too_large = raw(server, asks + b"Content-Length: 99999999\r\n\r\n")
    assert too_large.startswith(b"HTTP/1.1 413 ")


BROKEN = """
from florist.web import app
usual = app.create_app
def create_app(**given):
    made = usual(**given)
    def bug(environ, start_response):
        raise RuntimeError("outside of all that Flask catches")
    made.wsgi_app = bug
    return made
app.create_app = create_app
"""


def test_an_answer_without_content_tells_no_length() -> None:
    for status in ("304 NOT MODIFIED", "204 NO CONTENT"):
        answer = Answer(status, [("ETag", "x")], b"")  # the length would be that of the content
        assert dict(answer.headers(close=False)) == {b"etag": b"x"}
    assert dict(Answer("200 OK", [], b"").headers(close=False)) == {b"content-length": b"0"}


@pytest.mark.parametrize("length", [0, 1, 2**18, 2**18 + 1, 10**6])
def test_a_long_answer_is_sent_piece_by_piece(length: int) -> None:
    content = bytes(number % 251 for number in range(length))
    sent = pieces(content)
    assert b"".join(sent) == content
    assert all(len(each) <= 2**18 for each in sent)
    assert len(sent) == max(1, -(-length // 2**18))


def test_a_bug_is_answered_in_the_shape_of_all_errors(bundle: Bundle, tmp_path: Path) -> None:
    with serving(bundle.path, tmp_path, code=BROKEN + SERVE) as running:
        for path in ("/livez", "/"):
            status, content = running.ask(path)
            assert status == 500
            assert json.loads(content)["code"] == "internal"


def test_a_field_with_an_underscore_is_no_other_field(server: Served) -> None:
    spoofed = b"GET /livez HTTP/1.1\r\nX_Request_ID: mine\r\n" + CLOSE
    assert b"mine" not in raw(server, spoofed)
    assert b"x-request-id: mine" in raw(server, spoofed.replace(b"_", b"-"))


def test_a_client_that_leaves_in_the_middle_leaves_no_trace(server: Served) -> None:
    form = CHUNKED.replace(b"image/png", b"multipart/form-data; boundary=B")
    for request in (
        HEAD,
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
