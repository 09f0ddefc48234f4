"""The pictures that take most, from four senders at once, in a container of 512 MiB."""

import base64
from pathlib import Path

from tests.attack.test_costly_pictures import attack
from tests.container.engine import Docker, request
from tests.container.test_load import PREDICTIONS
from tests.costly_pictures import WITHIN_LIMITS

# As much as a body may hold, in the two ways that take a copy of it.
FIFTEEN_MIB = b"\x89PNG\r\n\x1a\n" + bytes(15 * 2**20)
LARGE = {
    "multipart/form-data; boundary=B": b'--B\r\nContent-Disposition: form-data; name="image"; '
    b'filename="x"\r\n\r\n' + FIFTEEN_MIB + b"\r\n--B--\r\n",
    "application/json": b'{"image": "' + base64.b64encode(FIFTEEN_MIB[: 11 * 2**20]) + b'"}',
}

COUNTED = """
import pathlib
v1 = pathlib.Path('/sys/fs/cgroup/memory/memory.oom_control')
events = v1 if v1.exists() else pathlib.Path('/sys/fs/cgroup/memory.events')
print(dict(line.split() for line in events.read_text().splitlines())['oom_kill'])
"""


def test_memory_holds_under_costly_pictures(
    docker: Docker, image: str, pictures: list[Path]
) -> None:
    honest = pictures[0].read_bytes()
    options = ("--memory-swap", "512m", "--env", "FLORIST_DEADLINE_S=10")
    with docker.container(image, *options) as container:
        container.wait_until_ready()
        address = container.published

        def send(content: bytes, kind: str) -> int:
            headers = {"Content-Type": kind}
            return request(address, "POST", PREDICTIONS, content, headers).status

        before = docker.run("top", container.name, "-eo", "pid,args").stdout
        for name, make in WITHIN_LIMITS.items():
            answers = attack(send, make(), "image/png", honest)
            assert answers.keys() <= {200, 422, 429, 504}, (name, answers)
        for kind, content in LARGE.items():
            answers = attack(send, content, kind, honest)
            assert answers.keys() <= {422, 429}, (kind, answers)
        killed = docker.run("exec", container.name, "python", "-c", COUNTED)
        assert int(killed.stdout) == 0
        after = docker.run("top", container.name, "-eo", "pid,args").stdout
        assert set(before.splitlines()) <= set(after.splitlines())  # no worker was replaced
        assert not container.state()["OOMKilled"]
