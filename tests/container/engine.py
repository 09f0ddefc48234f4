"""Docker, as the tests use it: a few words around its command, and the app in a container."""

import http.client
import json
import os
import subprocess
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any, Final

HARDENED: Final = (
    *("--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL"),
    *("--security-opt", "no-new-privileges", "--pids-limit", "128", "--memory", "512m"),
)
JPEG: Final = {"Content-Type": "image/jpeg"}


class Docker:
    """The client of an engine that runs."""

    def __init__(self, client: str, build_options: tuple[str, ...]) -> None:
        self.client = client
        self.build_options = build_options

    def run(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a docker command; what it printed is in the answer."""
        done = subprocess.run(
            [self.client, *arguments],
            env={**os.environ, "DOCKER_BUILDKIT": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        if check:
            assert done.returncode == 0, (
                f"docker {' '.join(arguments)}:\n{done.stdout}{done.stderr}"
            )
        return done

    def build(
        self, context: Path, tag: str, *options: str, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        return self.run(
            *("build", "--progress", "plain", "--tag", tag),
            *(*self.build_options, *options, str(context)),
            check=check,
        )

    def inspect(self, what: str) -> dict[str, Any]:
        (found,) = json.loads(self.run("inspect", what).stdout)
        return dict(found)

    def python(self, image: str, code: str) -> subprocess.CompletedProcess[str]:
        """Run a line of Python in a new container."""
        return self.run("run", "--rm", "--entrypoint", "python", image, "-c", code, check=False)

    def layers(self, image: str) -> dict[str, int]:
        """Return the digest and the size in bytes of each layer that holds files."""
        digests = self.inspect(image)["RootFS"]["Layers"]
        history = self.run(
            *("history", "--human=false", "--format", "{{.Size}} {{.CreatedBy}}", image)
        )
        steps = [line.split(" ", 1) for line in reversed(history.stdout.splitlines())]
        makers = ("RUN", "COPY", "WORKDIR", "Imported")
        sizes = [
            int(size)
            for number, (size, by) in enumerate(steps)
            if number == 0 or by.startswith(makers) or int(size)
        ]
        assert len(sizes) == len(digests), history.stdout
        return dict(zip(digests, sizes, strict=True))

    @contextmanager
    def container(
        self, image: str, *options: str, command: tuple[str, ...] = ()
    ) -> Iterator["Container"]:
        """Start the app, hardened; afterwards it is removed."""
        name = f"florist-test-{uuid.uuid4().hex[:12]}"
        publish = ("--publish", "127.0.0.1::5000")
        self.run("run", "--detach", "--name", name, *publish, *HARDENED, *options, image, *command)
        try:
            yield Container(self, name)
        finally:
            self.run("rm", "--force", "--volumes", name)


@dataclass(frozen=True)
class Answer:
    """What came over HTTP."""

    status: int
    body: bytes
    headers: Mapping[str, str]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Container:
    """A container that serves."""

    def __init__(self, docker: Docker, name: str, port: int = 5000) -> None:
        self.docker = docker
        self.name = name
        self.port = port

    @property
    def published(self) -> tuple[str, int]:
        """Where the port is on this machine."""
        host, port = (
            self.docker.run("port", self.name, str(self.port)).stdout.split()[0].rsplit(":", 1)
        )
        return host, int(port)

    @property
    def inside(self) -> tuple[str, int]:
        """Where it is on Docker's network, with nothing in between."""
        return str(self.state("NetworkSettings")["IPAddress"]), self.port

    def state(self, part: str = "State") -> dict[str, Any]:
        return dict(self.docker.inspect(self.name)[part])

    def logs(self) -> str:
        done = self.docker.run("logs", self.name)
        return done.stdout + done.stderr

    def request(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        return request(self.published, method, path, body, headers)

    def predict(self, picture: bytes) -> Answer:
        return self.request("POST", "/api/v1/predictions?top=99", picture, **JPEG)

    def wait_until_ready(self, timeout_s: float = 60) -> None:
        address = self.published
        patience = Event()
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            try:
                if request(address, "GET", "/readyz").status == 200:
                    return
            except (OSError, http.client.HTTPException):
                pass
            patience.wait(0.02)
        raise AssertionError(f"not ready after {timeout_s} s:\n{self.logs()}")

    def wait_for_health(self, timeout_s: float = 60) -> str:
        """Return the first verdict of the health check."""
        patience = Event()
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            verdict = str(self.state()["Health"]["Status"])
            if verdict != "starting":
                return verdict
            patience.wait(0.1)
        raise AssertionError(f"no verdict after {timeout_s} s:\n{self.logs()}")


def request(
    address: tuple[str, int],
    method: str,
    path: str,
    body: bytes | None = None,
    headers: Mapping[str, str] = {},
) -> Answer:
    connection = http.client.HTTPConnection(*address, timeout=30)
    try:
        connection.request(method, path, body, dict(headers))
        answer = connection.getresponse()
        # As people write their names; how a server does makes no difference.
        headers = {name.title(): value for name, value in answer.headers.items()}
        return Answer(answer.status, answer.read(), headers)
    finally:
        connection.close()
