"""The network that says why: in memory before the first picture, where there is room for it."""

import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from florist.bundle import Bundle
from florist.images import SANDBOXES, Bounds
from florist.web import create_app
from florist.web.inference.memory import memory_for_costly_pictures
from florist.web.services import services_of
from florist.web.settings import Settings
from tests.explained import write_explained_bundle
from tests.web.conftest import red
from tests.web.door.calls import raw

API = "/api/v1/explanations"
MIB = 2**20


@pytest.fixture(scope="module")
def large(bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a model folder whose network takes some 250 MiB."""
    return write_explained_bundle(tmp_path_factory.mktemp("large") / "model", bundle, 2**20).path


@pytest.fixture(autouse=True)
def bounded() -> Iterator[None]:
    """Bounds of this process that end with the test."""
    yield
    SANDBOXES.bound(Bounds())


def loaded(settings: Settings) -> Flask:
    app = create_app(settings=settings)
    services_of(app).model.wait()
    assert app.test_client().post(**raw(red())).status_code == 200
    return app


def ask(app: Flask) -> int:
    return app.test_client().post(**raw(red()) | {"path": API}).status_code


def test_memory_is_counted_with_what_says_why(large: Path) -> None:
    settings = Settings(model=str(large), memory_mib=10_000, threads=1, keep_uploads=False)
    app = loaded(settings)
    bound = SANDBOXES._most.memory
    assert bound < 10_000 * MIB
    assert ask(app) == 200
    # Loading it would take over 250; other tests' threads may take some meanwhile.
    assert memory_for_costly_pictures(settings) > bound - 64 * MIB


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"explanations": False}, "FLORIST_EXPLANATIONS is false"),
        ({"memory_mib": 1}, r"MiB once more, and 0 are left\. Give the server more memory"),
    ],
)
def test_predictions_need_it_not(
    large: Path, caplog: pytest.LogCaptureFixture, changed: dict[str, float], said: str
) -> None:
    whole: dict[str, object] = {"model": str(large), "threads": 1, "keep_uploads": False}
    with caplog.at_level(logging.INFO):
        app = loaded(Settings(**whole | changed))  # type: ignore[arg-type]
    assert ask(app) == 501
    assert not services_of(app).model.explains()
    assert len([each for each in caplog.messages if re.search(said, each)]) == 1
