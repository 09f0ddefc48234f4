"""One client's connection: what uvicorn reads and writes, within limits of bytes and of seconds.

It lives in the event loop, so that whoever is slow costs some memory, and no thread.
"""

import math
import time
from typing import Any, Final, NoReturn

from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from florist.web.problems import RefusedError
from florist.web.server.answer import refusal
from florist.web.server.crowd import client_of
from florist.web.server.hall import Hall

_URI_BYTES: Final = 8_000
_FIELD_BYTES: Final = 8_000
_HEAD_BYTES: Final = 64 * 1024
_FIELDS: Final = 100
_PIPELINED: Final = 8


class Connection(HttpToolsProtocol):
    """A connection: idle, receiving a request, waiting for its answer, or leaving.

    The methods that begin with `on_` are called by httptools, the others by asyncio, by uvicorn's
    server, or by ours.
    """

    def __init__(self, config: Config, *args: Any, **kwargs: Any) -> None:
        super().__init__(config, *args, **kwargs)
        self.address = ""
        self.since = time.monotonic()
        self.held = 0
        self._hall: Hall = config.app.hall  # type: ignore[union-attr]
        self._refusal: RefusedError | None = None
        self._no_body = self._received = 0
        self._in_head = self._in_body = False
        self._unanswered = 0
        self._answered_early = False
        self._reads_until = math.inf
        self._deaf = self._leaving = False

    # ---- what asyncio calls ----

    def connection_made(self, transport: Any) -> None:
        """Enter."""
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=0)  # so that whatever is not read yet is told of
        self.address = client_of(self.client[0] if self.client else "")
        self._hall.crowd.enter(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Leave."""
        self._hall.crowd.leave(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what the client sent; of a head, so much and no more."""
        if self._deaf:
            return
        self._no_body += len(data)
        super().data_received(data)
        # httptools keeps a field, or one after the body, until it is whole.
        if (self._in_head or self._in_body) and self._no_body > _HEAD_BYTES:
            self.refuse(RefusedError("headers-too-large", f"Over {_HEAD_BYTES} bytes of head."))

    def eof_received(self) -> bool:  # type: ignore[override]
        """Refuse what broke off; a client that has only sent all it wanted gets its answer."""
        if self._deaf or not (self.asking or self._in_head or self._in_body):
            return False
        if self.asking:
            super().shutdown()
        else:
            self.refuse(RefusedError("bad-request", "The request broke off."))
        return True

    def pause_writing(self) -> None:
        """Note until when the client may read what is not sent yet."""
        patience, unread = self._hall.patience, self.transport.get_write_buffer_size()
        seconds = patience.start_s + unread / patience.bytes_a_second
        self._reads_until = time.monotonic() + seconds
        super().pause_writing()

    def resume_writing(self) -> None:
        """Note that all is read."""
        self._reads_until = math.inf
        super().resume_writing()

    # ---- what httptools calls ----

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        if self._unanswered == _PIPELINED:
            self._fail("bad-request", f"More than {_PIPELINED} requests without waiting.")
        self.scope["state"]["connection"] = self
        self.since, self._in_head, self._no_body = time.monotonic(), True, 0

    def on_url(self, url: bytes) -> None:
        """Take a piece of the address."""
        super().on_url(url)
        if len(self.url) > _URI_BYTES:
            self._fail("uri-too-long", f"The address has over {_URI_BYTES} bytes.")

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header field; those after the body say nothing that is of use."""
        if len(name) + len(value) > _FIELD_BYTES or len(self.headers) == _FIELDS:
            self._fail(
                "headers-too-large",
                f"A field has over {_FIELD_BYTES} bytes, or there are over {_FIELDS}.",
            )
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Begin to answer."""
        super().on_headers_complete()
        self._in_head, self._in_body, self._received = False, True, 0
        self._unanswered += 1

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body."""
        super().on_body(body)
        self._received += len(body)
        self._no_body = 0
        if not self._answered_early:  # else it is forgotten piece by piece
            self._hall.crowd.hold(self, self.held + len(body))

    def on_message_complete(self) -> None:
        """End a request."""
        super().on_message_complete()
        self._in_body = False

    # ---- what uvicorn calls ----

    def send_400_response(self, msg: str) -> None:
        """Refuse what httptools cannot read, or one of the methods above did not want."""
        self.refuse(self._refusal or RefusedError("bad-request", "The request is no HTTP/1.1."))

    def shutdown(self) -> None:
        """Go on: whoever is idle or slow has less time from now on."""

    # ---- what our server and the crowd call ----

    @property
    def asking(self) -> bool:
        """Whether the client waits for us."""
        receiving = self._in_body and not self._answered_early
        return self._unanswered > int(receiving)

    @property
    def can_give_way(self) -> bool:
        """Whether its client keeps us waiting, and not we the client."""
        return not self.asking

    def answer_early(self) -> None:
        """Begin an answer although the body may not have come."""
        self._answered_early = True
        self._hall.crowd.hold(self, 0)

    def answered(self) -> None:
        """End a request."""
        self._unanswered -= 1
        self._answered_early = False
        self.since = time.monotonic()
        self._hall.crowd.hold(self, 0)

    def refuse(self, error: RefusedError) -> None:
        """Answer what never became a request for the app, and end.

        What the client still sends is read, for a while, and forgotten: a connection that is closed
        with something unread is reset, and the answer may be lost.
        """
        self._deaf = True
        if self.asking:  # it comes after a request that is being answered
            super().shutdown()
            return
        self._say(error)
        self._leaving, self.since = True, time.monotonic()
        self._hall.crowd.hold(self, 0)
        self.transport.write_eof()

    def give_way(self) -> None:
        """End, as others need the room; a request on its way is told."""
        if (self._in_head or self._in_body) and not self._leaving:
            self._say(RefusedError("busy", "Too much is on its way. Try again in a second."))
        if self.transport.get_write_buffer_size():
            self.transport.abort()
        else:
            self.transport.close()

    def expire(self, now: float) -> None:
        """End where the client took too long."""
        if now < min(self._ends(), self._reads_until):
            return
        if self._leaving or self._reads_until < math.inf:
            self.transport.abort()
        elif self._in_head or self._in_body:
            self.refuse(RefusedError("too-slow", "The request did not come in time."))
        else:
            self.transport.close()

    def _ends(self) -> float:
        """Return until when the client may take."""
        patience, since = self._hall.patience, self.since
        stopping = self._hall.stopping_since
        if self.asking:
            return math.inf
        if self._leaving:
            return since + patience.goodbye_s
        if not (self._in_head or self._in_body):
            stops = math.inf if stopping is None else max(since, stopping)
            return min(since + patience.idle_s, stops + patience.stopping_idle_s)
        ends = since + patience.head_s
        if self._in_body:
            at_this_rate = patience.start_s + self._received / patience.bytes_a_second
            ends = since + min(at_this_rate, patience.body_s)
        return ends if stopping is None else min(ends, stopping + patience.stopping_s)

    def _say(self, error: RefusedError) -> None:
        self._hall.refused(error)
        self.transport.write(refusal(error).encode())

    def _fail(self, code: str, detail: str) -> NoReturn:
        # httptools raises an error of its own when one comes out of a method that it has called.
        self._refusal = RefusedError(code, detail)
        raise self._refusal
