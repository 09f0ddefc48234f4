"""Real processes: starting, stopping, dying, and what reaches no app."""

import gc
import os
import re
import select
import signal
import socket
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from threading import Event

import pytest
from click.testing import CliRunner
from PIL import Image

from florist.bundle import Bundle
from florist.cli import cli
from florist.web.server import serving as serving_process
from florist.web.server.front import Front, server_threads
from florist.web.server.listener import accept_the_last
from florist.web.server.run import complete, gunicorn_options
from florist.web.settings import Settings
from florist.web.uploads.store import Retention, UploadStore
from tests.web.conftest import AppMaker, encoded, red
from tests.web.server.processes import PREDICTIONS, SERVE, Served, serving

ALONE = "from florist.web.server import run; run._run_gunicorn = run._run_alone; " + SERVE
"""As on Windows."""

MULTIPART = {"Content-Type": "multipart/form-data; boundary=B"}


def slow_form(count: int) -> bytes:
    """Return a form of a few pictures of 49 megapixels each: seconds of work."""
    picture = encoded(Image.new("L", (7000, 7000), 128), "PNG")
    head = b'--B\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n\r\n'
    return (head + picture + b"\r\n") * count + b"--B--\r\n"


def test_sigterm_finishes_what_was_accepted(bundle: Bundle, tmp_path: Path) -> None:
    body = slow_form(3)

    def send() -> tuple[int, bytes]:
        return running.ask(PREDICTIONS, "POST", body=body, headers=MULTIPART)

    with (
        serving(bundle.path, tmp_path, threads=1, deadline_s=120) as running,
        ThreadPoolExecutor(4) as pool,
    ):
        running.wait_for("^Ready: ")
        kept_alive = running.connect()
        kept_alive.request("GET", "/readyz")
        assert kept_alive.getresponse().read() == b'{"status":"ready"}\n'
        accepted = [pool.submit(send) for _ in range(4)]
        while running.places() < 4:
            assert not any(future.done() for future in accepted)
        running.process.send_signal(signal.SIGTERM)
        running.wait_for("Handling signal: term")
        kept_alive.request("GET", "/readyz")  # a connection that was there before is still served
        assert kept_alive.getresponse().status in {200, 503}
        kept_alive.close()
        answers = [future.result(60) for future in accepted]
        assert [status for status, _ in answers] == [200] * 4
        assert running.process.wait(60) == 0
        with pytest.raises(ConnectionError):
            running.ask("/livez")


def test_sigterm_under_load_breaks_no_connection(bundle: Bundle, tmp_path: Path) -> None:
    picture = red(400)
    seen: Counter[object] = Counter()

    def hammer() -> None:
        while True:
            try:
                seen[running.predict(picture)] += 1
            except ConnectionRefusedError:
                return
            except (OSError, HTTPException) as error:
                seen[repr(error)] += 1

    with serving(bundle.path, tmp_path) as running, ThreadPoolExecutor(8) as pool:
        running.wait_for("^Ready: ")
        clients = [pool.submit(hammer) for _ in range(8)]
        while seen[200] < 50:
            pass
        assert running.stop() == 0
        for future in clients:
            future.result(60)
        assert set(seen) <= {200, 429, 503}, seen


def test_nobody_is_answered_and_comes_back_while_the_door_is_closed(
    make_app: AppMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a system where no newcomer can be dropped: one in the last moment would be reset."""
    closing, closed = Event(), Event()

    def accept_and_close(listener: socket.socket) -> list[socket.socket]:
        last = accept_the_last(listener)
        closed.set()
        return last

    def come_back(address: tuple[str, int]) -> list[str]:
        came_while_closing: list[str] = []
        while True:
            late, connection = closing.is_set(), HTTPConnection(*address, timeout=60)
            try:
                connection.request("GET", "/livez")
                assert connection.getresponse().read()
            except ConnectionRefusedError:
                return came_while_closing
            finally:
                connection.close()
            if late:
                came_while_closing.append("answered" if not closed.is_set() else "kept waiting")

    monkeypatch.setattr(serving_process, "drop_newcomers", lambda _: closing.set())
    monkeypatch.setattr(serving_process, "accept_the_last", accept_and_close)
    monkeypatch.setattr(gc, "freeze", lambda: None)  # in this process much is not there to stay
    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(4) as pool:
        listener.setblocking(False)
        clients = [pool.submit(come_back, listener.getsockname()) for _ in range(4)]

        def stop(server: serving_process.Server) -> None:
            server.should_exit = bool(server.server_state.total_requests)

        serving_process.serve(Front(make_app()), listener, 60, stop)
        seen = {each for client in clients for each in client.result(60)}
    assert seen <= {"kept waiting"}


def page_form(server: Served) -> tuple[bytes, dict[str, str]]:
    """Return a form with a picture and its token, as a browser sends it."""
    connection = server.connect()
    connection.request("GET", "/")
    response = connection.getresponse()
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', response.read().decode())
    cookie = str(response.getheader("Set-Cookie")).partition(";")[0]
    connection.close()
    assert token
    body = (
        f'--B\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n{token[1]}\r\n'
        '--B\r\nContent-Disposition: form-data; name="image"; filename="rose.png"\r\n\r\n'
    ).encode()
    return body + red() + b"\r\n--B--\r\n", MULTIPART | {"Cookie": cookie}


def test_a_killed_worker_comes_back_and_no_record_is_lost(bundle: Bundle, tmp_path: Path) -> None:
    clients = 6
    with serving(bundle.path, tmp_path, "--workers", "2", "--threads", "2") as running:
        for _ in range(2):
            running.wait_for("^Ready: ")
        body, headers = page_form(running)
        seen: Counter[object] = Counter()

        def post() -> None:
            try:
                status, page = running.ask("/", "POST", body=body, headers=headers)
                seen[status] += 1
                seen["kept"] += b"not in the history" not in page
            except (OSError, HTTPException):
                seen["broken"] += 1

        with ThreadPoolExecutor(clients) as pool:
            futures = [pool.submit(post) for _ in range(120)]
            while seen[200] < 30:
                pass
            victim = running.workers()[0]
            subprocess.run(["kill", "-9", str(victim)], check=True)
            for future in futures:
                future.result(60)
        running.wait_for("^Ready: ")  # the one that took its place
        assert victim not in running.workers()
        assert len(running.workers()) == 2
        assert set(seen) <= {200, "broken", "kept"}
        assert seen["broken"] <= clients
        figures = running.ask("/metrics")[1].decode()
        assert running.stop() == 0
    counted = re.search(r'^florist_predictions_total{label="red"} (\S+)$', figures, re.MULTILINE)
    assert counted is not None
    assert float(counted[1]) >= seen[200]  # over both processes, the dead one included
    retention = Retention(days=1, bytes=2**30)
    after = UploadStore(tmp_path, database_url="", retention=retention)
    kept = after.recent(1000)
    assert 0 < seen["kept"] <= len(kept) <= 120
    for upload in kept:
        assert after.read(upload.id)


def test_without_gunicorn_one_process_serves_the_same(bundle: Bundle, tmp_path: Path) -> None:
    with serving(bundle.path, tmp_path, code=ALONE) as running:
        running.wait_for("^Ready: ")
        assert running.workers() == []
        assert running.predict(red()) == 200
        assert running.predict(b"text") == 415
        running.process.send_signal(signal.SIGINT)  # Windows has no SIGTERM
        assert running.process.wait(60) == 0


def test_flask_run_serves_the_same(bundle: Bundle, tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "flask", "--app", "florist.web", "run", "--port", "0"],
        env=os.environ | {"FLORIST_MODEL": str(bundle.path), "FLORIST_UPLOADS": str(tmp_path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr is not None
        address = next(x for x in process.stderr if "Running on http" in x)
        found = Served.__new__(Served)
        found.port = int(re.findall(r":(\d+)", address)[-1])
        while found.ask("/readyz")[0] == 503:
            assert process.poll() is None
        assert found.predict(red()) == 200
    finally:
        process.terminate()
        process.wait(60)
        assert process.stderr is not None
        process.stderr.close()


def test_the_cpu_limit_decides_the_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("florist.web.server.run.cpu_limit", lambda: 4)
    assert complete(Settings()).threads == 4
    assert complete(Settings(workers=2)).threads == 2
    assert complete(Settings(workers=9)).threads == 1
    assert complete(Settings(threads=3)).threads == 3
    settings = complete(Settings(queue=5))
    assert server_threads(settings) > settings.threads + settings.queue
    assert len(settings.secret_key) == 64
    assert complete(Settings(secret_key="mine")).secret_key == "mine"


def test_gunicorn_is_set_up_for_containers() -> None:
    options = gunicorn_options(complete(Settings(deadline_s=10)), fd=7)
    assert options["bind"] == "fd://7"
    assert options["control_socket_disable"]
    assert options["worker_tmp_dir"] == ("/dev/shm" if Path("/dev/shm").is_dir() else None)
    assert options["graceful_timeout"] > 10
    assert "preload_app" not in options  # the model is loaded after the fork


def ends(pid: int) -> bool:
    """Wait until a process that is no child of ours has ended."""
    with suppress(ProcessLookupError):
        watched = os.pidfd_open(pid)
        try:
            return bool(select.select([watched], [], [], 15)[0])
        finally:
            os.close(watched)
    return True


def test_a_dead_parent_leaves_no_orphan(bundle: Bundle, tmp_path: Path) -> None:
    with serving(bundle.path, tmp_path, "--workers", "2", "--threads", "1") as running:
        for _ in range(2):
            running.wait_for("^Ready: ")
        workers, body = running.workers(), slow_form(15)
        busy = [running.connect() for _ in range(4)]
        for each in busy:  # far more work than an orphan gets time for
            each.request("POST", PREDICTIONS, body=body, headers=MULTIPART)
        while running.places() < 4:
            pass
        running.process.kill()
        assert [ends(pid) for pid in workers] == [True, True]
        for each in busy:
            each.close()


def test_a_worker_that_alone_is_told_to_stop_leaves_the_door_open(
    bundle: Bundle, tmp_path: Path
) -> None:
    with serving(bundle.path, tmp_path, "--workers", "2", "--threads", "1") as running:
        for _ in range(2):
            running.wait_for("^Ready: ")
        os.kill(running.workers()[0], signal.SIGTERM)
        running.wait_for("^Ready: ")  # the one that took its place
        assert running.predict(red()) == 200


def test_a_hanging_worker_is_replaced_and_a_busy_one_is_not(bundle: Bundle, tmp_path: Path) -> None:
    impatient = (
        "from florist.web.server import run; usual = run.gunicorn_options; "
        "run.gunicorn_options = lambda *given: usual(*given) | {'timeout': 2}; "
    )
    with serving(bundle.path, tmp_path, code=impatient + SERVE, threads=1) as running:
        running.wait_for("^Ready: ")
        before = running.workers()
        assert running.ask(PREDICTIONS, "POST", body=slow_form(8), headers=MULTIPART)[0] == 200
        assert running.workers() == before
        os.kill(before[0], signal.SIGSTOP)
        running.wait_for("WORKER TIMEOUT")
        running.wait_for("^Ready: ")
        assert running.predict(red()) == 200


@pytest.mark.parametrize(
    ("arguments", "says"),
    [(["--port", "70000"], "70000"), (["--engine", "magic"], "magic"), (["--workers", "0"], "0")],
)
def test_usage_errors(arguments: list[str], says: str) -> None:
    result = CliRunner().invoke(cli, ["serve", *arguments])
    assert result.exit_code == 2
    assert says in result.output


def test_the_help_has_an_example() -> None:
    assert "Example: florist serve" in CliRunner().invoke(cli, ["serve", "--help"]).output


def test_a_missing_model_is_one_clear_error(tmp_path: Path) -> None:
    # In a process of its own: `serve` sets up the logs of the whole process.
    verb = [
        sys.executable,
        "-m",
        "florist",
        "serve",
        "--port",
        "0",
        "--model",
        str(tmp_path / "none"),
    ]
    done = subprocess.run(verb, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("Error: No model in")
