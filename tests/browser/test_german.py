"""The pages in German, chosen by the browser or by hand."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenPage, Serve
from tests.browser.test_everyone import PAGES, SCREENS, faults, fill, noted
from tests.browser.test_weight import traffic

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("screen", SCREENS)
def test_the_german_pages_keep_nobody_out(
    serve: Serve, open_page: OpenPage, pictures: list[Path], no_picture: Path, screen: str
) -> None:
    address = serve()
    page = open_page(address, expected="404", locale="de-DE", **SCREENS[screen])
    page.set_input_files("#pictures", [*pictures, no_picture])
    expect(page.get_by_role("button", name="4 Bilder absenden")).to_be_visible()
    page.locator("#submit").click()
    expect(page.locator(".card:not([data-state=done])")).to_have_count(0)
    labels = page.locator(".card:not(.card-error)").evaluate_all(
        "(cards) => cards.map((card) => card.dataset.label)"
    )
    assert sorted(labels) == ["blue", "green", "red"]  # a class is called what it is called
    expect(page.locator(".card-error")).to_contain_text("Das ist kein lesbares Bild")
    expect(page.locator(".card-error")).to_contain_text("Als JPEG oder PNG speichern")
    found = faults(page)
    for path in PAGES:
        page.goto(f"{address}{path}")
        found += faults(page)
        assert page.locator("html").get_attribute("lang") == "de"
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= SCREENS[screen]["viewport"]["width"], f"{path} scrolls sideways"
    assert found == []


def test_german_fits_into_the_rows_of_many_pictures(
    serve: Serve, open_page: OpenPage, many: list[Path]
) -> None:
    page = open_page(serve(), locale="de-DE", **SCREENS["desktop"])
    page.set_input_files("#pictures", many)
    page.locator("#submit").click()
    expect(page.get_by_role("button", name="keine Antwort 1")).to_be_visible()
    expect(page.locator(".rows .card[data-state=done]")).to_have_count(len(many))
    card, link = (
        each.bounding_box() for each in (page.locator(".card").first, page.locator(".card a").first)
    )
    assert card
    assert link
    assert link["x"] + link["width"] <= card["x"] + card["width"] - 8


@pytest.mark.parametrize("script", [True, False])
def test_a_language_by_hand(serve: Serve, open_page: OpenPage, script: bool) -> None:
    address = serve()
    page = open_page(f"{address}/model", locale="de-AT", java_script_enabled=script)
    expect(page.get_by_role("heading", name="Klassen")).to_be_visible()
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("heading", name="Classes")).to_be_visible()
    assert page.url == f"{address}/model"
    expect(page.get_by_role("button", name="English")).to_have_attribute("aria-pressed", "true")
    page.goto(f"{address}/history")
    expect(page.get_by_role("heading", name="History")).to_be_visible()


def test_no_answer_is_shown_in_another_language(
    serve: Serve, open_page: OpenPage, pictures: list[Path]
) -> None:
    page = open_page(serve(), locale="en-GB")
    fill(page, *pictures)
    noted(page, 3)
    page.get_by_role("button", name="Deutsch").click()
    expect(page.get_by_role("button", name="Absenden")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("button", name="Absenden")).to_be_visible()
    expect(page.locator(".card")).to_have_count(0)


def test_the_first_page_weighs_little_in_german(serve: Serve, open_page: OpenPage) -> None:
    address = serve()
    page = open_page(f"{address}/livez", expected="404", locale="de")  # its icon
    first = traffic(page, lambda: page.goto(address))
    assert len(first.requests) <= 12
    assert first.size <= 40_000
