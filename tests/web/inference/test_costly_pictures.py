"""Pictures that are costly to decode: in time, in bounded memory, and in nobody's way."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from io import BytesIO

import numpy as np
import pytest
from flask import Flask
from PIL import Image
from werkzeug.test import TestResponse

from florist.errors import DecoderError
from florist.images import CHEAP, SANDBOXES, Bounds, Price
from florist.prediction import Predictor
from florist.system import memory_taken
from florist.web.inference.memory import memory_for_costly_pictures
from florist.web.services import services_of
from florist.web.settings import Settings
from tests.web.conftest import AppMaker, csrf_token, encoded, red
from tests.web.inference.test_places import until

API = "/api/v1/predictions"
MIB = 2**20


@pytest.fixture
def bounded() -> Iterator[None]:
    """Bounds of this process that end with the test."""
    yield
    SANDBOXES.bound(Bounds())


def costly() -> bytes:
    return encoded(Image.new("RGB", (3000, 2000), (210, 50, 40)), "PNG")


def send(app: Flask, content: bytes) -> TestResponse:
    return app.test_client().post(API, data=content, content_type="image/png")


def code(response: TestResponse) -> tuple[int, str]:
    assert response.json is not None
    return response.status_code, response.json["code"]


def places(app: Flask) -> float:
    """Return how many requests hold a place."""
    return float(services_of(app).metrics.places._value.get())


def test_a_costly_picture_gets_the_answer_that_it_gets_anywhere(
    make_app: AppMaker, predictor: Predictor
) -> None:
    response = send(make_app(), costly())
    assert response.json is not None
    (found,) = response.json["predictions"]
    expected = predictor.result(costly())
    assert [np.float32(each["score"]) for each in found["predictions"]] == [
        np.float32(each.score) for each in expected.predictions
    ]
    assert (found["width"], found["height"]) == (3000, 2000)


def test_answers_come_in_the_order_of_the_pictures(make_app: AppMaker) -> None:
    contents = [red(), costly(), b"text", costly(), red()]
    response = (
        make_app()
        .test_client()
        .post(API, data={"image": [(BytesIO(each), str(at)) for at, each in enumerate(contents)]})
    )
    assert response.json is not None
    found = response.json["predictions"]
    assert [each["filename"] for each in found] == ["0", "1", "2", "3", "4"]
    assert [each.get("width") for each in found] == [32, 3000, None, 3000, 32]
    assert found[2]["error"]["code"] == "unsupported-format"


def test_a_page_keeps_costly_pictures(make_app: AppMaker) -> None:
    client = make_app().test_client()
    response = client.post(
        "/", data={"image": (BytesIO(costly()), "a.png"), "csrf_token": csrf_token(client)}
    )
    assert response.status_code == 200
    assert "/uploads/" in response.text


@contextmanager
def one_place_that_is_taken() -> Iterator[None]:
    """Let a decoder that does not end take the only place, until the block ends."""
    SANDBOXES.bound(Bounds(places=1, memory=2**40))
    said, _ = SANDBOXES.run(eval, b"({'pid': __import__('os').getpid()}, b'')", Price(), 60)
    sleep = b"__import__('time').sleep(3600)"
    with ThreadPoolExecutor(1) as pool:
        holder = pool.submit(SANDBOXES.run, eval, sleep, Price(), 600)
        until(lambda: SANDBOXES.taken.places == 1)
        yield
        os.kill(said["pid"], signal.SIGKILL)
        with pytest.raises(DecoderError):
            holder.result()


@pytest.mark.usefixtures("bounded")
def test_cheap_pictures_do_not_wait_for_costly_ones(make_app: AppMaker) -> None:
    app = make_app(threads=1, queue=1)
    with ThreadPoolExecutor(1) as pool:
        with one_place_that_is_taken():
            waiting = pool.submit(send, app, costly())
            until(lambda: places(app) == 1)
            assert send(app, red()).status_code == 200
            assert not waiting.done()
        assert waiting.result().status_code == 200


@pytest.mark.usefixtures("bounded")
def test_what_waits_for_its_memory_waits_until_the_deadline(make_app: AppMaker) -> None:
    app = make_app(deadline_s=0.3)
    with one_place_that_is_taken():
        assert code(send(app, costly())) == (504, "deadline")
    until(lambda: places(app) == 0)


@pytest.mark.usefixtures("bounded")
def test_a_picture_that_can_never_fit_is_refused_at_once(make_app: AppMaker) -> None:
    SANDBOXES.bound(Bounds(places=1, memory=MIB))
    response = send(make_app(), costly())
    assert code(response) == (422, "too-costly")
    assert "MiB to decode, and there are 1 for it" in response.text


def test_memory_is_what_the_formula_leaves() -> None:
    taken = memory_taken()
    two = memory_for_costly_pictures(Settings(memory_mib=10_000, workers=2, threads=4))
    assert two == pytest.approx(
        5000 * MIB - taken - 5 * CHEAP.memory - (4 * 32 + 64 + 48) * MIB, abs=20 * MIB
    )
    assert memory_for_costly_pictures(Settings(memory_mib=10, threads=1)) == 0
