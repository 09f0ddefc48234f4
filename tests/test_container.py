"""What makes an image, as far as it needs no Docker to be tested."""

import re
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner

from florist import __version__
from florist.bundle import Bundle, read_bundle
from florist.cli import cli
from florist.container import RECIPE, write_context
from florist.container.docker import require_docker
from florist.container.healthcheck import is_ready
from florist.errors import ContainerError

ROOT = Path(__file__).parents[1]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")


def test_context_holds_what_the_dockerfile_copies(bundle: Bundle, tmp_path: Path) -> None:
    write_context(tmp_path / "context", bundle)
    sources = re.findall(r"^COPY (?!--from)(\S+)", DOCKERFILE, re.MULTILINE)
    assert len(sources) >= 4
    for source in sources:
        found = [*(tmp_path / "context").glob(source)]
        assert found, source
    locks = {file.name for file in (tmp_path / "context" / "requirements").iterdir()}
    assert locks >= {f"serve{extra}.txt" for extra in ("", "-batch", "-heic", "-postgres")}
    assert read_bundle(tmp_path / "context" / "output").digest == bundle.digest
    assert not list((tmp_path / "context").rglob("__pycache__"))


def test_context_leaves_out_what_is_not_the_models(bundle: Bundle, tmp_path: Path) -> None:
    write_context(tmp_path / "first", bundle)
    model = tmp_path / "first" / "output"
    (model / "notes.txt").write_text("private")
    write_context(tmp_path / "second", read_bundle(model))
    assert not (tmp_path / "second" / "output" / "notes.txt").exists()


def test_context_never_mixes_with_other_files(bundle: Bundle, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(ContainerError, match="Choose another folder"):
        write_context(tmp_path, bundle)
    assert [file.name for file in tmp_path.iterdir()] == ["mine.txt"]


def test_wheel_brings_the_recipe_along(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as opened:
        for name in RECIPE:
            content = opened.read(f"florist/container/recipe/{name}")
            assert content == (ROOT / name).read_bytes()


def test_dockerfile_agrees_with_the_rest() -> None:
    assert f"ARG VERSION={__version__}\n" in DOCKERFILE
    (base,) = re.findall(r"^ARG BASE=(\S+)", DOCKERFILE, re.MULTILINE)
    assert f"image={base}\n" in (ROOT / "tests/container/make-base-image").read_text()
    users = re.findall(r"^USER (\d+):0$", DOCKERFILE, re.MULTILINE)
    assert users
    assert all(int(user) >= 10_000 for user in users)


def test_an_image_claims_no_digest_that_nobody_gave_it() -> None:
    assert "digest" not in DOCKERFILE


def test_dockerfile_names_no_registry() -> None:
    assert not re.search(r"index-url|[a-z0-9]\.[a-z]+/simple|^# *syntax *=", DOCKERFILE)


def test_docker_sees_only_what_is_listed() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    assert set(rules) >= {"!src/florist", "!requirements", "!output"}


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH with nothing on it but what a test puts there."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def put_docker(path: Path, says: str) -> None:
    docker = path / "docker"
    docker.write_text(f"#!/bin/sh\necho '{says}' >&2\nexit 1\n")
    docker.chmod(0o755)


REMEDIES = [
    ("", "linux", "not installed.*engine/install"),
    ("", "darwin", "not installed.*mac-install"),
    ("", "win32", "not installed.*windows-install"),
    ("Cannot connect to the Docker daemon", "linux", "not running.*systemctl start docker"),
    ("Cannot connect to the Docker daemon", "darwin", "not running.*open -a Docker"),
    ("error during connect: the file specified", "win32", "not running.*Start menu"),
    ("permission denied while connecting", "linux", "no permission.*usermod -aG docker"),
    ("permission denied while connecting", "darwin", "no permission.*open -a Docker"),
    ("permission denied while connecting", "win32", "no permission.*docker-users"),
]


@pytest.mark.parametrize(("says", "platform", "remedy"), REMEDIES)
def test_unusable_docker_is_one_sentence_with_a_remedy(
    path: Path, says: str, platform: str, remedy: str
) -> None:
    if says:
        put_docker(path, says)
    with pytest.raises(ContainerError, match=remedy):
        require_docker(platform)


def test_image_verb_says_what_is_wrong(path: Path, bundle: Bundle) -> None:
    put_docker(path, "Cannot connect to the Docker daemon")
    result = CliRunner().invoke(cli, ["image", "--model", str(bundle.path)])
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: Docker is installed but not running. Start it:")
    assert result.stderr.count("\n") == 1


def test_image_verb_names_a_build_that_failed(path: Path, bundle: Bundle) -> None:
    docker = path / "docker"
    docker.write_text('#!/bin/sh\n[ "$1" = version ]\n')
    docker.chmod(0o755)
    result = CliRunner().invoke(cli, ["image", "--model", str(bundle.path), "-t", "roses"])
    assert result.exit_code == 1
    assert "Docker could not build roses" in result.stderr


def test_image_verb_builds_with_labels_and_options(path: Path, bundle: Bundle) -> None:
    docker = path / "docker"
    docker.write_text(f'#!/bin/sh\nfor each; do echo "$each" >> "{path}/$1"; done\n')
    docker.chmod(0o755)
    arguments = ["image", "--model", str(bundle.path), "-t", "roses", "--", "--network", "host"]
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 0
    assert "docker run -p 5000:5000 roses" in result.stdout
    given = (path / "build").read_text().splitlines()
    assert given[:3] == ["build", "--tag", "roses"]
    assert f"--label=florist.model.digest={bundle.digest}" in given
    assert given[-3:-1] == ["--network", "host"]
    assert not Path(given[-1]).exists()  # the scratch folder is gone


def test_image_verb_writes_for_reading(bundle: Bundle, tmp_path: Path) -> None:
    folder = tmp_path / "context"
    arguments = ["image", "--model", str(bundle.path), "--write", str(folder)]
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 0
    assert "docker build -t flower_api" in result.stdout
    assert (folder / "Dockerfile").read_text(encoding="utf-8") == DOCKERFILE


class _Readiness(BaseHTTPRequestHandler):
    hosts: list[str]
    status: int

    def do_GET(self) -> None:
        self.hosts.append(self.headers["Host"])
        self.send_response(self.status if self.path == "/readyz" else 404)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[HTTPServer]:
    _Readiness.hosts, _Readiness.status = [], 200
    with HTTPServer(("127.0.0.1", 0), _Readiness) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("status", "environ", "host", "ready"),
    [
        (200, {}, "127.0.0.1:{port}", True),
        (503, {}, "127.0.0.1:{port}", False),
        (200, {"FLORIST_TRUSTED_HOSTS": " .example.org, b.org"}, "example.org", True),
    ],
)
def test_healthcheck(
    server: HTTPServer, status: int, environ: Mapping[str, str], host: str, ready: bool
) -> None:
    _Readiness.status = status
    port = str(server.server_port)
    assert is_ready({"FLORIST_PORT": port, **environ}) is ready
    assert _Readiness.hosts == [host.format(port=port)]


def test_healthcheck_of_a_server_that_is_not_there(server: HTTPServer) -> None:
    port = server.server_port
    server.shutdown()
    server.server_close()
    assert not is_ready({"FLORIST_PORT": str(port)})
