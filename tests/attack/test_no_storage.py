"""A locked database, a folder that is gone, a full disk: pages answer, and programs go on."""

import resource
import signal
import sqlite3
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from pathlib import Path

import pytest

from florist.bundle import Bundle
from tests.web.conftest import red
from tests.web.server.processes import Served, serving
from tests.web.server.test_serving import page_form

pytestmark = pytest.mark.attack

END = b"\r\n--B--\r\n"
LILY = b'\r\n--B\r\nContent-Disposition: form-data; name="image"; filename="lily.png"\r\n\r\n'

Outage = Callable[[Served, Path], AbstractContextManager[None]]


@contextmanager
def locked(_: Served, uploads: Path) -> Iterator[None]:
    with closing(sqlite3.connect(uploads / "uploads.sqlite3", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")  # so it was locked until now


@contextmanager
def vanished(_: Served, uploads: Path) -> Iterator[None]:
    uploads.rename(uploads.with_name("elsewhere"))
    uploads.touch()  # in its place is what no folder can be made of
    yield
    uploads.unlink()


@contextmanager
def full(server: Served, _: Path) -> Iterator[None]:
    """Let no file of the server's grow beyond a kilobyte."""
    (worker,) = server.workers()
    before = resource.prlimit(worker, resource.RLIMIT_FSIZE)
    resource.prlimit(worker, resource.RLIMIT_FSIZE, (1024, before[1]))
    yield
    resource.prlimit(worker, resource.RLIMIT_FSIZE, before)


class Pages:
    """Sends the same form with two pictures again and again."""

    def __init__(self, server: Served) -> None:
        self._server = server
        body, self._headers = page_form(server)
        self._body = body.removesuffix(END) + LILY + red() + END

    def send(self) -> str:
        status, page = self._server.ask("/", "POST", body=self._body, headers=self._headers)
        assert status == 200
        text = page.decode()
        assert text.count("red, ") == 2
        return text


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits another process")
@pytest.mark.parametrize("outage", [locked, vanished, full])
def test_nothing_can_be_kept(bundle: Bundle, tmp_path: Path, outage: Outage) -> None:
    uploads = tmp_path / "uploads"
    with serving(bundle.path, uploads, threads=2, deadline_s=5) as running:
        running.wait_for("^Ready: ")
        pages = Pages(running)
        assert "not in the history" not in pages.send()
        with outage(running, uploads), ThreadPoolExecutor(3) as pool:
            seen = [pool.submit(lambda: [pages.send() for _ in range(8)]) for _ in range(2)]
            asked = pool.submit(lambda: Counter(running.predict(red()) for _ in range(100)))
            assert asked.result() == {200: 100}
            for page in (page for pages_seen in seen for page in pages_seen.result()):
                assert page.count("waits to be kept: it is not in the history") == 2
                assert page.count("data:image/jpeg;base64,") == 2
        while "not in the history" in pages.send():
            pass
        assert running.ask("/history")[0] == 200
        assert running.stop() == 0


@pytest.mark.parametrize("comes_back", [True, False])
def test_sigterm_keeps_what_waits_if_it_can(
    bundle: Bundle, tmp_path: Path, comes_back: bool
) -> None:
    with serving(bundle.path, tmp_path, threads=2) as running:
        running.wait_for("^Ready: ")
        pages = Pages(running)
        pages.send()
        with ExitStack() as lock:
            lock.enter_context(locked(running, tmp_path))
            pages.send()
            running.process.send_signal(signal.SIGTERM)
            if comes_back:
                lock.close()
            assert running.stop() == 0
    with closing(sqlite3.connect(tmp_path / "uploads.sqlite3")) as records:
        assert records.execute("SELECT count(*) FROM uploads").fetchone() == (
            4 if comes_back else 2,
        )
    lost = [line for line in running.lines if "before the server stopped: 2" in line["message"]]
    assert len(lost) == (0 if comes_back else 1)
