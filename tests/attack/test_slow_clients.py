"""Clients that are slow on purpose, all on the loopback interface: they keep nobody else out."""

import resource
import select
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path
from statistics import quantiles

import pytest

from florist.bundle import Bundle
from tests.web.conftest import red
from tests.web.server.processes import PREDICTIONS, Served, serving
from tests.web.server.test_serving import MULTIPART, slow_form

pytestmark = pytest.mark.attack

ATTACKER = "127.0.0.2"
HEAD = f"POST {PREDICTIONS} HTTP/1.1\r\nHost: a\r\nContent-Type: image/png\r\n".encode()
SLOW_BODY = HEAD + b"Content-Length: 1000\r\n\r\nx"
SLOW_HEAD = b"GET / HTTP/1.1\r\nHo"
STALLED_PROBE = b"GET /livez HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n"
IDLE = b""


@pytest.fixture(autouse=True)
def enough_files() -> Iterator[None]:
    """Let the attacker have as many sockets as it needs."""
    before = soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    enough = 4096 if hard == resource.RLIM_INFINITY else min(4096, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, enough), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@contextmanager
def attack(server: Served, *kinds: tuple[int, bytes]) -> Iterator[list[socket.socket]]:
    """Open connections that send so much, and then nothing more."""
    with ExitStack() as until_the_end:
        sockets = []
        for count, begin in kinds:
            for _ in range(count):
                each = socket.create_connection(
                    ("127.0.0.1", server.port), timeout=30, source_address=(ATTACKER, 0)
                )
                sockets.append(until_the_end.enter_context(each))
                with suppress(ConnectionError):  # it may have had to give way already
                    each.sendall(begin)
        yield sockets


def first_to_end(connections: list[socket.socket], count: int) -> list[socket.socket]:
    """Return those that the server ends first, or says something on."""
    ended: list[socket.socket] = []
    while len(ended) < count:
        waiting = [each for each in connections if each not in ended]
        found = select.select(waiting, [], [], 30)[0]
        assert found
        ended += found
    return ended


def answer_to(connection: socket.socket) -> bytes:
    """Return all that the server says until it ends a connection."""
    said = b""
    with suppress(ConnectionError):  # it may end it without more ado
        while piece := connection.recv(65536):
            said += piece
    return said


@pytest.mark.parametrize(
    "kinds",
    [
        [(200, SLOW_BODY), (200, SLOW_HEAD), (20, STALLED_PROBE)],
        [(1200, IDLE)],
    ],
    ids=["slow", "idle"],
)
def test_slow_clients_keep_nobody_else_out(
    bundle: Bundle,
    tmp_path: Path,
    kinds: list[tuple[int, bytes]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    with serving(bundle.path, tmp_path, threads=1) as server:
        server.wait_for("^Ready: ")
        quiet = slowest_of(server)
        with attack(server, *kinds):
            disturbed = slowest_of(server)
            assert server.places() == 0
        assert server.stop() == 0
    with capsys.disabled():
        for path, ms in disturbed.items():
            print(f"\n{path}: {quiet[path]:.1f} ms undisturbed, {ms:.1f} ms, p99", end="")


def slowest_of(server: Served, count: int = 200) -> dict[str, float]:
    """Ask as an honest client does, and return the 99th percentile of each kind in ms."""
    times: dict[str, list[float]] = {PREDICTIONS: [], "/livez": [], "/readyz": [], "/metrics": []}
    for _ in range(count):
        for path, spent in times.items():
            begin = time.perf_counter()
            status = server.predict(red()) if path == PREDICTIONS else server.ask(path)[0]
            spent.append((time.perf_counter() - begin) * 1000)
            assert status == 200
    return {path: quantiles(spent, n=100)[-1] for path, spent in times.items()}


def test_a_full_server_says_so_before_the_body_comes(bundle: Bundle, tmp_path: Path) -> None:
    with serving(bundle.path, tmp_path, threads=1, queue=0) as server:
        server.wait_for("^Ready: ")
        working = server.connect()
        working.request("POST", PREDICTIONS, body=slow_form(3), headers=MULTIPART)
        while server.places() < 1:
            pass
        with attack(server, (1, SLOW_BODY)) as (client,):
            assert answer_to(client).startswith(b"HTTP/1.1 429 ")
        assert working.getresponse().status == 200
        working.close()


def test_who_has_most_connections_gives_way(bundle: Bundle, tmp_path: Path) -> None:
    with serving(bundle.path, tmp_path, client_connections=10) as server:
        server.wait_for("^Ready: ")
        honest = server.connect()
        honest.request("GET", "/livez")
        assert honest.getresponse().read()
        with attack(server, (15, IDLE), (15, SLOW_HEAD)) as clients:
            ended = first_to_end(clients, 20)
            assert set(clients[:15]) <= set(ended)  # they have waited longest
            # Told why, unless what they had sent was not read yet.
            assert {answer_to(each)[:13] for each in ended} <= {b"", b"HTTP/1.1 429 "}
            honest.request("GET", "/livez")  # from another address: its connection is still there
            assert honest.getresponse().status == 200
        honest.close()


def test_who_holds_most_bytes_gives_way(bundle: Bundle, tmp_path: Path) -> None:
    large = HEAD + b"Content-Length: 1000000\r\n\r\n" + b"x" * 900_000
    with serving(bundle.path, tmp_path, max_body_mib=1, bodies_mib=4) as server:
        server.wait_for("^Ready: ")
        honest = HTTPConnection("127.0.0.1", server.port, timeout=60)
        honest.putrequest("POST", PREDICTIONS)
        for name, value in (("Content-Type", "image/png"), ("Content-Length", "600000")):
            honest.putheader(name, value)
        honest.endheaders()
        honest.send(b"x" * 599_999)
        with attack(server, (10, large)) as clients:
            # Four megabytes hold the honest one and three others.
            said = {answer_to(each)[:13] for each in first_to_end(clients, 7)}
            assert said == {b"HTTP/1.1 429 "}
            honest.send(b"x")
            assert honest.getresponse().status == 415
        honest.close()


def test_slow_clients_do_not_hold_up_the_end(bundle: Bundle, tmp_path: Path) -> None:
    with serving(bundle.path, tmp_path) as server:
        server.wait_for("^Ready: ")
        with attack(server, (18, SLOW_BODY), (18, SLOW_HEAD), (18, IDLE)) as clients:
            assert server.stop() == 0
            said = [answer_to(each) for each in clients]
        # 503 to those whose head was read when the end had begun.
        assert {each[:13] for each in said[:18]} <= {b"HTTP/1.1 408 ", b"HTTP/1.1 503 "}
        assert {each[:13] for each in said[18:36]} == {b"HTTP/1.1 408 "}
        assert said[36:] == [b""] * 18
