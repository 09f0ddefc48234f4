"""The page as a folder of files, on a plain file server."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

import florist
from florist.bundle import Bundle
from florist.demo import FLOWERS, draw_flower
from florist.engine import Runtime
from florist.images import FITS, Fit
from florist.web.live.export import write_site
from tests.browser.conftest import OpenPage
from tests.browser.on_device import kept, labels, ready
from tests.conftest import COLOURS, FOREIGN, noisy_picture
from tests.convolutions import write_convolutions

pytestmark = pytest.mark.browser

WAITING = """navigator.serviceWorker.ready.then((found) => new Promise((done) => {
  const look = () => (found.waiting ? done() : (found.installing ?? found).addEventListener(
    found.installing ? "statechange" : "updatefound", look, { once: true }));
  look();
}))"""
"""Waits until a newer service worker has all its files."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder as `python -m http.server` does, in a process of its own."""
    command = [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1"]
    with subprocess.Popen(
        [*command, "--directory", str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as server:
        try:
            assert server.stdout
            yield server.stdout.readline().split("(")[1].split("/)")[0]
        finally:
            server.terminate()


def test_a_folder_on_a_plain_file_server_is_enough(
    open_page: OpenPage, bundle: Bundle, tmp_path: Path, pictures: list[Path]
) -> None:
    write_site(bundle, tmp_path / "host" / "flowers")
    with served(tmp_path / "host") as address:
        page = kept(open_page(f"{address}/flowers/"))
        assert labels(page, *pictures) == ["red", "green", "blue"]
        expect(page.get_by_role("link", name="Classify on the server")).to_have_count(0)
        page.context.set_offline(True)
        page.reload()
        ready(page)


def test_another_model_comes_when_the_page_is_opened_again(
    open_page: OpenPage, bundle: Bundle, tmp_path: Path
) -> None:
    folder = tmp_path / "site"
    write_site(bundle, folder)
    with served(folder) as address:
        page = kept(open_page(address))
        folder.rename(tmp_path / "old")
        write_site(write_convolutions(tmp_path / "newer"), folder)
        page.reload()
        expect(page.locator("#model")).to_have_text("colours")  # the newer one comes meanwhile
        page.evaluate(WAITING)
        page.goto("about:blank")
        page.goto(address)
        expect(page.locator("#model")).to_have_text("convolutions")
        page.context.set_offline(True)
        page.reload()
        ready(page)
        assert len(page.evaluate("caches.keys()")) == 1


@pytest.mark.parametrize("fit", FITS)
def test_the_answers_are_those_of_the_server(open_page: OpenPage, tmp_path: Path, fit: Fit) -> None:
    bundle = write_convolutions(tmp_path / "model", fit=fit)
    write_site(bundle, tmp_path / "site")
    paths = []
    for number in range(20):
        rng = np.random.default_rng(number)
        picture = draw_flower(FLOWERS[number % 5], rng, 160).resize(rng.integers(50, 700, 2))
        paths.append(tmp_path / f"{number}.{('jpg', 'png')[number % 2]}")
        picture.save(paths[-1])
    predictor = florist.load(bundle.path, Runtime(threads=1))
    with served(tmp_path / "site") as address:
        page = ready(open_page(address))
        labels(page, *paths)
        for path, card in zip(paths, page.locator(".card").all(), strict=True):
            best, *_ = predictor.predict(path)
            expect(card.locator(".scores .name").first).to_have_text(best.label)
            shown = card.locator(".scores rect").first.evaluate("bar => bar.style.transform")
            assert float(shown.strip("scaleX()")) == pytest.approx(best.score, abs=0.02)


def test_what_the_model_never_saw_is_none_of_its_classes(
    open_page: OpenPage, trusted: Bundle, tmp_path: Path
) -> None:
    predictor = florist.load(trusted.path, Runtime(threads=1))
    colours = {**COLOURS, "foreign": FOREIGN}
    paths, verdicts = [], []
    for name, colour in colours.items():
        for seed in range(100, 105):
            paths.append(tmp_path / f"{name}-{seed}.png")
            noisy_picture(colour, seed).save(paths[-1])
            verdicts.append(predictor.result(paths[-1]).verdict)
    write_site(trusted, tmp_path / "site")
    with served(tmp_path / "site") as address:
        page = ready(open_page(address))
        said = labels(page, *paths)
    assert [each == "Probably none of these" for each in said] == [
        each == "none" for each in verdicts
    ]
    assert verdicts.count("none") >= 5
    assert "red" in said
