"""What is in the image, how large it is, and what a build costs."""

import base64
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from florist import __version__
from florist.bundle import SERVING, Bundle
from tests.container.conftest import ROOT
from tests.container.engine import Docker
from tests.container.figures import Figures

MB = 1_000_000
HEIC_IMAGE = "florist-test-heic"
SECRETS = ("/run/secrets", "/root/.cache/pip")


def size_mb(layers: dict[str, int]) -> float:
    return sum(layers.values()) / MB


def test_size(docker: Docker, image: str, figures: Figures) -> None:
    base = docker.inspect(image)["RootFS"]["Layers"][:1]
    above = {digest: size for digest, size in docker.layers(image).items() if digest not in base}
    figures.hold("image with a MobileNetV2: layers above the base", size_mb(above), 220, "MB")


def test_new_model_changes_its_layer_only(
    docker: Docker, image: str, clone: Path, small: Bundle, figures: Figures
) -> None:
    shutil.copytree(small.path, clone / "models" / "colours")
    docker.build(clone, "florist-test-model", "--build-arg", "MODEL=models/colours")
    before, after = docker.layers(image), docker.layers("florist-test-model")
    changed = [size for digest, size in before.items() if digest not in after]
    model = sum((clone / "output" / name).stat().st_size for name in served(clone))
    assert len(changed) == 1
    figures.hold(
        "layers that change with the model: beyond its size", (sum(changed) - model) / MB, 1, "MB"
    )


def test_only_what_serves_is_in_the_image(docker: Docker, image: str, clone: Path) -> None:
    listing = docker.run("run", "--rm", "--entrypoint", "ls", image, "model").stdout.split()
    assert set(listing) == served(clone)


def served(clone: Path) -> set[str]:
    """Return the files that serve of the model that was trained: a small one has no judge."""
    return {name for name in SERVING if (clone / "output" / name).exists()}


def test_the_same_model_makes_the_same_layer(docker: Docker, image: str, clone: Path) -> None:
    shutil.copytree(clone / "output", clone / "models" / "again", copy_function=shutil.copy)
    docker.build(clone, "florist-test-again", "--build-arg", "MODEL=models/again")
    assert docker.layers("florist-test-again") == docker.layers(image)


def test_rebuild_after_a_change_of_code(
    docker: Docker, image: str, clone: Path, figures: Figures
) -> None:
    with (clone / "src/florist/cli/serve.py").open("a", encoding="utf-8") as code:
        code.write("# changed\n")
    start = time.monotonic()
    docker.build(clone, "florist-test-code")
    figures.hold("rebuild after a change of code", time.monotonic() - start, 15, "s")
    assert docker.inspect("florist-test-code")["Id"] != docker.inspect(image)["Id"]


def test_missing_model_is_one_clear_sentence(docker: Docker, clone: Path) -> None:
    build = docker.build(
        clone, "florist-test-none", "--build-arg", "MODEL=models/none", check=False
    )
    assert build.returncode != 0
    said = [line for line in build.stderr.splitlines() if "There is no model" in line]
    assert "There is no model in 'models/none': make one with 'make demo' or" in said[0]


@pytest.mark.parametrize(
    "module",
    ["pip", "ensurepip", "setuptools", "tensorflow", "keras", "florist.demo", "florist.training"],
)
def test_left_out(docker: Docker, image: str, module: str) -> None:
    done = docker.python(image, f"import {module}")
    assert done.returncode == 1
    assert "ModuleNotFoundError" in done.stderr


def test_a_verb_that_is_left_out_says_so(docker: Docker, image: str) -> None:
    done = docker.run("run", "--rm", image, "demo", check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("Error: `florist demo` needs florist.training, which is left out")


def test_heic_is_read_where_it_is_asked_for(docker: Docker, image: str, clone: Path) -> None:
    docker.build(clone, HEIC_IMAGE, "--build-arg", "EXTRAS=heic")
    encode = (
        "import io, base64; from PIL import Image; from florist.formats import formats; formats(); "
        "b = io.BytesIO(); Image.new('RGB', (64, 48), 'red').save(b, 'HEIF'); "
        "print(base64.b64encode(b.getvalue()).decode())"
    )
    picture = base64.b64decode(docker.python(HEIC_IMAGE, encode).stdout)
    for tag, status in ((HEIC_IMAGE, 200), (image, 415)):
        with docker.container(tag) as container:
            container.wait_until_ready()
            assert container.predict(picture).status == status


def test_no_compiler_and_nothing_of_the_build(docker: Docker, image: str) -> None:
    code = (
        "import json, os, shutil; print(json.dumps({"
        "'tools': [each for each in ('gcc', 'cc', 'make', 'pip', 'git') if shutil.which(each)],"
        f"'left': [each for each in {SECRETS!r} if os.path.exists(each) and os.listdir(each)],"
        "'here': sorted(os.listdir('.')), 'where': os.getcwd()}))"
    )
    found = json.loads(docker.python(image, code).stdout)
    expected = {"tools": [], "left": [], "here": ["florist", "model"], "where": "/usr/app"}
    assert found == expected


def test_no_setting_of_the_builder_is_kept(docker: Docker, image: str) -> None:
    history = docker.run("history", "--no-trunc", image).stdout
    environment = docker.inspect(image)["Config"]["Env"]
    assert "http" not in "".join(environment)
    assert "index-url" not in history


def test_what_the_image_says_of_itself(docker: Docker, image: str) -> None:
    config = docker.inspect(image)["Config"]
    assert config["User"] == "10001:0"
    assert config["ExposedPorts"] == {"5000/tcp": {}}
    assert config["WorkingDir"] == "/usr/app"
    assert config["Volumes"] == {"/data": {}}
    assert config["StopSignal"] == "SIGTERM"
    assert config["Entrypoint"] == ["python", "-m", "florist"]
    assert config["Cmd"] == ["serve"]
    assert config["Healthcheck"]["Test"][0] == "CMD"
    assert config["Labels"]["org.opencontainers.image.version"] == __version__


def test_known_vulnerabilities(figures: Figures) -> None:
    """Ask the package registry's advisories; a registry that has none cannot be asked."""
    lock = str(ROOT / "requirements" / "serve.txt")
    options = ["-r", lock, "--require-hashes", "--disable-pip", "-f", "json"]
    audit = subprocess.run(
        [sys.executable, "-m", "uv", "tool", "run", "pip-audit", *options],
        check=False,
        capture_output=True,
        text=True,
    )
    packages = json.loads(audit.stdout)["dependencies"]
    asked = [each for each in packages if "skip_reason" not in each]
    fixable = [
        (each["name"], found["id"], found["fix_versions"])
        for each in asked
        for found in each["vulns"]
        if found["fix_versions"]
    ]
    measured = f"{len(fixable)} in {len(asked)} packages" if asked else "advisories not reachable"
    figures.note("known fixable vulnerabilities (`pip-audit`)", "0", measured)
    assert packages
    assert not fixable
