"""Why, over HTTP: the map, the overlay and the similar training pictures of each picture."""

import base64
import logging
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

import florist
from florist.bundle import Bundle
from florist.engine import Runtime
from florist.prediction import Predictor
from florist.web import create_app
from florist.web.settings import Settings
from tests.web.conftest import AppMaker, red
from tests.web.door.calls import Call, form, raw

API = "/api/v1/explanations"


@pytest.fixture(scope="module")
def predictor(explained: Bundle) -> Predictor:
    return florist.load(explained.path, Runtime(threads=1))


def of(call: Call) -> Call:
    return call | {"path": API}


def test_each_picture_gets_its_reasons(make_app: AppMaker) -> None:
    client = make_app().test_client()
    call = of(form((red(), "a.png"), (b"no picture", "b.png"), (red(48, "WEBP"), "c.webp")))
    response = client.post(**call)
    assert response.status_code == 200
    assert response.json is not None
    first, second, third = response.json["explanations"]
    assert [first["filename"], first["predictions"][0]["label"]] == ["a.png", "red"]
    assert np.array(first["map"]).shape == (4, 4)
    assert np.min(first["map"]) >= 0
    with Image.open(BytesIO(base64.b64decode(first["overlay"])), formats=["PNG"]) as image:
        assert image.size == (64, 64)
    assert [each["label"] for each in first["similar"]] == ["red"] * 5
    assert first["similar"][0].keys() == {"label", "similarity", "picture"}  # no name of a file
    with Image.open(BytesIO(base64.b64decode(first["similar"][0]["picture"]))) as image:
        assert image.format == "WEBP"
    assert second["error"]["code"] == "unsupported-format"
    assert third["map"]
    answered = client.get("/metrics").text
    assert 'florist_predictions_total{label="red"} 2.0' in answered


def test_it_stands_behind_the_same_door(make_app: AppMaker) -> None:
    app = make_app(api_keys=("secret",), rate_limit="3 per hour", max_pictures=2)
    client = app.test_client()
    assert client.post(**of(raw(red()))).status_code == 401
    key = {"headers": {"X-API-Key": "secret"}}
    assert client.post(**of(form(*[(red(), "a.png")] * 3)), **key).status_code == 413
    assert client.post(**of(raw(b"no picture")), **key).status_code == 415
    assert client.post(**of(raw(red())), **key).status_code == 200
    assert client.post(**of(raw(red())), **key).status_code == 429
    assert client.get(API, **key).status_code == 405


def test_a_model_without_reasons_says_so(bundle: Bundle, caplog: pytest.LogCaptureFixture) -> None:
    predictor = florist.load(bundle.path, Runtime(threads=1))
    with caplog.at_level(logging.INFO):
        client = create_app(predictor, Settings(keep_uploads=False)).test_client()
    response = client.post(**of(raw(red())))
    assert response.status_code == 501
    assert response.json is not None
    assert response.json["code"] == "no-reasons"
    assert str(bundle.path) not in response.text
    assert "with probabilities alone" in caplog.text
    assert client.post(**raw(red())).status_code == 200
