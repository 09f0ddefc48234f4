"""An app around the small real model, and pictures to send it."""

import re
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image

import florist
from florist.bundle import Bundle
from florist.engine import Runtime
from florist.prediction import Predictor
from florist.web import create_app
from florist.web.services import services_of
from florist.web.settings import Settings
from tests.conftest import COLOURS, noisy_picture

AppMaker = Callable[..., Flask]


@pytest.fixture(scope="session")
def predictor(bundle: Bundle) -> Predictor:
    return florist.load(bundle.path, Runtime(threads=1))


@pytest.fixture
def make_app(predictor: Predictor, tmp_path: Path) -> Iterator[AppMaker]:
    """Return what makes an app with some settings, which writes to the test's own folder only."""
    made = []

    def make(**settings: Any) -> Flask:
        changed: dict[str, Any] = {"uploads": str(tmp_path / "uploads"), "threads": 2} | settings
        made.append(create_app(predictor, Settings(**changed)))
        return made[-1]

    yield make
    for app in made:
        if keeper := services_of(app).keeper:
            keeper.close(seconds=0)


@pytest.fixture
def client(make_app: AppMaker) -> FlaskClient:
    return make_app().test_client()


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def red(size: int = 32, kind: str = "PNG") -> bytes:
    return encoded(noisy_picture(COLOURS["red"], 1, size), kind)


def csrf_token(client: FlaskClient) -> str:
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get("/").text)
    assert found
    return found[1]
