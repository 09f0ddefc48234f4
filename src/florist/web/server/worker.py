"""gunicorn's threaded worker and its arbiter, changed in a few places.

They stop without dropping a connection, do not wait for ever on a slow client, let probes overtake,
and refuse what is no HTTP in the shape of every other error.
"""

import ctypes
import json
import logging
import select
import socket
import struct
import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Final

from flask import Response
from gunicorn import arbiter
from gunicorn.http import errors
from gunicorn.util import write_nonblock
from gunicorn.workers import gthread

from florist.web.door import logs
from florist.web.door.errors import answer
from florist.web.problems import RefusedError
from florist.web.services import services_of

_IDLE_S: Final = 20
"""How long a client may send or read nothing in the middle of a request."""

_PROBES: Final = (b"GET /livez ", b"GET /readyz ")
_PEEK: Final = 16
# linux/filter.h and asm-generic/socket.h; Python has no names for them.
_BPF_RETURN: Final = 0x06
_SO_ATTACH_FILTER: Final = 26

_LOADING_S: Final = 45
_DISCARD_S: Final = 5
_GOODBYE_S: Final = 1
_PIECE: Final = 64 * 1024

_CODES: Final[dict[type[Exception], str]] = {
    errors.LimitRequestLine: "uri-too-long",
    errors.LimitRequestHeaders: "headers-too-large",
}


class Arbiter(arbiter.Arbiter):  # type: ignore[misc]
    """The process that starts workers, replaces dead ones, and stops them all."""

    def stop(self, graceful: bool = True) -> None:
        """Close the door to newcomers, before the workers take in who stands before it."""
        for listener in self.LISTENERS:
            _drop_newcomers(listener)
        super().stop(graceful)


class Worker(gthread.ThreadWorker):  # type: ignore[misc]
    """A process that serves with threads."""

    def init_process(self) -> None:
        """Set up the threads that answer probes, before the main loop begins."""
        self._probes = ThreadPoolExecutor(2, thread_name_prefix="probe")
        super().init_process()

    def load_wsgi(self) -> None:
        """Make the app; a worker that replaces a dead one lets nobody in before it is ready."""
        super().load_wsgi()
        self.wsgi.register_error_handler(errors.ParseException, _broken_body)
        if self.age > self.cfg.workers:
            services_of(self.wsgi).model.wait(_LOADING_S)

    def enqueue_req(self, conn: Any) -> None:
        """Let probes overtake, and wait for the first bytes of a client without a thread."""
        begin = _first_bytes(conn.sock)
        if not (begin or conn.initialized or conn.data_ready) and self.alive:
            not_yet: Future[Any] = Future()
            not_yet.set_result(gthread._DEFER)
            self.finish_request(conn, not_yet)
            return
        pool = self._probes if begin.startswith(_PROBES) else self.tpool
        pool.submit(self.handle, conn).add_done_callback(
            lambda done: self.method_queue.defer(self.finish_request, conn, done)
        )

    def handle_exit(self, sig: int, frame: Any) -> None:
        """Stop: finish what has a place, and take no further pictures."""
        app = getattr(self, "wsgi", None)  # not yet there where the signal comes very early
        if app is not None:
            services_of(app).model.stop()
        super().handle_exit(sig, frame)

    def set_accept_enabled(self, enabled: bool) -> None:
        """Accept, before the last time the door is closed, who already stands before it.

        Their connections would otherwise be reset, with the request on its way or not.
        """
        if not enabled and not self.alive:
            for listener in self.sockets:
                while select.select([listener], [], [], 0)[0]:
                    self.accept(listener)
        super().set_accept_enabled(enabled)
        if not enabled and not self.alive:
            for listener in self.sockets:
                listener.close()

    def _cap_keepalive(self, deadline: float) -> None:
        """Wait no longer for those who have never said anything than for those who once did."""
        super()._cap_keepalive(deadline)
        for conn in self.pending_conns:
            conn.timeout = min(conn.timeout, deadline)

    def handle(self, conn: Any) -> Any:
        """Handle a request, on a connection whose silence is bounded."""
        logs.request_id.set("")
        seconds = struct.pack("ll", _IDLE_S, 0)
        conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, seconds)
        conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, seconds)
        result = super().handle(conn)
        if result is False:
            _end(conn.sock)
        return result

    def _keepalive_after(self, conn: Any, keepalive: bool) -> bool:
        """Read what a refused request still sends, and forget it piece by piece.

        A client that sends all before it reads would find a closed connection and no answer.
        """
        ends = time.monotonic() + _DISCARD_S
        conn.sock.settimeout(_GOODBYE_S)
        with suppress(OSError, errors.ParseException):
            while time.monotonic() < ends and conn.parser.mesg.body.read(_PIECE):
                pass
        return bool(super()._keepalive_after(conn, keepalive))

    def handle_error(self, req: Any, client: Any, addr: Any, exc: Exception) -> None:
        """Answer what never became a request for the app."""
        ours = isinstance(exc, errors.ParseException)
        code = _CODES.get(type(exc), "bad-request") if ours else "internal"
        level = logging.INFO if ours else logging.ERROR
        self.log.log(level, "Refused before the app: %r", exc)
        problem = RefusedError(code, str(exc) if ours else "The server's log says more.").problem
        body = json.dumps(problem.members()).encode()
        head = (
            f"HTTP/1.1 {problem.status} {problem.title}\r\nConnection: close\r\n"
            f"Content-Type: application/problem+json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        write_nonblock(client, head.encode() + body)


def _broken_body(error: errors.ParseException) -> Response:
    """Answer a body that turned out to be no HTTP while the app read it."""
    return answer(RefusedError("bad-request", str(error)).problem)


def _drop_newcomers(listener: Any) -> None:
    """Let Linux drop the first packet of each new connection.

    A connection that came in between the last look and the closing of the socket would be reset. A
    client whose first packet was dropped tries again a second later, and is refused properly. Some
    systems allow that to root only, which a container is not.
    """
    if sys.platform == "linux":
        drop_all = ctypes.create_string_buffer(struct.pack("HBBI", _BPF_RETURN, 0, 0, 0))
        program = struct.pack("HL", 1, ctypes.addressof(drop_all))
        with suppress(PermissionError):
            listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)


def _first_bytes(sock: socket.socket) -> bytes:
    """Return what a request begins with, and leave it there; nothing where nothing came yet."""
    try:
        return sock.recv(_PEEK, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except OSError:
        return b""


def _end(sock: socket.socket) -> None:
    """Say goodbye in the thread that served, and wait for the other side to have heard it.

    gunicorn would wait in the thread that accepts connections, and keep everybody else out.
    """
    with suppress(OSError):
        sock.shutdown(socket.SHUT_WR)
        sock.settimeout(_GOODBYE_S)
        sock.recv(_PIECE)
        sock.shutdown(socket.SHUT_RDWR)
