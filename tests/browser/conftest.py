"""The app on a loopback port, and a real Chromium that talks to nothing else."""

import csv
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    sync_playwright,
)

import florist
from florist.bundle import HISTORY, LABELS, MODEL, REPORT, Bundle, write_bundle
from florist.engine import Runtime
from florist.prediction import Predictor
from florist.web import create_app
from florist.web.settings import Settings
from tests.conftest import COLOURS, TRAINED, noisy_picture
from tests.served import served

# Chromium's own services are off, so that every request it makes is the page's.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

# (epoch, loss, accuracy, val_loss, val_accuracy); the third epoch is the best one.
EPOCHS = [
    (1, 1.10, 0.40, 1.00, 0.50),
    (2, 0.60, 0.75, 0.70, 0.70),
    (3, 0.30, 0.90, 0.45, 0.85),
    (4, 0.20, 0.95, 0.50, 0.84),
]
REPORTED = {
    "pictures": 9,
    "accuracy": 8 / 9,
    "interval": [0.565, 0.98],
    "top3": 1.0,
    "macro_f1": 0.89,
    "calibration_error": 0.05,
    "classes": [
        {"label": "blue", "precision": 1.0, "recall": 1.0, "f1": 1.0, "support": 3},
        {"label": "green", "precision": 1.0, "recall": 0.667, "f1": 0.8, "support": 3},
        {"label": "red", "precision": 0.75, "recall": 1.0, "f1": 0.857, "support": 3},
    ],
    "confusion": [[3, 0, 0], [0, 2, 1], [0, 0, 3]],
    "mistakes": [],
    "refusal": {
        "max_error": None,
        "reason": "It would be unsure.",
        "curve": {
            "pictures": 470,
            "points": [
                {"least": least, "answered": answered, "error": bound / 2, "bound": bound}
                for least, answered, bound in (
                    (0.998, 0.42, 0.0092),
                    (0.931, 0.7304, 0.0198),
                    (0.802, 0.8436, 0.0395),
                    (0.512, 0.95, 0.0781),
                )
            ],
        },
    },
}

MANY = ["red", "green", "green", "blue", "blue", "blue"]

Launch = Callable[..., Browser]
Serve = Callable[..., str]
OpenPage = Callable[..., Page]


@pytest.fixture(scope="session")
def launch() -> Iterator[Launch]:
    """Return what starts a Chromium, with arguments beside our own."""
    chromium = shutil.which("chromium")
    assert chromium, "There is no chromium; `make test-browser` installs it."
    started: list[Browser] = []
    with sync_playwright() as playwright:

        def launch(*arguments: str) -> Browser:
            every = [*ARGUMENTS, *arguments]
            started.append(playwright.chromium.launch(executable_path=chromium, args=every))
            return started[-1]

        yield launch
        for browser in started:
            browser.close()


@pytest.fixture(scope="session")
def browser(launch: Launch) -> Browser:
    return launch()


@pytest.fixture(scope="session")
def described(bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """Return the colour model with all that a training tells about it."""

    def write_files(folder: Path) -> None:
        for name in (MODEL, LABELS):
            shutil.copy(bundle.path / name, folder / name)
        (folder / REPORT).write_text(json.dumps(REPORTED), encoding="utf-8")
        with (folder / HISTORY).open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["epoch", "loss", "accuracy", "val_loss", "val_accuracy"])
            writer.writerows(EPOCHS)

    manifest = replace(bundle.manifest, files={}, trained=TRAINED)
    return write_bundle(tmp_path_factory.mktemp("described") / "model", manifest, write_files)


@pytest.fixture(scope="session")
def predictor(described: Bundle) -> Predictor:
    return florist.load(described.path, Runtime(threads=1))


@pytest.fixture
def apps() -> dict[str, Flask]:
    """Return the apps that are served, by address."""
    return {}


@pytest.fixture
def serve(predictor: Predictor, tmp_path: Path, apps: dict[str, Flask]) -> Iterator[Serve]:
    """Return what serves an app with some settings, and tells its address."""
    with ExitStack() as servers:

        def start(predictor: Predictor | None = predictor, **settings: Any) -> str:
            changed: dict[str, Any] = {
                "uploads": str(tmp_path / "uploads"),
                "threads": 2,
            } | settings
            app = create_app(predictor, Settings(**changed))
            address = f"http://127.0.0.1:{servers.enter_context(served(app))}"
            apps[address] = app
            return address

        yield start


@pytest.fixture
def open_page(browser: Browser) -> Iterator[OpenPage]:
    """Return what opens an address in a window of its own.

    At the end nothing may have gone wrong in it: no error in its console (a violated CSP is one),
    no exception, no request to another host. `expected` is what a console error may contain.
    """
    contexts: list[BrowserContext] = []
    wrong: list[str] = []

    def open_page(address: str, *, expected: str = "", **options: Any) -> Page:
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        origin = "/".join(address.split("/")[:3])

        def heard(message: ConsoleMessage) -> None:
            if message.type in {"error", "warning"} and not (expected and expected in message.text):
                wrong.append(message.text)

        def asked(request: Request) -> None:
            if not request.url.startswith((f"{origin}/", "blob:", "data:")):
                wrong.append(f"a request to {request.url}")

        page.on("console", heard)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        context.on("request", asked)
        page.goto(address)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not wrong


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    """Write a red, a green and a blue picture."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    paths = [folder / f"{name}.png" for name in ("red", "green", "blue")]
    for path in paths:
        noisy_picture(COLOURS[path.stem], 1, 96).save(path)
    return paths


@pytest.fixture
def no_picture(tmp_path: Path) -> Path:
    """Write a text under a picture's name."""
    path = tmp_path / "letter.jpg"
    path.write_text("Dear florist, these are no pixels.", encoding="utf-8")
    return path


@pytest.fixture
def many(tmp_path: Path, no_picture: Path) -> list[Path]:
    """Write a red, two green and three blue pictures, a grey one, and no picture."""
    folder = tmp_path / "many"
    folder.mkdir()
    paths = [folder / f"{number} {name}.png" for number, name in enumerate(MANY)]
    for number, (path, name) in enumerate(zip(paths, MANY, strict=True)):
        noisy_picture(COLOURS[name], number, 64).save(path)
    grey = folder / "=1+1, grey.png"
    noisy_picture((90, 90, 90), 1, 64).save(grey)
    return [*paths, grey, Path(shutil.move(no_picture, folder / "no picture.jpg"))]
