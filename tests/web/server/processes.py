"""`florist serve` as people run it: processes, signals, sockets."""

import http.client
import json
import os
import queue
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PREDICTIONS = "/api/v1/predictions"
SERVE = "from florist.cli.serve import serve; serve()"


class Served:
    """A running server; what it logs is read as it comes."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.lines: list[dict[str, Any]] = []
        self._news: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        self.port = int(self.wait_for(r"Listening at: http://127\.0\.0\.1:(\d+)")[1])

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self._news.put(json.loads(line))
        self._news.put(None)

    def wait_for(self, message: str) -> re.Match[str]:
        """Return once a line of the log matches."""
        while True:
            line = self._news.get(timeout=60)
            assert line is not None, self.lines
            self.lines.append(line)
            if found := re.search(message, line["message"]):
                return found

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def ask(self, path: str, method: str = "GET", **options: Any) -> tuple[int, bytes]:
        connection = self.connect()
        try:
            connection.request(method, path, **options)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def predict(self, picture: bytes) -> int:
        headers = {"Content-Type": "image/png"}
        return self.ask(PREDICTIONS, "POST", body=picture, headers=headers)[0]

    def places(self) -> float:
        figures = self.ask("/metrics")[1].decode()
        return sum(float(x) for x in re.findall(r"^florist_places_taken\S* (\S+)$", figures, re.M))

    def workers(self) -> list[int]:
        pid = self.process.pid
        return [int(x) for x in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def stop(self) -> int:
        """Ask the server to stop, and return its exit status once all of its log is read."""
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(60)
        self._reader.join(60)
        while (line := self._news.get(timeout=1)) is not None:
            self.lines.append(line)
        return status


@contextmanager
def serving(
    model: Path, uploads: Path, *options: str, code: Any = SERVE, **settings: object
) -> Iterator[Served]:
    """Start `florist serve` on a free port, and end it in any case."""
    environ = os.environ | {f"FLORIST_{name.upper()}": str(x) for name, x in settings.items()}
    environ |= {"FLORIST_UPLOADS": str(uploads)}
    command = [sys.executable, "-c", code, "--model", str(model), "--port", "0", *options]
    process = subprocess.Popen(
        command, env=environ, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    )
    server = None
    try:
        server = Served(process)
        yield server
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(60)
        if server is not None:
            server._reader.join(60)
        assert process.stderr is not None
        process.stderr.close()
