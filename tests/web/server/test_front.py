"""A picture that finds no place waits at the door for a moment."""

import asyncio
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import pytest

from florist.prediction import Predictor
from florist.web.server import front
from florist.web.server.front import Front
from tests.web.conftest import red
from tests.web.inference.test_places import API, Crowd, crowd

Wait = Callable[[float], Awaitable[None]]


async def ask(many: Crowd) -> tuple[int, dict[bytes, bytes], int]:
    """Send a picture; return the status, the fields, and the pieces of body that were asked for."""
    picture, sent, asked = red(), [], 0
    connection = SimpleNamespace(answer_early=lambda: None, answered=lambda: None)

    async def receive() -> dict[str, Any]:
        nonlocal asked
        asked += 1
        return {"type": "http.request", "body": picture}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            sent.append((message["status"], dict(message["headers"]), asked))

    scope = {
        "method": "POST",
        "raw_path": API.encode(),
        "query_string": b"",
        "http_version": "1.1",
        "headers": [
            (b"host", b"localhost"),
            (b"content-type", b"image/png"),
            (b"content-length", b"%d" % len(picture)),
        ],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 2),
        "state": {"connection": connection},
    }
    await Front(many.app)(scope, receive, send)
    (answer,) = sent
    return answer


def ask_with(many: Crowd, wait: Wait, monkeypatch: pytest.MonkeyPatch) -> tuple[int, Any, int]:
    """Ask, where what happens in the meantime stands in for the time that passes."""
    monkeypatch.setattr(asyncio, "sleep", wait)
    return asyncio.run(ask(many))


def test_a_place_that_is_free_a_moment_later_is_taken(
    predictor: Predictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    with crowd(predictor, threads=1, queue=0) as many:
        first = many.start()

        async def leave(_: float) -> None:
            many.engine.open.set()
            assert first.result(30).status_code == 200

        assert ask_with(many, leave, monkeypatch)[0] == 200


def test_whoever_finds_no_place_a_moment_later_is_refused_unread(
    predictor: Predictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited = []
    with crowd(predictor, threads=1, queue=0) as many:
        first = many.start()

        async def stay(seconds: float) -> None:
            waited.append(seconds)

        status, fields, asked = ask_with(many, stay, monkeypatch)
        assert (status, fields[b"retry-after"], asked) == (429, b"1", 0)
        assert waited == [front._PLACE_S]
        many.engine.open.set()
        assert first.result(30).status_code == 200
