"""compose.yaml: the app, a training, and the profiles that need what is not here."""

import os
import shutil
from pathlib import Path

import pytest
import yaml

from florist.bundle import read_bundle
from tests.container.conftest import ROOT, TRAINER, Compose
from tests.container.engine import Container, Docker


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
