"""The app in a container: hardened, and with the answers that it gives outside."""

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from florist.bundle import MODEL, Bundle, Manifest, write_bundle
from florist.images import ImageSpec
from tests.container.engine import HARDENED, Docker
from tests.container.figures import Figures


def scores(text: str) -> list[list[tuple[str, float]]]:
    """Return labels and scores from JSON; two texts with one bit of difference differ here."""
    return [
        [(each["label"], each["score"]) for each in entry["predictions"]]
        for entry in json.loads(text)["predictions"]
    ]


def predict_outside(model: Bundle, pictures: list[Path]) -> list[list[tuple[str, float]]]:
    names = [str(picture) for picture in pictures]
    options = ["--model", str(model.path), "--top", "99", "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "florist", "predict", *names, *options],
        check=True,
        capture_output=True,
        text=True,
    )
    return scores(done.stdout)


def test_answers_are_the_ones_outside(
    docker: Docker, image: str, model: Bundle, pictures: list[Path]
) -> None:
    outside = predict_outside(model, pictures)
    with docker.container(image) as container:
        container.wait_until_ready()
        inside = [
            scores(container.predict(picture.read_bytes()).body.decode())[0] for picture in pictures
        ]
        assert container.request("GET", "/api/v1/model").json["digest"] == model.digest
    assert len(inside) >= 20
    assert inside == outside


def test_predict_runs_in_a_container(
    docker: Docker, image: str, model: Bundle, pictures: list[Path]
) -> None:
    picture = pictures[0]
    done = docker.run(
        *("run", "--rm", "--volume", f"{picture.parent}:/pictures:ro", *HARDENED, image),
        *("predict", f"/pictures/{picture.name}", "--model", "model", "--top", "99", "--json"),
    )
    assert scores(done.stdout) == predict_outside(model, [picture])


def test_first_prediction(
    docker: Docker, image: str, pictures: list[Path], figures: Figures
) -> None:
    """The best of three: how fast it is, not how busy the machine was."""
    picture = pictures[0].read_bytes()

    def seconds() -> float:
        start = time.monotonic()
        with docker.container(image) as container:
            container.wait_until_ready()
            assert container.predict(picture).status == 200
            return time.monotonic() - start

    fastest = min(seconds() for _ in range(3))
    figures.hold("`docker run` to the first prediction", fastest, 2.5, "s")


def test_user_and_read_only_root(docker: Docker, image: str) -> None:
    code = (
        "import os, pathlib, sys\n"
        "print(os.getuid(), os.getgid())\n"
        "for each in ('/usr/app', '/usr/app/model', '/etc', '/opt/venv'):\n"
        "    try:\n"
        "        pathlib.Path(each, 'x').write_text('x')\n"
        "        sys.exit(f'{each} can be written to')\n"
        "    except OSError:\n"
        "        pass\n"
        "for each in ('/tmp', '/data'):\n"
        "    pathlib.Path(each, 'x').write_text('x')\n"
    )
    for options in (HARDENED, ()):  # not even where the root file system is writable
        done = docker.run(
            "run", "--rm", *options, "--entrypoint", "python", image, "-c", code, check=False
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.split() == ["10001", "0"]


def test_no_capability_and_no_new_privilege(docker: Docker, image: str) -> None:
    with docker.container(image) as container:
        status = docker.run("exec", container.name, "cat", "/proc/1/status").stdout
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert int(fields["CapEff"], 16) == int(fields["CapBnd"], 16) == 0
    assert fields["NoNewPrivs"] == "1"


def test_mounted_model_replaces_the_baked_one(docker: Docker, image: str, small: Bundle) -> None:
    with docker.container(image, "--volume", f"{small.path}:/usr/app/model:ro") as container:
        container.wait_until_ready()
        answer = container.request("GET", "/api/v1/model").json
    assert answer["digest"] == small.digest


def test_healthy(docker: Docker, image: str) -> None:
    with docker.container(image, "--health-interval", "1s") as container:
        assert container.state()["Health"]["Status"] == "starting"
        assert container.wait_for_health() == "healthy"


@pytest.fixture
def broken(tmp_path: Path) -> Bundle:
    """A model folder whose files are what the manifest says, but whose network is none."""
    noise = np.random.default_rng(1).bytes(5000)
    manifest = Manifest(
        name="broken",
        created="2026-01-02T03:04:05+00:00",
        florist="0.1.0",
        classes=("a", "b"),
        spec=ImageSpec(size=16),
    )
    return write_bundle(tmp_path / "broken", manifest, lambda folder: _write(folder / MODEL, noise))


def _write(file: Path, content: bytes) -> None:
    file.write_bytes(content)


def test_unhealthy_when_the_network_cannot_be_loaded(
    docker: Docker, image: str, broken: Bundle
) -> None:
    quick = ("--health-interval", "1s", "--health-start-period", "0s", "--health-retries", "2")
    mount = ("--volume", f"{broken.path}:/usr/app/model:ro")
    with docker.container(image, *quick, *mount) as container:
        assert container.wait_for_health() == "unhealthy"
        assert container.request("GET", "/livez").status == 200
        assert container.request("GET", "/readyz").status == 503
        assert "The model could not be loaded" in container.logs()


def test_edited_model_is_refused_at_once(
    docker: Docker, image: str, small: Bundle, tmp_path: Path
) -> None:
    edited = shutil.copytree(small.path, tmp_path / "edited")
    (edited / "labels.txt").write_text("red\ngreen\nblue\n")
    mount = f"{edited}:/usr/app/model:ro"
    done = docker.run("run", "--rm", "--volume", mount, *HARDENED, image, check=False)
    assert done.returncode == 1
    assert "labels.txt is not the file that training wrote: its SHA-256 is" in done.stderr
    assert "Traceback" not in done.stderr


def history(container: Any) -> str:
    return str(container.request("GET", "/history").body.decode())


def send_through_the_page(container: Any, picture: Path) -> None:
    """Send the page's form as a browser does."""
    page = container.request("GET", "/")
    token = page.body.decode().split('name="csrf_token"')[1].split('value="')[1].split('"')[0]
    parts = [
        f'--b\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n{token}\r\n'.encode(),
        f'--b\r\nContent-Disposition: form-data; name="image"; filename="{picture.name}"\r\n'
        "Content-Type: image/jpeg\r\n\r\n".encode(),
        picture.read_bytes(),
        b"\r\n--b--\r\n",
    ]
    headers = {
        "Content-Type": "multipart/form-data; boundary=b",
        "Cookie": page.headers["Set-Cookie"].split(";")[0],
    }
    answer = container.request("POST", "/", b"".join(parts), **headers)
    assert answer.status in {200, 302, 303}, answer.body


@pytest.mark.parametrize("user", ["10001:0", "1234567:0"])
def test_uploads_outlive_the_container(
    docker: Docker, image: str, pictures: list[Path], tmp_path: Path, user: str
) -> None:
    """With the user of the image, and with a random one, as OpenShift gives it."""
    volume = f"florist-test-{tmp_path.name}".lower()
    named = tmp_path / "spotted-in-the-garden.jpg"
    shutil.copy(pictures[0], named)
    options = ("--volume", f"{volume}:/data", "--user", user)
    try:
        with docker.container(image, *options) as container:
            container.wait_until_ready()
            assert named.name not in history(container)
            send_through_the_page(container, named)
        with docker.container(image, *options) as container:
            container.wait_until_ready()
            assert named.name in history(container)
    finally:
        docker.run("volume", "rm", "--force", volume)
