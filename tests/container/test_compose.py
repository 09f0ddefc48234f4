"""compose.yaml: the app, a training, and the profiles that need what is not here."""

import json
import os
import shutil
import subprocess
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from florist.bundle import read_bundle
from tests.container.conftest import ROOT
from tests.container.engine import Container, Docker

Compose = Callable[..., str]
TRAINER = "florist-test-train"


@pytest.fixture
def compose(docker: Docker, clone: Path) -> Iterator[Compose]:
    """docker compose in the clone, with the tests' images and a free port."""
    plugin = docker.run("compose", "version", check=False).returncode == 0
    client = [docker.client, "compose"] if plugin else ["docker-compose"]
    images = {"app": {"image": "florist-test"}, "train": {"image": TRAINER}}
    (clone / "images.yaml").write_text(json.dumps({"services": images}))
    project = ["-p", f"florist-test-{uuid.uuid4().hex[:8]}"]
    files = ["-f", "compose.yaml", "-f", "images.yaml"]
    environment = {**os.environ, "PORT": "127.0.0.1:0", "UID": str(os.getuid())}

    def run(*arguments: str, **settings: str) -> str:
        done = subprocess.run(
            [*client, *project, *files, *arguments],
            cwd=clone,
            env={**environment, **settings},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    yield run
    run("down", "--volumes", "--timeout", "10")


def test_app(compose: Compose, docker: Docker, image: str, pictures: list[Path]) -> None:
    compose("up", "--detach", "--no-build", "app")
    container = Container(docker, compose("ps", "--quiet", "app").strip())
    container.wait_until_ready()
    assert container.predict(pictures[0].read_bytes()).status == 200
    settings = container.state("HostConfig")
    assert container.state("Config")["Image"] == image
    assert settings["ReadonlyRootfs"] is True
    assert settings["CapDrop"] == ["ALL"]
    assert settings["SecurityOpt"] == ["no-new-privileges:true"]
    assert settings["Memory"] == 512 * 2**20
    assert settings["PidsLimit"] == 128


def test_train(compose: Compose, docker: Docker, clone: Path, demo: Path) -> None:
    docker.build(clone, TRAINER, "--target", "train")
    shutil.copytree(demo, clone / "photos")
    recipe = ["--backbone", "tiny", "--epochs", "2", "--output", "models/tiny"]
    compose("run", "--rm", "train", "train", "photos", *recipe)
    trained = clone / "models" / "tiny"
    assert len(read_bundle(trained).manifest.classes) == 5
    assert trained.stat().st_uid == os.getuid()


def test_train_trains_on_the_folder_that_is_set(compose: Compose) -> None:
    config = yaml.safe_load(compose("--profile", "train", "config", DATASET="mine", MODEL="new"))
    assert config["services"]["train"]["command"] == ["train", "mine", "--output", "new"]


@pytest.mark.parametrize("profile", ["train", "train-gpu", "replicas"])
def test_profiles_follow_the_schema(compose: Compose, profile: str) -> None:
    everything = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]
    mine = {name for name, each in everything.items() if profile in each.get("profiles", [])}
    config = yaml.safe_load(compose("--profile", profile, "config"))
    assert mine
    assert mine <= set(config["services"])
