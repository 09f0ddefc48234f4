"""A running engine, a fresh clone with a model in it, and the image made of them."""

import json
import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from florist.bundle import Bundle, read_bundle
from florist.demo import write_demo
from tests.conftest import write_colour_bundle
from tests.container.engine import Docker
from tests.container.figures import Figures

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
IMAGE = "florist-test"
TRAINER = "florist-test-train"

Compose = Callable[..., str]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write-figures", action="store_true", help="write docs/benchmarks.md")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker("container")


@pytest.fixture(scope="session")
def figures(pytestconfig: pytest.Config) -> Iterator[Figures]:
    """What was measured; written down at the end, if that is asked for."""
    figures = Figures()
    yield figures
    if pytestconfig.getoption("--write-figures"):
        figures.write(ROOT / "docs" / "benchmarks.md")


@pytest.fixture(scope="session")
def docker(tmp_path_factory: pytest.TempPathFactory) -> Docker:
    started = subprocess.run([HERE / "start-docker"], stdout=subprocess.PIPE, text=True, check=True)
    secrets = pip_secrets(tmp_path_factory.mktemp("pip"))
    return Docker(started.stdout.strip(), ("--network", "host", *secrets))


def pip_secrets(folder: Path) -> tuple[str, ...]:
    """Hand this machine's way to its package registry to the builds, as docs/docker.md shows."""
    settings = {}
    for name in ("index-url", "extra-index-url", "proxy", "timeout", "cert"):
        got = subprocess.run(
            [sys.executable, "-m", "pip", "config", "get", f"global.{name}"],
            capture_output=True,
            text=True,
            check=False,
        )
        value = os.environ.get(f"PIP_{name.upper().replace('-', '_')}") or got.stdout.strip()
        if value and "file:" not in value:
            settings[name] = value
    options: tuple[str, ...] = ()
    if "cert" in settings:
        options = ("--secret", f"id=ca.pem,src={settings['cert']}")
        settings["cert"] = "/run/secrets/ca.pem"
    lines = ["[global]", *(f"{name} = {value}" for name, value in settings.items())]
    (folder / "pip.conf").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return ("--secret", f"id=pip.conf,src={folder / 'pip.conf'}", *options)


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small data set of real demo pictures."""
    folder = tmp_path_factory.mktemp("data") / "demo"
    write_demo(folder, per_class=10, seed=7)
    return folder


@pytest.fixture(scope="session")
def pictures(demo: Path) -> list[Path]:
    return sorted(demo.rglob("*.jpg"))[::2]


@pytest.fixture(scope="session")
def model(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """A MobileNetV2 of full size; how well it knows flowers matters to no test here."""
    output = tmp_path_factory.mktemp("model") / "output"
    recipe = ["--backbone", "mobilenetv2", "--weights", "none", "--epochs", "1", "--views", "1"]
    train = [sys.executable, "-m", "florist", "train", str(demo), "--output", str(output), *recipe]
    subprocess.run(train, check=True, capture_output=True)
    return read_bundle(output)


@pytest.fixture(scope="session")
def clone(model: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `git clone` and `florist train` leave behind."""
    folder = tmp_path_factory.mktemp("clone") / "florist"
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    files = subprocess.run(listing, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, files.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    shutil.copytree(model.path, folder / "output")
    return folder


@pytest.fixture(scope="session")
def image(docker: Docker, clone: Path) -> str:
    """`docker build -t ... .`, as the README says."""
    docker.build(clone, IMAGE)
    return IMAGE


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """Another model, of a few kilobytes."""
    return write_colour_bundle(tmp_path_factory.mktemp("small") / "model")


@pytest.fixture
def compose(docker: Docker, clone: Path) -> Iterator[Compose]:
    """docker compose in the clone, with the tests' images and a free port."""
    plugin = docker.run("compose", "version", check=False).returncode == 0
    client = [docker.client, "compose"] if plugin else ["docker-compose"]
    images = {"app": {"image": IMAGE}, "train": {"image": TRAINER}}
    (clone / "images.yaml").write_text(json.dumps({"services": images}))
    project = ["-p", f"florist-test-{uuid.uuid4().hex[:8]}"]
    files = ["-f", "compose.yaml", "-f", "images.yaml"]
    environment = {**os.environ, "PORT": "127.0.0.1:0", "USER_ID": str(os.getuid())}

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
    run("down", "--volumes", "--remove-orphans", "--timeout", "10")
