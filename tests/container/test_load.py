"""What a container needs and loses under load."""

import http.client
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.container.engine import JPEG, Container, Docker, request
from tests.container.figures import Figures

MIB = 2**20
CLIENTS = 16
PREDICTIONS = "/api/v1/predictions"


def memory_mib(docker: Docker, container: Container) -> float:
    """Return what the kernel counts for the container, without the cache of files it can drop."""
    code = (
        "import pathlib\n"
        "v2 = pathlib.Path('/sys/fs/cgroup/memory.current')\n"
        "v1 = pathlib.Path('/sys/fs/cgroup/memory')\n"
        "used, stat = (v2, v2.with_name('memory.stat')) if v2.exists() else "
        "(v1 / 'memory.usage_in_bytes', v1 / 'memory.stat')\n"
        "fields = dict(line.split() for line in stat.read_text().splitlines())\n"
        "inactive = fields.get('total_inactive_file', fields.get('inactive_file', 0))\n"
        "print(int(used.read_text()) - int(inactive))\n"
    )
    return int(docker.run("exec", container.name, "python", "-c", code).stdout) / MIB


def test_memory_after_1000_predictions(
    docker: Docker, image: str, pictures: list[Path], figures: Figures
) -> None:
    contents = [picture.read_bytes() for picture in pictures]
    with docker.container(image) as container:
        container.wait_until_ready()
        address = container.published

        def predict(number: int) -> int:
            picture = contents[number % len(contents)]
            return request(address, "POST", PREDICTIONS, picture, JPEG).status

        with ThreadPoolExecutor(4) as clients:
            statuses = Counter(clients.map(predict, range(1000)))
        assert statuses == {200: 1000}
        figures.hold("memory after 1,000 predictions", memory_mib(docker, container), 350, "MiB")


def test_stop_under_load_loses_nothing(
    docker: Docker, image: str, pictures: list[Path], figures: Figures
) -> None:
    """Clients talk to the container itself: Docker's proxy would accept what florist does not."""
    picture = pictures[0].read_bytes()
    lost: list[Exception] = []
    statuses: Counter[int] = Counter()
    under_load = threading.Event()

    def ask_until_refused(address: tuple[str, int]) -> None:
        while True:
            try:
                statuses[request(address, "POST", PREDICTIONS, picture, JPEG).status] += 1
                if statuses[200] > 2 * CLIENTS:
                    under_load.set()
            except (http.client.HTTPException, ConnectionResetError, BrokenPipeError) as error:
                lost.append(error)  # accepted, and then not answered
                return
            except OSError:
                return  # refused: nobody is there any more

    with docker.container(image, "--env", f"FLORIST_QUEUE={2 * CLIENTS}") as container:
        container.wait_until_ready()
        target: Callable[[tuple[str, int]], None] = ask_until_refused
        clients = [threading.Thread(target=target, args=[container.inside]) for _ in range(CLIENTS)]
        for client in clients:
            client.start()
        assert under_load.wait(60)
        start = time.monotonic()
        docker.run("stop", "--time", "10", container.name)
        seconds = time.monotonic() - start
        for client in clients:
            client.join(60)
        assert container.state()["ExitCode"] == 0, container.logs()[-2000:]
    assert not lost, f"{len(lost)} of {statuses}: {lost[0]!r}"
    assert set(statuses) <= {200, 503}
    figures.hold("`docker stop` under load, no request lost", seconds, 10, "s")
