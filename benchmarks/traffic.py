"""Clients on the loopback interface: as fast as answers come, or at a given rate."""

import http.client
import json
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, Final, Protocol

import numpy as np

WARM_UP_S: Final = 3.0


class RefusedError(Exception):
    """A server that answered with something else than 200."""


class Dialogue(Protocol):
    """How a server is asked for the label of a picture."""

    def ask(self, connection: http.client.HTTPConnection, jpeg: bytes) -> str:
        """Return the label of a JPEG."""
        ...


@dataclass(frozen=True)
class Ask(Dialogue):
    """One request: the picture as its body, or as a field of a form."""

    path: str
    label: Callable[[Any], str]
    field: str | None = None

    def ask(self, connection: http.client.HTTPConnection, jpeg: bytes) -> str:
        """Return the label of a JPEG."""
        body, kind = (jpeg, "image/jpeg") if self.field is None else form(self.field, jpeg)
        answer = exchange(connection, "POST", self.path, body, kind)
        return self.label(json.loads(answer))


def form(field: str, jpeg: bytes) -> tuple[bytes, str]:
    """Return a multipart form with one picture, and its content type (RFC 7578).

    Each picture has a file name of its own: the classic way would write one over the other.
    """
    mark = uuid.uuid4().hex
    head = (
        f'--{mark}\r\nContent-Disposition: form-data; name="{field}"; filename="{mark}.jpg"\r\n'
        "Content-Type: image/jpeg\r\n\r\n"
    )
    body = head.encode() + jpeg + f"\r\n--{mark}--\r\n".encode()
    return body, f"multipart/form-data; boundary={mark}"


def exchange(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    body: bytes | None = None,
    kind: str = "application/json",
) -> bytes:
    """Send a request over a connection, opened anew where the server has closed it.

    Raises `RefusedError`.
    """
    connection.request(method, path, body, {"Content-Type": kind} if body else {})
    response = connection.getresponse()
    answer = response.read()
    if response.status != 200:
        raise RefusedError(f"{path} answered {response.status}: {answer[:300]!r}")
    return answer


def connect(port: int) -> http.client.HTTPConnection:
    """Return a connection that is opened when it is first used."""
    return http.client.HTTPConnection("127.0.0.1", port, timeout=120)


def throughput(work: Callable[[int], Callable[[], Any]], threads: int, seconds: float) -> float:
    """Return how often a second `threads` threads together get their work done.

    `work(number)` prepares a thread and returns what it does again and again. The first seconds do
    not count.
    """
    ready = threading.Barrier(threads + 1)
    over = threading.Event()
    done = [0] * threads
    failed: list[BaseException] = []

    def repeat(number: int) -> None:
        try:
            once = work(number)
            once()
            ready.wait()
            while not over.is_set():
                once()
                done[number] += 1
        except BaseException as error:
            failed.append(error)
            ready.abort()

    running = [threading.Thread(target=repeat, args=[number]) for number in range(threads)]
    for thread in running:
        thread.start()
    try:
        ready.wait()
        time.sleep(min(WARM_UP_S, seconds / 4))
        before, start = sum(done), time.perf_counter()
        time.sleep(seconds)
        rate = (sum(done) - before) / (time.perf_counter() - start)
    except threading.BrokenBarrierError:
        rate = 0.0
    over.set()
    for thread in running:
        thread.join()
    if failed:
        raise failed[0]
    return rate


def saturate(
    port: int, dialogue: Dialogue, pictures: Sequence[bytes], clients: int, seconds: float
) -> float:
    """Return requests a second that a server answers to clients that ask without a pause."""

    def work(number: int) -> Callable[[], Any]:
        connection, turn = connect(port), count(number)
        return lambda: dialogue.ask(connection, pictures[next(turn) % len(pictures)])

    return throughput(work, clients, seconds)


def latencies(
    port: int, dialogue: Dialogue, pictures: Sequence[bytes], rate: float, seconds: float
) -> dict[str, float]:
    """Return the percentiles of the time to an answer, in ms, at `rate` requests a second.

    Requests are due at even intervals, and their time counts from when they were due: a server that
    holds up one request is not spared the next (coordinated omission, as wrk2's author calls it).
    """
    number, lock = count(), threading.Lock()
    start = time.perf_counter() + 0.5
    total = max(2, int(rate * seconds))
    times: list[float] = []

    def work() -> None:
        connection = connect(port)
        while True:
            with lock:
                mine = next(number)
            if mine >= total:
                connection.close()
                return
            due = start + mine / rate
            time.sleep(max(0.0, due - time.perf_counter()))
            dialogue.ask(connection, pictures[mine % len(pictures)])
            times.append((time.perf_counter() - due) * 1000)

    threads = [threading.Thread(target=work) for _ in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {name: float(np.percentile(times, at)) for name, at in (("p50", 50), ("p99", 99))}
