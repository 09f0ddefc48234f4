"""The ASGI app around the WSGI app: receives each request whole, then lets a thread answer it."""

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from io import BytesIO, RawIOBase
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from flask import Flask

from florist.web.door.rates import PICTURES
from florist.web.problems import BusyError, RefusedError
from florist.web.server.answer import Answer, answer_of, pieces, refusal
from florist.web.server.body import Body
from florist.web.server.connection import Connection
from florist.web.server.crowd import Crowd
from florist.web.server.hall import Hall, room_for
from florist.web.services import services_of
from florist.web.settings import Settings

_log = logging.getLogger(__name__)

_SPARE_THREADS: Final = 3
"""Threads beyond those that hold a place: they show pages, and refuse.

Few: each takes turns with all others in Python, and a probe has to wait for its own turn.
"""

_PLACE_S: Final = 0.25
"""How many seconds a picture waits at the door for a place, before it is refused.

Clients that are refused at once come back at once: refusing 64 of them took a third of the turns of
those who are served, and `/livez` 40 ms in place of 5.
"""

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


def server_threads(settings: Settings) -> int:
    """Return how many requests a process handles at once, refusals included."""
    return settings.threads + settings.queue + _SPARE_THREADS


class Incoming:
    """A request: its head, and as much of its body as has come."""

    def __init__(self, scope: dict[str, Any], receive: Receive) -> None:
        self.scope, self.receive = scope, receive
        self.method: str = scope["method"]
        # As WSGI wants it: each byte a character.
        self.path = unquote_to_bytes(scope["raw_path"]).decode("latin-1")
        self.fields: dict[str, str] = {}
        self.hosts = 0
        for raw_name, raw_value in scope["headers"]:
            name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
            self.hosts += name == "host"
            if name in self.fields:
                value = f"{self.fields[name]}, {value}"
            self.fields[name] = value
        self.body = Body()
        self.received = 0
        # Without either field there is no body: RFC 9112, section 6.3.
        self.complete = not ({"content-length", "transfer-encoding"} & self.fields.keys())
        self.left = False

    @property
    def length(self) -> int:
        """How long the body is, or where nobody said so, how much of it has come."""
        return int(self.fields.get("content-length", self.received))

    def check(self) -> None:
        """Raise `RefusedError` where the head is none of HTTP/1.1, or could be read in two ways."""
        version = self.scope["http_version"]
        if version not in {"1.0", "1.1"}:
            raise RefusedError("bad-request", f"HTTP/{version} is not spoken here.")
        if self.hosts > 1 or (self.hosts < 1 and version == "1.1"):
            raise RefusedError("bad-request", f"{self.hosts} fields Host; HTTP/1.1 asks for one.")
        if "upgrade" in self.fields and not self.complete:
            raise RefusedError("bad-request", "A body together with an upgrade cannot be read.")
        if self.fields.get("transfer-encoding", "chunked").lower() != "chunked":
            raise RefusedError("bad-request", "Of transfer encodings only chunked is spoken here.")

    async def read(self, most: int) -> None:
        """Wait for the rest of the body, up to one piece more than so many bytes."""
        while not self.complete and not self.left and self.received <= most:
            message = await self.receive()
            self.left = message["type"] == "http.disconnect"
            self.received += self.body.write(message.get("body", b""))
            self.complete = not (self.left or message.get("more_body", False))

    async def drain(self, seconds: float) -> None:
        """Read what a refused client still sends, for a while, and forget it.

        One that sends all before it reads would find a closed connection and no answer.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while (await self.receive()).get("more_body"):
                    pass

    def environ(self) -> dict[str, Any]:
        """Return what WSGI says about a request: https://peps.python.org/pep-3333/."""
        scope = self.scope
        client, server = scope["client"] or ("", 0), scope["server"] or ("", 0)
        environ = {
            # A name with _ would become what one with - becomes.
            f"HTTP_{name.replace('-', '_').upper()}": value
            for name, value in self.fields.items()
            if "_" not in name
        }
        for name in ("HTTP_TRANSFER_ENCODING", "HTTP_CONTENT_LENGTH"):
            environ.pop(name, None)
        return environ | {
            "REQUEST_METHOD": self.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": self.path,
            "QUERY_STRING": scope["query_string"].decode("latin-1"),
            "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
            "SERVER_NAME": server[0],
            "SERVER_PORT": str(server[1]),
            "REMOTE_ADDR": client[0],
            "REMOTE_PORT": str(client[1]),
            "CONTENT_TYPE": environ.pop("HTTP_CONTENT_TYPE", ""),
            "CONTENT_LENGTH": str(self.length),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": True,
            "wsgi.run_once": False,
        }


class _Unread(RawIOBase):
    """The body of a request that is refused before it has come."""

    def __init__(self, error: RefusedError) -> None:
        self._error = error

    def readable(self) -> bool:
        return True

    def readinto(self, _: Any) -> int:
        raise self._error


class Front:
    """What uvicorn calls for each request, as soon as its head is there."""

    def __init__(self, app: Flask) -> None:
        self._app, self._services = app, services_of(app)
        settings = self._services.settings
        self.hall = Hall(crowd=Crowd(room_for(settings)), refused=self._note)
        self._most_bytes = settings.max_bytes
        self._pool = ThreadPoolExecutor(server_threads(settings), thread_name_prefix="request")
        rules = list(app.url_map.iter_rules())
        self._probes = {each.rule for each in rules if each.endpoint.startswith("probes.")}
        self._pictures = {each.rule for each in rules if each.endpoint in PICTURES}

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Answer a request."""
        connection: Connection = scope["state"]["connection"]
        try:
            request = Incoming(scope, receive)
            answer = await self._answer(request, connection)
            if answer is not None:
                await self.hall.answering.wait()
                await self._send(request, answer, send)
        finally:
            connection.answered()

    async def _answer(self, request: Incoming, connection: Connection) -> Answer | None:
        """Return the answer, None where the client has left."""
        try:
            request.check()
            if request.method in {"GET", "HEAD"} and request.path in self._probes:
                # Here, in the loop: no thread has to be free, and none waits for its turn.
                connection.answer_early()
                return self._ask(request.environ() | {"wsgi.input": BytesIO()})
            body = await self._body(request)
        except RefusedError as error:
            connection.answer_early()
            self._note(error)
            return refusal(error)
        if request.left:
            return None
        if not request.complete:
            connection.answer_early()
        loop = asyncio.get_running_loop()
        environ = request.environ() | {"wsgi.input": body}
        return await loop.run_in_executor(self._pool, self._ask, environ)

    async def _body(self, request: Incoming) -> Any:
        """Wait for the body, unless the app would refuse the request whatever it says."""
        try:
            if request.method == "POST" and request.path in self._pictures:
                await self._wait_for_place()
            if request.length <= self._most_bytes:
                await request.read(self._most_bytes)
            if request.length > self._most_bytes:
                raise RefusedError("too-large", f"At most {self._most_bytes} bytes.")
        except RefusedError as error:
            request.body = Body()
            return _Unread(error)
        return request.body

    async def _wait_for_place(self) -> None:
        try:
            self._services.classifier.require_place()
        except BusyError:
            await asyncio.sleep(_PLACE_S)
            self._services.classifier.require_place()

    def _ask(self, environ: dict[str, Any]) -> Answer:
        """Return what the app says."""
        try:
            return answer_of(self._app, environ)
        except Exception as error:
            _log.error("A bug: the app ended in an exception", exc_info=error)
            return refusal(RefusedError("internal", "The server's log says more."))

    async def _send(self, request: Incoming, answer: Answer, send: Send) -> None:
        # No other protocol is spoken here, and what follows an upgrade is not read.
        ends = not request.complete or "upgrade" in request.fields
        close = ends or self.hall.stopping_since is not None
        headers = list(answer.headers(close=close))
        await send({"type": "http.response.start", "status": answer.code, "headers": headers})
        content: dict[str, Any] = {"type": "http.response.body"}
        *most, content["body"] = pieces(answer.content)
        for piece in most:
            await send({**content, "body": piece, "more_body": True})
        if not request.complete:
            await send(content | {"more_body": True})
            await request.drain(self.hall.patience.goodbye_s)
            content["body"] = b""
        await send(content)

    def _note(self, error: RefusedError) -> None:
        """Count and log what never became a request for the app."""
        _log.info("Refused before the app: %s", error)
        self._services.metrics.refused.labels(error.problem.code).inc()

    def stop(self, now: float) -> None:
        """Take no further pictures, and close each connection after its next answer."""
        self._services.model.stop()
        self.hall.stopping_since = now
