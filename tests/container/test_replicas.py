"""The profile `replicas` of compose.yaml: two apps behind nginx, their records in PostgreSQL."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml

from tests.container.conftest import HERE, ROOT, Compose
from tests.container.engine import Container, Docker
from tests.container.test_run import history, send_through_the_page

APP = "florist-test-postgres"
STAND_IN = "florist-test-services"
SECRETS = {"POSTGRES_PASSWORD": "only-for-this-test", "FLORIST_SECRET_KEY": "only-for-this-test"}
SERVICES = ("replica", "proxy", "database")


@pytest.fixture
def proxy(docker: Docker, clone: Path, compose: Compose) -> Container:
    docker.build(clone, APP, "--build-arg", "EXTRAS=postgres")
    images = {"replica": {"image": APP}, **stand_ins(docker)}
    (clone / "images.yaml").write_text(yaml.safe_dump({"services": images}))
    start = ["up", "--detach", "--no-build", "--scale", "replica=2", *SERVICES]
    compose("--profile", "replicas", *start, PROXY_PORT="127.0.0.1:0", **SECRETS)
    container = Container(docker, compose("ps", "--quiet", "proxy").strip(), port=8080)
    container.wait_until_ready()
    return container


def stand_ins(docker: Docker) -> dict[str, dict[str, object]]:
    """Return what to run where the images of nginx and PostgreSQL cannot be pulled."""
    services = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]
    pulls = [
        docker.run("pull", "--quiet", services[name]["image"], check=False)
        for name in ("proxy", "database")
    ]
    if not any(pull.returncode for pull in pulls):
        return {}
    docker.build(HERE / "services", STAND_IN)
    return {
        "proxy": {"image": STAND_IN, "command": ["nginx", "-g", "daemon off;"]},
        "database": {"image": STAND_IN, "command": ["database"]},
    }


def test_two_apps_are_one(
    docker: Docker, compose: Compose, proxy: Container, pictures: list[Path]
) -> None:
    for picture in pictures[:6]:
        send_through_the_page(proxy, picture)
    for _ in range(6):
        assert all(picture.name in history(proxy) for picture in pictures[:6])
    replicas = [Container(docker, name) for name in compose("ps", "--quiet", "replica").split()]
    assert len(replicas) == 2
    assert all('"path": "/history"' in replica.logs() for replica in replicas)

    # One of them leaves while people ask.
    content = pictures[0].read_bytes()
    with ThreadPoolExecutor(5) as pool:
        answers = [pool.submit(proxy.predict, content) for _ in range(200)]
        docker.run("stop", replicas[0].name)
        assert Counter(answer.result().status for answer in answers) == {200: 200}
    assert proxy.predict(content).status == 200
