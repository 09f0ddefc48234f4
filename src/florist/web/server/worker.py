"""gunicorn's part: it starts processes that serve, replaces dead ones, and stops them all."""

import os
import signal
from typing import Final

from gunicorn.workers.base import Worker

from florist.web.server import serving
from florist.web.server.front import Front
from florist.web.services import services_of

_LOADING_S: Final = 45
_ORPHAN_GRACE_S: Final = 3


class ServingWorker(Worker):  # type: ignore[misc]
    """A process that serves."""

    def run(self) -> None:
        """Serve; one that replaces a dead process lets nobody in before it is ready."""
        found = services_of(self.wsgi)
        if self.age > self.cfg.workers:
            found.model.wait(_LOADING_S)
        front, listener = Front(self.wsgi), self.sockets[0].sock
        serving.serve(front, listener, self.cfg.graceful_timeout, self._tick)

    def _tick(self, server: serving.Server) -> None:
        """Tell gunicorn that this process lives; an orphan stops."""
        self.notify()
        if os.getppid() != self.ppid and not server.should_exit:
            server.should_exit = True
            signal.alarm(_ORPHAN_GRACE_S)  # ends this process, whatever its threads do
