"""What the model gets wrong, as pictures, and test pictures to try."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

import florist
from florist.bundle import Bundle
from florist.engine import Runtime
from florist.prediction import Predictor
from tests.browser.conftest import OpenPage, Serve
from tests.browser.test_everyone import SCREENS, faults
from tests.browser.test_weight import traffic

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def predictor(explained: Bundle) -> Predictor:
    return florist.load(explained.path, Runtime(threads=1))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("screen", SCREENS)
def test_mistakes_can_be_looked_at(
    serve: Serve, open_page: OpenPage, screen: str, scheme: str
) -> None:
    options = {**SCREENS[screen], "color_scheme": scheme}
    page = open_page(f"{serve()}/model", **options)
    expect(page.locator(".tested li")).to_have_count(2)
    found = faults(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= options["viewport"]["width"]
    page.get_by_role("link", name="2 green taken for red").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("green taken for red")
    pictures = page.locator(".tested img")
    expect(pictures).to_have_count(2)
    pictures.first.scroll_into_view_if_needed()
    expect(pictures.first).to_have_js_property("naturalWidth", 32)
    found += faults(page)
    assert found == []


@pytest.mark.parametrize("javascript", [True, False])
def test_an_example_is_answered_at_a_click(
    serve: Serve, open_page: OpenPage, javascript: bool
) -> None:
    page = open_page(serve(), java_script_enabled=javascript)
    page.get_by_text("Or try one of these").click()
    page.get_by_role("button", name="green").click()
    card = page.locator(".card[data-state=done]")
    expect(card).to_have_count(1)
    expect(card.get_by_role("heading")).to_have_text("green")


def test_examples_weigh_nothing_before_they_are_opened(
    serve: Serve, open_page: OpenPage, tmp_path: Path
) -> None:
    address = serve()
    page = open_page(f"{address}/livez", expected="404")  # its icon
    first = traffic(page, lambda: page.goto(address))
    assert len(first.requests) <= 12
    assert first.size <= 40_000

    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.get_by_text("Or try one of these").click()
    for image in page.locator(".example img").all():
        expect(image).to_have_js_property("naturalWidth", 32)
    assert len(asked) == 3
    assert faults(page) == []
