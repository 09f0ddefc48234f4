"""One process that serves: uvicorn with our connections, until it is told to stop."""

import asyncio
import gc
import socket
import time
from collections.abc import Callable
from typing import Final

import uvicorn

from florist.web.server.connection import Connection
from florist.web.server.front import Front
from florist.web.server.listener import accept_the_last, admit_newcomers, drop_newcomers

_TICK_S: Final = 0.5
_STOPPING_TICK_S: Final = 0.02
_HANDSHAKES_S: Final = 0.2


class Server(uvicorn.Server):
    """uvicorn's server, which goes on listening while it finishes what has begun."""

    def __init__(self, front: Front, grace_s: float) -> None:
        patience = front.hall.patience
        super().__init__(
            uvicorn.Config(
                front,
                http=Connection,
                ws="none",
                loop="asyncio",
                lifespan="off",
                interface="asgi3",
                log_config=None,
                access_log=False,
                proxy_headers=False,  # X-Forwarded headers are a matter of FLORIST_PROXIES alone
                server_header=False,
                timeout_keep_alive=int(patience.idle_s),
                timeout_graceful_shutdown=int(grace_s),
            )
        )
        self._front, self._grace_s = front, grace_s

    def look_at_the_clock(self) -> None:
        """End the connections of those who took too long."""
        now = time.monotonic()
        for each in self._connections():
            each.expire(now)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Finish what has begun, then close the door without a loss."""
        self._front.stop(time.monotonic())
        ends = time.monotonic() + self._grace_s
        begun = [connection for connection in self._connections() if connection.asking]
        while any(connection.asking for connection in begun) and time.monotonic() < ends:
            await asyncio.sleep(_STOPPING_TICK_S)
        answering = self._front.hall.answering
        answering.clear()
        for listener in sockets or []:
            drop_newcomers(listener)
        await asyncio.sleep(_HANDSHAKES_S)  # in which the loop accepts who stands before the door
        last = [accepted for listener in sockets or [] for accepted in accept_the_last(listener)]
        for server in self.servers:
            server.close()
        answering.set()
        for each in last:
            await asyncio.get_running_loop().connect_accepted_socket(self._connection, each)
        await super().shutdown(sockets)

    def _connection(self) -> Connection:
        return Connection(self.config, self.server_state, {})

    def _connections(self) -> list[Connection]:
        return [each for each in self.server_state.connections if isinstance(each, Connection)]


def serve(
    front: Front,
    listener: socket.socket,
    grace_s: float,
    tick: Callable[[Server], None] = lambda _: None,
) -> None:
    """Serve until a signal comes; `tick` is called about twice a second, and may stop it."""

    async def go_on(server: Server) -> None:
        while True:
            tick(server)
            server.look_at_the_clock()
            if not server.should_exit:
                admit_newcomers(listener)
            await asyncio.sleep(_TICK_S)

    # Modules and the app stay: a collection that looked at them would hold everybody up (90 ms).
    gc.freeze()

    async def run() -> None:
        server = Server(front, grace_s)
        ticking = asyncio.create_task(go_on(server))
        await server.serve([listener])
        ticking.cancel()

    asyncio.run(run())
