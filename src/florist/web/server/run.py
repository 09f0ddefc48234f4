"""The server around the app: processes that gunicorn keeps, or a single one on Windows."""

import logging.config
import os
import secrets
import shutil
import socket
import sys
import tempfile
import threading
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from flask import Flask

from florist.bundle import Bundle, read_bundle
from florist.engine import resolved
from florist.judging import read_judge, told
from florist.system import cpu_limit
from florist.web.door import logs
from florist.web.live import runtime
from florist.web.problems import NotReadyError
from florist.web.services import services_of
from florist.web.settings import Settings, unknown_variables
from florist.web.uploads.opening import open_store

_log = logging.getLogger(__name__)

_GRACE_S: Final = 5
_SHARED_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - only gunicorn's own unnamed file goes there


def serve(settings: Settings, listener: socket.socket) -> None:
    """Serve whoever connects to `listener`, until a signal comes.

    Raises `BundleError` where the model folder cannot be used, `SettingsError` where the database
    cannot, `EngineError` where browsers should run the model and nothing is there to do that.
    """
    logging.config.dictConfig(logs.configuration(settings.log))
    for sentence in unknown_variables():
        _log.warning("%s", sentence)
    # Better one clear line now than a server that never gets ready.
    # Each process serves this very model, also one that starts when the folder holds another.
    bundle = read_bundle(settings.model).hold()
    bundle.verify()
    judge = read_judge(bundle, resolved(bundle, settings.runtime).network)
    told(judge, bundle, settings.none, settings.max_error)
    if settings.live:
        runtime.require()
        bundle.network("float32")
    open_store(settings)
    settings = complete(settings)
    if sys.platform == "win32":
        _run_alone(settings, bundle, listener)
    else:
        _run_gunicorn(settings, bundle, listener)


def complete(settings: Settings) -> Settings:
    """Fill in what depends on this machine, and what all processes must agree on."""
    threads = settings.threads or max(1, cpu_limit() // settings.workers)
    return replace(
        settings, threads=threads, secret_key=settings.secret_key or secrets.token_hex(32)
    )


def gunicorn_options(settings: Settings, fd: int) -> dict[str, Any]:
    """Return gunicorn's configuration: https://docs.gunicorn.org/en/stable/settings.html."""
    shared_memory = _SHARED_MEMORY.is_dir() and os.access(_SHARED_MEMORY, os.W_OK)
    return {
        "bind": f"fd://{fd}",
        "workers": settings.workers,
        "worker_class": "florist.web.server.worker.ServingWorker",
        # The heartbeat: a worker whose main loop hangs is replaced. No deadline for a request.
        "timeout": 60,
        "graceful_timeout": int(settings.deadline_s) + _GRACE_S,
        # A heartbeat on a disk would stop a worker whenever the disk is slow.
        "worker_tmp_dir": str(_SHARED_MEMORY) if shared_memory else None,
        "control_socket_disable": True,
        "logconfig_dict": logs.configuration(settings.log),
        "proc_name": "florist",
    }


def address(listener: socket.socket) -> str:
    """Return where a browser on this machine finds the server."""
    host, port = listener.getsockname()[:2]
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - compared, not listened on
        host = "localhost"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _announce(app: Flask, where: str) -> None:
    """Say where to look, as soon as the model is there."""

    def wait() -> None:
        model = services_of(app).model
        model.wait()
        with suppress(NotReadyError):
            model.predictor()
            _log.info("Open %s · Ctrl-C stops", where)

    threading.Thread(target=wait, name="announce", daemon=True).start()


def _run_gunicorn(settings: Settings, bundle: Bundle, listener: socket.socket) -> None:
    from gunicorn.app.base import BaseApplication
    from gunicorn.workers.base import Worker

    where, fd = address(listener), listener.detach()

    def announce_once(worker: Worker) -> None:
        if worker.age == 1:
            _announce(worker.wsgi, where)

    class Server(BaseApplication):  # type: ignore[misc]
        """gunicorn with our options; each worker makes its own app, after the fork."""

        def load_config(self) -> None:
            for name, value in gunicorn_options(settings, fd).items():
                self.cfg.set(name, value)
            self.cfg.set("post_worker_init", announce_once)
            if settings.workers > 1:
                self.cfg.set("child_exit", lambda _, worker: _forget(worker.pid))

        def load(self) -> Any:
            from prometheus_client import values

            from florist.web.app import create_app

            # Chosen when it was imported, before there was a folder to share figures in.
            values.ValueClass = values.get_value_class()  # type: ignore[no-untyped-call]
            return create_app(settings=settings, bundle=bundle)

    if settings.workers == 1:
        Server().run()
        return
    # Each process counts in files of its own, which /metrics adds up.
    folder, parent = tempfile.mkdtemp(prefix="florist-metrics-"), os.getpid()
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
    try:
        Server().run()
    finally:
        if os.getpid() == parent:  # a worker that ends comes by here, too
            shutil.rmtree(folder, ignore_errors=True)


def _forget(pid: int) -> None:
    """Leave out what a dead worker has just been doing, not what it has counted."""
    from prometheus_client.multiprocess import mark_process_dead

    mark_process_dead(pid)  # type: ignore[no-untyped-call]


def _run_alone(settings: Settings, bundle: Bundle, listener: socket.socket) -> None:
    from florist.web.app import create_app
    from florist.web.server.front import Front
    from florist.web.server.serving import serve as serve_alone

    app = create_app(settings=settings, bundle=bundle)
    _log.info("Listening at: %s", address(listener))
    _announce(app, address(listener))
    with suppress(KeyboardInterrupt):  # uvicorn passes Ctrl-C on when it has stopped
        serve_alone(Front(app), listener, settings.deadline_s + _GRACE_S)
