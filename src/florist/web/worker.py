"""gunicorn's threaded worker, with three changes of ours.

It stops without dropping a connection, it does not wait for ever on a slow client, and it refuses
what is no HTTP in the shape of every other error.
"""

import json
import logging
import select
import socket
import struct
from typing import Any, Final

from gunicorn.http import errors
from gunicorn.util import write_nonblock
from gunicorn.workers.gthread import ThreadWorker

from florist.web import logs
from florist.web.problems import RefusedError
from florist.web.services import services_of

_IDLE_S: Final = 20
"""How long a client may send or read nothing in the middle of a request."""

_CODES: Final[dict[type[Exception], str]] = {
    errors.LimitRequestLine: "uri-too-long",
    errors.LimitRequestHeaders: "headers-too-large",
}


class Worker(ThreadWorker):  # type: ignore[misc]
    """A process that serves with threads."""

    def handle_exit(self, sig: int, frame: Any) -> None:
        """Stop: finish what has a place, and take no further pictures."""
        services_of(self.wsgi).model.stop()
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

    def handle(self, conn: Any) -> Any:
        """Handle a request, on a connection whose silence is bounded."""
        logs.request_id.set("")
        seconds = struct.pack("ll", _IDLE_S, 0)
        conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, seconds)
        conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, seconds)
        return super().handle(conn)

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
