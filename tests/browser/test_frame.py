"""The form in a frame of another site."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, Frame, Page, expect

from florist.prediction import Predictor
from florist.web import create_app
from florist.web.settings import Settings
from tests.browser.test_everyone import faults
from tests.served import served

pytestmark = pytest.mark.browser


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """Return a certificate that nobody trusts, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    paths = [str(folder / name) for name in ("certificate.pem", "key.pem")]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-noenc", "-days", "2"]
    command += ["-subj", "/CN=127.0.0.1", "-out", paths[0], "-keyout", paths[1]]
    subprocess.run(command, check=True, capture_output=True)
    return paths[0], paths[1]


@contextmanager
def embedded(
    predictor: Predictor, folder: Path, tls: tuple[str, str], *allowed: str
) -> Iterator[str]:
    """Serve the app over TLS and a page with it in a frame on another site; tell its address."""
    settings = Settings(uploads=str(folder / "uploads"), threads=2, frame_ancestors=allowed)
    site = Flask(__name__)
    with served(create_app(predictor, settings), tls) as port, served(site) as other:
        head = "<title>A site</title><link rel=icon href='data:,'>"
        frame = f"<iframe src='https://127.0.0.1:{port}/?view=compact' width=600 height=900>"
        site.add_url_rule("/", "page", lambda: f"<!doctype html>{head}{frame}")
        yield f"http://localhost:{other}/"


@pytest.fixture
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    context = browser.new_context(ignore_https_errors=True, **getattr(request, "param", {}))
    yield context.new_page()
    context.close()


def frame_of(page: Page) -> Frame:
    return page.frames[1]


@pytest.mark.parametrize("page", [{}, {"java_script_enabled": False}], indirect=True)
def test_a_site_that_may_shows_the_form_and_it_works_there(
    page: Page,
    predictor: Predictor,
    tmp_path: Path,
    pictures: list[Path],
    certificate: tuple[str, str],
) -> None:
    wrong: list[str] = []
    page.on("console", lambda each: wrong.append(each.text) if each.type == "error" else None)
    allowed = "http://localhost:*", "https://example.org"
    with embedded(predictor, tmp_path, certificate, *allowed) as address:
        page.goto(address)
        frame = frame_of(page)
        expect(frame.locator("header, footer")).to_have_count(0)
        frame.set_input_files("#pictures", pictures[0])
        frame.get_by_role("button", name="Submit").click()
        answer = frame.locator(".card[data-state=done]")
        expect(answer).to_contain_text("red")
        expect(frame.locator("header, footer")).to_have_count(0)
        (cookie,) = page.context.cookies(frame.url)
        assert (cookie["sameSite"], cookie["secure"], cookie["partitionKey"]) == (
            "None",
            True,
            "http://localhost",
        )
        with page.context.expect_page() as opened:  # what is more than the form gets a window
            answer.get_by_role("link", name="Details").click()
        expect(opened.value.get_by_role("heading", level=1)).to_have_text("red")
        assert wrong == []


def test_no_other_site_shows_it(
    page: Page, predictor: Predictor, tmp_path: Path, certificate: tuple[str, str]
) -> None:
    wrong: list[str] = []
    page.on("console", lambda each: wrong.append(each.text) if each.type == "error" else None)
    for allowed in ((), ("https://example.org",), ("self",), ("none",)):
        with embedded(predictor, tmp_path, certificate, *allowed) as address:
            wrong.clear()
            page.goto(address)
            assert any("frame-ancestors" in each for each in wrong), allowed
            assert frame_of(page).locator("#form").count() == 0


@pytest.mark.parametrize("page", [{"viewport": {"width": 390, "height": 844}}], indirect=True)
def test_the_compact_view_is_for_everybody(
    page: Page, predictor: Predictor, tmp_path: Path, pictures: list[Path]
) -> None:
    app = create_app(predictor, Settings(uploads=str(tmp_path / "uploads"), threads=2))
    with served(app) as port:
        page.goto(f"http://127.0.0.1:{port}/?view=compact")
        page.set_input_files("#pictures", pictures[0])
        page.get_by_role("button", name="Submit").click()
        expect(page.locator(".card[data-state=done]")).to_have_count(1)
        assert [each for each in faults(page) if "landmark" not in each] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
