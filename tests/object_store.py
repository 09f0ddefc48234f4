"""An S3 server of this machine, moto's, that fails where it is told to."""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.request import Request, urlopen

import pytest
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

Faults = Callable[[int, str], str]
"""Number and method of a request in, what goes wrong out: "503", "hang", "lost", "cut" or ""."""


class _Quiet(WSGIRequestHandler):
    def log(self, *_: object) -> None:
        """Print nothing."""


class ObjectStore:
    """The server: counts requests, and asks `faults` what is to become of each."""

    def __init__(self) -> None:
        self._app = DomainDispatcherApplication(create_backend_app)
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._server = make_server("127.0.0.1", 0, self, threaded=True, request_handler=_Quiet)
        self._server.daemon_threads = True  # type: ignore[attr-defined]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        self.requests = 0
        self.failed: list[str] = []
        self.faults: Faults = lambda number, method: ""

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        with self._lock:
            self.requests += 1
            fault = self.faults(self.requests, environ["REQUEST_METHOD"])
            if fault:
                self.failed.append(fault)
        if fault == "503":
            environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            start("503 Slow Down", [("Content-Type", "application/xml")])
            return [b"<Error><Code>SlowDown</Code></Error>"]
        if fault == "hang":
            self._over.wait()
            start("503 Slow Down", [])
            return []
        answer = [*self._app(environ, start)]
        if fault == "lost":  # it was done, and nobody hears of it
            self._over.wait()
        return [each[: len(each) // 2] for each in answer] if fault == "cut" else answer

    def begin(self, bucket: str) -> None:
        # What moto keeps, it keeps for the process.
        urlopen(Request(f"{self.address}/moto-api/reset", method="POST")).close()
        urlopen(Request(f"{self.address}/{bucket}", method="PUT")).close()

    def close(self) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def object_store(monkeypatch: pytest.MonkeyPatch, bucket: str) -> Iterator[ObjectStore]:
    """Give a server with an empty bucket, which the environment variables lead to."""
    server = ObjectStore()
    for name, value in {
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT": server.address,
        "AWS_ALLOW_HTTP": "true",
        "AWS_TIMEOUT": "1s",
    }.items():
        monkeypatch.setenv(name, value)
    try:
        server.begin(bucket)
        yield server
    finally:
        server.close()
