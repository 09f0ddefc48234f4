"""Pictures that cost as much as the limits allow, and more, from four senders at once."""

import json
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from florist.bundle import Bundle
from tests.costly_pictures import COSTLY, WITHIN_LIMITS
from tests.web.conftest import red
from tests.web.server.processes import PREDICTIONS, serving

pytestmark = pytest.mark.attack

SENDERS = 4
ALLOWED = {200, 413, 422, 429, 504}
JSON_OF_OBJECTS = b"[" + b"{}," * 2**20 + b"{}]"

Send = Callable[[bytes, str], int]


def attack(send: Send, content: bytes, kind: str, honest: bytes) -> Counter[int]:
    """Let one client ask again and again while others attack; return what these got."""
    over = threading.Event()
    asked: Counter[int] = Counter()

    def ask() -> None:
        while not (over.is_set() and asked):
            asked[send(honest, "image/png")] += 1

    with ThreadPoolExecutor(SENDERS + 1) as pool:
        client = pool.submit(ask)
        senders = [pool.submit(send, content, kind) for _ in range(2 * SENDERS)]
        answers = Counter(each.result() for each in senders)
        over.set()
        client.result()
    assert asked.keys() == {200}, asked
    return answers


def test_an_honest_client_gets_its_answers(bundle: Bundle, tmp_path: Path) -> None:
    settings = {"threads": 2, "deadline_s": 5, "memory_mib": 512}
    with serving(bundle.path, tmp_path, **settings) as running:
        running.wait_for("^Ready: ")
        workers = running.workers()

        def send(content: bytes, kind: str) -> int:
            headers = {"Content-Type": kind}
            return running.ask(PREDICTIONS, "POST", body=content, headers=headers)[0]

        for name, make in (COSTLY | WITHIN_LIMITS).items():
            answers = attack(send, make(), "image/png", red())
            assert answers.keys() <= ALLOWED, (name, answers)
            assert name in WITHIN_LIMITS or answers.keys() == {422}, (name, answers)
        assert attack(send, JSON_OF_OBJECTS, "application/json", red()).keys() == {400}
        assert running.workers() == workers
        assert json.loads(running.ask("/readyz")[1])["status"] == "ready"
        assert running.stop() == 0
