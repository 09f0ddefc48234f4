"""Places, the queue, the deadline, and what happens when the server stops."""

import gc
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from io import BytesIO

import numpy as np
import pytest
from flask import Flask, Request
from flask.globals import request_ctx
from werkzeug.test import TestResponse

from florist.engine import PROBABILITIES, Outputs, Runtime
from florist.images import RGB
from florist.prediction import Predictor
from florist.web import create_app
from florist.web.services import services_of
from florist.web.settings import Settings
from tests.web.conftest import csrf_token, red

API = "/api/v1/predictions"


class SlowEngine:
    """An engine that lets nobody through before it is told to: what a very large model does."""

    runtime = Runtime(precision="float32")
    names: Sequence[str] = (PROBABILITIES,)

    def __init__(self) -> None:
        self.entered = threading.Semaphore(0)
        self.open = threading.Event()

    def run(self, pictures: RGB) -> Outputs:
        self.entered.release()
        assert self.open.wait(30)
        return {PROBABILITIES: np.full((len(pictures), 3), 1 / 3, np.float32)}


class Crowd:
    """An app around a slow engine, and clients that call it at the same time."""

    def __init__(self, predictor: Predictor, pool: ThreadPoolExecutor, settings: Settings) -> None:
        self.engine = SlowEngine()
        self.app: Flask = create_app(Predictor(predictor.bundle, self.engine), settings)
        self._pool = pool

    def call(self, path: str = API) -> TestResponse:
        return self.app.test_client().open(
            path,
            method="POST" if path == API else "GET",
            data=red() if path == API else None,
            content_type="image/png",
        )

    def start(self) -> Future[TestResponse]:
        """Send a picture, and return once the engine has it."""
        future = self._pool.submit(self.call)
        assert self.engine.entered.acquire(timeout=30)
        return future

    def wait_in_queue(self) -> Future[TestResponse]:
        """Send a picture, and return once it has taken a place."""
        before = self.places()
        future = self._pool.submit(self.call)
        while self.places() == before:
            assert not future.done()
        return future

    def places(self) -> float:
        metrics = self.call("/metrics").text
        (line,) = [x for x in metrics.splitlines() if x.startswith("florist_places_taken ")]
        return float(line.split()[1])


@contextmanager
def crowd(predictor: Predictor, **settings: float) -> Iterator[Crowd]:
    chosen = Settings(keep_uploads=False, **settings)  # type: ignore[arg-type]
    with ThreadPoolExecutor(16) as pool:
        found = Crowd(predictor, pool, chosen)
        try:
            yield found
        finally:
            found.engine.open.set()


def until(condition: Callable[[], bool]) -> None:
    ends = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < ends


def code(response: TestResponse) -> tuple[int, str]:
    assert response.json is not None
    return response.status_code, response.json["code"]


def test_a_full_queue_refuses_at_once(predictor: Predictor) -> None:
    with crowd(predictor, threads=1, queue=2) as many:
        inside = [many.start(), many.wait_in_queue(), many.wait_in_queue()]
        refused = many.call()
        assert code(refused) == (429, "busy")
        assert int(refused.headers["Retry-After"]) >= 1
        for path in ("/livez", "/readyz", "/metrics", "/api/v1/model"):
            assert many.call(path).status_code == 200
        assert many.places() == 3
        many.engine.open.set()
        assert [future.result(30).status_code for future in inside] == [200] * 3
        assert many.places() == 0
        assert many.call().status_code == 200
        assert 'florist_refused_total{code="busy"} 1.0' in many.call("/metrics").text


def test_a_full_queue_refuses_before_the_body_is_read(predictor: Predictor) -> None:
    class Untouchable(BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise AssertionError("the body was read")

    with crowd(predictor, threads=1, queue=0) as many:
        client = many.app.test_client()
        token = csrf_token(client)
        first = many.start()
        for path in (API, "/"):
            refused = client.post(
                path,
                input_stream=Untouchable(),
                content_type="multipart/form-data; boundary=B",
                content_length=1000,
                headers={"X-CSRFToken": token},
            )
            assert code(refused) == (429, "busy")
        many.engine.open.set()
        assert first.result(30).status_code == 200


def test_a_late_answer_is_504_and_its_place_is_free_once_its_work_has_ended(
    predictor: Predictor,
) -> None:
    with crowd(predictor, threads=1, queue=0, deadline_s=0.2) as many:
        assert code(many.start().result(30)) == (504, "deadline")
        assert many.places() == 1  # the engine has its picture still
        assert code(many.call()) == (429, "busy")
        many.engine.open.set()
        until(lambda: many.places() == 0)
        assert many.call().status_code == 200


def test_a_late_request_that_still_waited_leaves_with_all_it_held(predictor: Predictor) -> None:
    with crowd(predictor, threads=1, queue=2, deadline_s=0.2) as many:
        requests: list[weakref.ref[Request]] = []
        many.app.before_request(lambda: requests.append(weakref.ref(request_ctx.request)))
        running, waiting = [many.start(), many.start()], many.wait_in_queue()
        for each in (*running, waiting):
            assert code(each.result(30)) == (504, "deadline")
        assert many.places() == 2
        del each, waiting
        gc.collect()
        alive = [each() for each in requests if each() is not None]
        # The two that are in the engine.
        assert [each.path for each in alive if each is not None] == [API, API]


def test_one_picture_more_is_decoded_than_the_engine_has_threads(predictor: Predictor) -> None:
    with crowd(predictor, threads=2, queue=2) as many:
        inside = [many.start(), many.start(), many.start()]
        last = many.wait_in_queue()
        assert not many.engine.entered.acquire(blocking=False)
        many.engine.open.set()
        assert [each.result(30).status_code for each in (*inside, last)] == [200] * 4


def test_a_late_request_stops_between_two_pictures(predictor: Predictor) -> None:
    with crowd(predictor, threads=1, queue=0, deadline_s=0.2) as many:
        files = [("image", (name, red())) for name in "abc"]
        body = b"".join(
            b'--B\r\nContent-Disposition: form-data; name="image"; filename="%s"\r\n\r\n%s\r\n'
            % (name.encode(), content)
            for _, (name, content) in files
        )
        response = many.app.test_client().post(
            API, data=body + b"--B--\r\n", content_type="multipart/form-data; boundary=B"
        )
        assert code(response) == (504, "deadline")
        many.engine.open.set()
        until(lambda: many.places() == 0)
        assert many.call().status_code == 200
        assert many.engine.entered.acquire(timeout=30)  # the first picture of the late request
        assert many.engine.entered.acquire(timeout=30)  # the one sent after it
        assert not many.engine.entered.acquire(blocking=False)  # and none of the other two


def test_a_stopping_server_finishes_what_it_has_and_takes_no_more(predictor: Predictor) -> None:
    with crowd(predictor, threads=1, queue=2) as many:
        inside = [many.start(), many.wait_in_queue()]
        services_of(many.app).model.stop()
        for path in ("/readyz", API):
            response = many.call(path)
            assert code(response) == (503, "not-ready")
            assert response.headers["Retry-After"]
        assert many.call("/livez").status_code == 200
        many.engine.open.set()
        assert [future.result(30).status_code for future in inside] == [200] * 2


def test_a_model_is_loaded_in_the_background(predictor: Predictor) -> None:
    path = str(predictor.bundle.path)
    app = create_app(settings=Settings(model=path, keep_uploads=False))
    client = app.test_client()
    assert client.get("/livez").status_code == 200
    ready = client.get("/readyz")
    assert ready.status_code == 200 or (ready.json and "being loaded" in ready.json["detail"])
    services_of(app).model.wait(60)
    assert client.get("/readyz").status_code == 200
    assert client.post(API, data=red(), content_type="image/png").status_code == 200


def test_a_model_that_is_not_there(caplog: pytest.LogCaptureFixture) -> None:
    app = create_app(settings=Settings(model="/nowhere", keep_uploads=False))
    for thread in threading.enumerate():
        if thread.name == "load-model":
            thread.join(30)
    response = app.test_client().get("/readyz")
    assert code(response) == (503, "not-ready")
    assert response.json is not None
    assert "log says why" in response.json["detail"]
    assert "No model in /nowhere" in caplog.text
