"""`florist image`, as somebody has it who installed florist with pip and has no clone."""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from florist.bundle import Bundle
from tests.container.conftest import ROOT
from tests.container.engine import Docker

IMAGE = "florist-test-wheel"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `florist` of a wheel in an environment of its own, with the libraries of this one."""
    folder = tmp_path_factory.mktemp("installed")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    venv = folder / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    python = venv / "bin" / "python"
    install = ["install", "--quiet", "--no-deps", "--no-index", str(wheel)]
    subprocess.run([sys.executable, "-m", "pip", "--python", str(python), *install], check=True)
    (packages,) = venv.glob("lib/python3*/site-packages")
    (packages / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return venv / "bin" / "florist"


@pytest.fixture
def environment(docker: Docker, tmp_path: Path) -> dict[str, str]:
    """One in which `docker` is the client that the tests use."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "docker").symlink_to(docker.client)
    return {**os.environ, "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"}


def test_image_of_an_installed_florist(
    docker: Docker, installed: Path, model: Bundle, environment: dict[str, str], tmp_path: Path
) -> None:
    arguments = ["image", "--model", str(model.path), "-t", IMAGE, "--", *docker.build_options]
    done = subprocess.run(
        [installed, *arguments],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert f"docker run -p 5000:5000 {IMAGE}" in done.stdout
    labels = docker.inspect(IMAGE)["Config"]["Labels"]
    assert labels["florist.model.digest"] == model.digest
    with docker.container(IMAGE) as container:
        container.wait_until_ready()
        assert container.request("GET", "/api/v1/model").json["digest"] == model.digest


def test_written_context_builds_by_hand(
    docker: Docker, installed: Path, small: Bundle, tmp_path: Path
) -> None:
    context = tmp_path / "context"
    write = [str(installed), "image", "--model", str(small.path), "--write", str(context)]
    subprocess.run(write, check=True, cwd=tmp_path, capture_output=True)
    docker.build(context, IMAGE)
    with docker.container(IMAGE) as container:
        container.wait_until_ready()
        assert container.request("GET", "/api/v1/model").json["digest"] == small.digest
