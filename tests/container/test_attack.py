"""The pictures that take most, from four senders at once, in a container of 512 MiB."""

import base64
from itertools import cycle
from pathlib import Path

import numpy as np
from PIL import Image

from tests.attack.test_costly_pictures import ALLOWED, attack
from tests.container.engine import Docker, request
from tests.container.test_load import PREDICTIONS
from tests.costly_pictures import WITHIN_LIMITS
from tests.web.conftest import encoded

EXPLANATIONS = "/api/v1/explanations"
FORM = "multipart/form-data; boundary=B"

COUNTED = """
import pathlib
v1 = pathlib.Path('/sys/fs/cgroup/memory/memory.oom_control')
events = v1 if v1.exists() else pathlib.Path('/sys/fs/cgroup/memory.events')
print(dict(line.split() for line in events.read_text().splitlines())['oom_kill'])
"""


def noise(side: int) -> bytes:
    """Return a PNG that is as large as its pixels, and stays in memory while they are decoded."""
    pixels = np.random.default_rng(1).integers(0, 256, (side, side, 3), np.uint8)
    return encoded(Image.fromarray(pixels), "PNG", compress_level=1)


def form(picture: bytes) -> bytes:
    head = b'--B\r\nContent-Disposition: form-data; name="image"; filename="x"\r\n\r\n'
    return head + picture + b"\r\n--B--\r\n"


def test_memory_holds_under_costly_pictures(
    docker: Docker, image: str, pictures: list[Path]
) -> None:
    honest = pictures[0].read_bytes()
    options = ("--memory-swap", "512m", "--env", "FLORIST_DEADLINE_S=10")
    with docker.container(image, *options) as container:
        container.wait_until_ready()
        address = container.published

        def send(content: bytes, kind: str, path: str = PREDICTIONS) -> int:
            return request(address, "POST", path, content, {"Content-Type": kind}).status

        def send_next(content: bytes, kind: str) -> int:
            return send(content, kind) if content else send(*next(mixed))

        before = docker.run("top", container.name, "-eo", "pid,args").stdout
        costly = {name: make() for name, make in WITHIN_LIMITS.items()}
        for name, content in costly.items():
            answers = attack(send, content, "image/png", honest)
            assert answers.keys() <= ALLOWED, (name, answers)
        # As much as a body may hold, in each way that it may come, and costly ones beside them.
        large = [
            (form(noise(2250)), FORM, PREDICTIONS),
            (noise(2250), "image/png", EXPLANATIONS),
            (b'{"image": "%s"}' % base64.b64encode(noise(1950)), "application/json", PREDICTIONS),
        ]
        mixed = cycle(  # of a list: threads share it
            [
                each
                for content in costly.values()
                for each in [(content, "image/png", EXPLANATIONS), *large]
            ]
        )
        for _ in costly:
            answers = attack(send_next, b"", "", honest)
            assert answers.keys() <= ALLOWED, answers
        killed = docker.run("exec", container.name, "python", "-c", COUNTED)
        assert int(killed.stdout) == 0
        after = docker.run("top", container.name, "-eo", "pid,args").stdout
        assert set(before.splitlines()) <= set(after.splitlines())  # no worker was replaced
        assert not container.state()["OOMKilled"]
