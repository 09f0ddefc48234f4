"""Why a picture got its answer: on its card and its own page, when somebody asks."""

import re
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

import florist
from florist.bundle import Bundle
from florist.engine import Runtime
from florist.prediction import Predictor
from florist.web.services import services
from tests.browser.conftest import OpenPage, Serve
from tests.browser.test_everyone import SCREENS, faults, fill, noted

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def predictor(explained: Bundle) -> Predictor:
    return florist.load(explained.path, Runtime(threads=1))


def ask(page: Page) -> None:
    page.get_by_role("button", name="Why?").click()
    expect(page.locator(".reasons")).to_be_visible()


def shows_reasons(page: Page, picture: str, width: int) -> None:
    """Require that the reasons of a red picture are there, whole, said, and for everyone."""
    reasons, veil = page.locator(".reasons"), page.locator(".veil")
    expect(reasons).to_contain_text(re.compile("What speaks for red is mostly .* of the picture"))
    expect(reasons.get_by_role("listitem")).to_have_count(5)
    expect(reasons.get_by_role("listitem").first).to_contain_text(re.compile(r"red >?\d+\.\d\s%"))
    assert veil.evaluate("image => image.complete && image.naturalWidth") == 64
    assert veil.bounding_box() == page.locator(picture).first.bounding_box()
    expect(page.locator("#news")).to_contain_text("What speaks for red")
    assert faults(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("screen", SCREENS)
def test_a_card_says_why(
    serve: Serve, open_page: OpenPage, pictures: list[Path], screen: str, scheme: str
) -> None:
    options = {**SCREENS[screen], "color_scheme": scheme}
    page = open_page(serve(), reduced_motion="reduce", **options)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    fill(page, pictures[0])
    assert not [url for url in asked if "why" in url]  # nothing of it before somebody asks
    ask(page)
    shows_reasons(page, ".card-picture img", options["viewport"]["width"])


def test_a_keyboard_shows_and_hides_it(
    serve: Serve, open_page: OpenPage, pictures: list[Path]
) -> None:
    page = open_page(serve())
    fill(page, pictures[1])
    button = page.get_by_role("button", name="Why? green.png")
    expect(button).to_have_attribute("aria-expanded", "false")
    button.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".reasons")).to_be_visible()
    expect(button).to_have_attribute("aria-expanded", "true")
    expect(button).to_be_focused()
    page.keyboard.press("Space")
    expect(page.locator(".reasons")).to_be_hidden()
    expect(page.locator(".veil")).to_be_hidden()
    expect(button).to_have_attribute("aria-expanded", "false")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.keyboard.press("Enter")
    expect(page.locator(".veil")).to_be_visible()
    assert asked == []


@pytest.mark.parametrize("keeps", [True, False])
def test_it_can_be_asked_after_a_refresh(
    serve: Serve, open_page: OpenPage, pictures: list[Path], keeps: bool
) -> None:
    page = open_page(serve(keep_uploads=keeps))
    fill(page, pictures[2])
    noted(page, 1)
    page.reload()
    ask(page)
    expect(page.locator(".reasons")).to_contain_text("What speaks for blue")


def test_what_goes_wrong_is_said_and_can_be_tried_again(
    serve: Serve, open_page: OpenPage, pictures: list[Path]
) -> None:
    page = open_page(serve(), expected="Failed to load resource")
    fill(page, pictures[0])
    page.route("**/why", lambda route: route.abort())
    ask(page)
    expect(page.locator(".reasons")).to_have_text("The server cannot be reached.")
    page.get_by_role("button", name="Why?").click()
    page.unroute("**/why")
    ask(page)
    expect(page.locator(".reasons")).to_contain_text("What speaks for red")


def test_a_model_that_does_not_say_why_is_not_asked(
    serve: Serve, open_page: OpenPage, pictures: list[Path], bundle: Bundle
) -> None:
    page = open_page(serve(florist.load(bundle.path, Runtime(threads=1))))
    fill(page, pictures[0])
    expect(page.get_by_role("button", name="Why?")).to_have_count(0)


def kept_page(page: Page, *paths: Path) -> None:
    """Send pictures, and go to the page of the first one's answer."""
    fill(page, *paths)
    page.get_by_role("link", name="Details").first.click()
    expect(page.locator(".answer")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("screen", SCREENS)
def test_the_page_of_an_answer_says_why(
    serve: Serve, open_page: OpenPage, pictures: list[Path], screen: str, scheme: str
) -> None:
    options = {**SCREENS[screen], "color_scheme": scheme}
    page = open_page(serve(), reduced_motion="reduce", **options)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    kept_page(page, pictures[0])
    button = page.get_by_role("button", name="Why? red.png")
    expect(button).to_have_attribute("aria-expanded", "false")
    assert not [url for url in asked if "why" in url]
    button.focus()
    page.keyboard.press("Enter")
    shows_reasons(page, ".answer-picture img", options["viewport"]["width"])
    expect(button).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("Space")
    expect(page.locator(".reasons")).to_be_hidden()
    expect(page.locator(".veil")).to_be_hidden()


def test_the_page_of_an_answer_outlives_its_token(
    serve: Serve, open_page: OpenPage, pictures: list[Path]
) -> None:
    page = open_page(serve(), expected="Failed to load resource")
    kept_page(page, pictures[1])
    page.evaluate("document.getElementsByName('csrf_token')[0].value = 'old'")
    ask(page)
    expect(page.locator(".reasons")).to_contain_text("What speaks for green")


def test_an_answer_of_another_model_has_other_reasons(
    serve: Serve, open_page: OpenPage, pictures: list[Path], apps: dict[str, Flask], bundle: Bundle
) -> None:
    address = serve()
    page = open_page(address)
    kept_page(page, pictures[0])
    expect(page.get_by_role("button", name="Why?")).to_be_visible()
    with apps[address].app_context():
        model = services().model
        model.load(bundle)
        model.wait()
    page.reload()
    expect(page.get_by_role("button", name="Why?")).to_have_count(0)
