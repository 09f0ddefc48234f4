"""The pages serve everyone: with a keyboard, a screen reader, by day and by night."""

from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

import florist
from florist.bundle import Bundle
from tests.browser.conftest import OpenPage, Serve

pytestmark = pytest.mark.browser

SCREENS: dict[str, dict[str, Any]] = {
    "phone": {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True},
    "desktop": {"viewport": {"width": 1280, "height": 800}},
}
PAGES = ["/", "/history", "/history/delete", "/model", "/docs", "/nothing-here"]


def faults(page: Page) -> list[str]:
    """Return what axe finds: WCAG 2.2 A and AA, and its best practices."""
    found = Axe().run(page).response["violations"]
    return [f"{each['id']}: {node['html']}" for each in found for node in each["nodes"]]


def fill(page: Page, *paths: Path) -> None:
    page.set_input_files("#pictures", paths)
    page.get_by_role("button", name="Submit").click()
    expect(page.locator(".card:not([data-state=done])")).to_have_count(0)


def noted(page: Page, cards: int) -> None:
    """Return once so many cards outlive a refresh, half a second after they came.

    What waits inside of the page would need `eval`, which it forbids.
    """
    while page.evaluate("history.state?.cards.length") != cards:
        pass


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("screen", SCREENS)
def test_nobody_is_kept_out(
    serve: Serve,
    open_page: OpenPage,
    pictures: list[Path],
    no_picture: Path,
    screen: str,
    scheme: str,
) -> None:
    address = serve()
    options = {**SCREENS[screen], "color_scheme": scheme}
    page = open_page(address, reduced_motion="reduce", expected="404", **options)
    page.set_input_files("#pictures", pictures[:2])
    found = faults(page)  # chosen, and not yet answered
    fill(page, *pictures[2:], no_picture)
    found += faults(page)
    for path in PAGES:
        page.goto(f"{address}{path}")
        found += faults(page)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= options["viewport"]["width"], f"{path} scrolls sideways"
    page.goto(f"{address}/history")
    page.locator(".picture").first.click()
    expect(page.locator(".answer")).to_be_visible()
    found += faults(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= options["viewport"]["width"]
    assert found == []


def lightness(page: Page) -> float:
    colour = page.locator("body").evaluate("(body) => getComputedStyle(body).backgroundColor")
    return sum(float(part) for part in colour.strip("rgb()").split(",")[:3]) / 3 / 255


def test_dark_and_light_follow_the_system(serve: Serve, open_page: OpenPage) -> None:
    page = open_page(serve(), color_scheme="light")
    assert lightness(page) > 0.9
    page.emulate_media(color_scheme="dark")
    assert lightness(page) < 0.15


@pytest.mark.parametrize("script", [True, False])
def test_dark_and_light_by_hand(serve: Serve, open_page: OpenPage, script: bool) -> None:
    address = serve()
    page = open_page(address, color_scheme="light", java_script_enabled=script)
    dark, system = (page.get_by_role("button", name=name) for name in ("Dark", "System"))
    expect(system).to_have_attribute("aria-pressed", "true")
    with page.expect_response("**/preferences"):
        dark.click()
    expect(dark).to_have_attribute("aria-pressed", "true")
    assert lightness(page) < 0.15
    page.goto(f"{address}/model")  # as the server sends it, before any script
    assert 'data-theme="dark"' in page.request.get(page.url).text()
    assert lightness(page) < 0.15
    with page.expect_response("**/preferences"):
        system.click()
    expect(system).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert page.url == f"{address}/model"
    assert lightness(page) > 0.9


def test_another_theme_leaves_what_was_chosen(
    serve: Serve, open_page: OpenPage, pictures: list[Path]
) -> None:
    page = open_page(serve())
    page.set_input_files("#pictures", pictures)
    page.get_by_role("button", name="Dark").click()
    expect(page.get_by_role("button", name="Dark")).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".card")).to_have_count(3)


def test_a_keyboard_is_enough(serve: Serve, open_page: OpenPage, pictures: list[Path]) -> None:
    page = open_page(serve())
    page.on("filechooser", lambda chooser: chooser.set_files(pictures[0]))
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    page.keyboard.press("Tab")  # past the link to the model
    page.keyboard.press("Tab")
    expect(page.locator("#pictures")).to_be_focused()
    outline = "getComputedStyle(document.querySelector('.chooser .button')).outlineWidth"
    assert page.evaluate(outline) == "3px"
    page.keyboard.press("Enter")
    expect(page.locator(".card")).to_contain_text("red.png")
    page.keyboard.press("Tab")
    expect(page.locator("#folder")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator("#submit")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".card[data-state=done]")).to_have_count(1)


def test_a_screen_reader_hears_the_answers(
    serve: Serve, open_page: OpenPage, pictures: list[Path], no_picture: Path
) -> None:
    page = open_page(serve())
    fill(page, pictures[0], no_picture)
    news = page.locator("#news")
    expect(news).to_have_role("status")
    expect(news).to_contain_text("red.png: red, ")
    expect(news).to_contain_text("letter.jpg: This is no picture that can be read")


def test_the_model_page_tells_what_is_known(serve: Serve, open_page: OpenPage) -> None:
    page = open_page(f"{serve()}/model")
    main = page.locator("main")
    expect(main).to_contain_text("88.9\u00a0%")
    expect(main).to_contain_text("56.5\u00a0% to 98.0\u00a0%")
    row = page.get_by_role("row", name="green").first
    expect(row.get_by_role("cell")).to_have_text(
        ["14", "3", "100.0\u00a0%", "66.7\u00a0%", "80.0\u00a0%", "3"]
    )
    confused = page.locator(".matrix tbody tr", has_text="green")
    expect(confused.get_by_role("cell")).to_have_text(["0", "2", "1"])
    span, point = (page.locator(f".interval .{part}").bounding_box() for part in ("span", "point"))
    assert span
    assert point
    assert span["width"] > point["width"] + 8  # it is not hidden behind what it is about
    assert span["height"] >= 12
    for title in ("Accuracy", "Loss"):
        expect(page.get_by_role("img", name=f"{title} over 4")).to_be_visible()
    expect(main).to_contain_text("epoch 3")
    expect(main.locator(".recipe code")).to_have_text(page.locator("code").last.inner_text())


def test_classes_sort_by_any_column(serve: Serve, open_page: OpenPage) -> None:
    page = open_page(f"{serve()}/model")
    names = page.locator(".sortable tbody th")
    expect(names).to_have_text(["green", "red", "blue"])  # the weakest first, from the server
    heading = page.get_by_role("columnheader", name="Precision")
    for way, order in [
        ("ascending", ["red", "green", "blue"]),
        ("descending", ["blue", "green", "red"]),
    ]:
        heading.get_by_role("button").focus()
        page.keyboard.press("Enter")
        expect(heading).to_have_attribute("aria-sort", way)
        expect(names).to_have_text(order)
    page.get_by_role("button", name="Class").click()
    expect(names).to_have_text(["blue", "green", "red"])
    assert faults(page) == []


def test_how_sure_it_has_to_be_is_chosen_with_the_keyboard(
    serve: Serve, open_page: OpenPage
) -> None:
    page = open_page(f"{serve()}/model")
    slider = page.get_by_role("slider", name="How many answers may be wrong")
    told = {
        "": "Answers 73 of\u00a0100 pictures, right on at least 98 of\u00a0100 of those",
        "ArrowRight": "Answers 84 of\u00a0100 pictures, right on at least 96 of\u00a0100 of those",
        "End": "Answers 95 of\u00a0100 pictures, right on at least 92 of\u00a0100 of those",
        "Home": "Answers 42 of\u00a0100 pictures, right on at least 99 of\u00a0100 of those",
    }
    slider.focus()
    for key, said in told.items():
        if key:
            page.keyboard.press(key)
        expect(slider).to_have_attribute("aria-valuetext", said)
        expect(page.locator(".refusal .said")).to_have_text(said)
    expect(page.locator(".refusal .how")).to_contain_text("--max-error 0.01 sets that")
    expect(page.locator(".refusal table")).to_be_hidden()


def test_a_server_that_is_set_shows_where_it_stands(
    serve: Serve, open_page: OpenPage, trusted: Bundle, described: Bundle
) -> None:
    judge = florist.load(trusted.path, max_error=0.05).judge
    predictor = florist.load(described.path)
    predictor.judge = judge
    page = open_page(f"{serve(predictor)}/model")
    expect(page.locator(".refusal > p")).to_contain_text("allows 5 of\u00a0100 answers to be wrong")
    expect(page.locator(".refusal .said")).to_contain_text("right on at least 96 of")


def test_a_model_without_a_report_has_a_page_too(
    serve: Serve, open_page: OpenPage, bundle: Bundle
) -> None:
    page = open_page(f"{serve(florist.load(bundle.path))}/model")
    expect(page.locator("main")).to_contain_text("holds no report")
    expect(page.locator("main")).to_contain_text(bundle.digest)


def test_templates_of_ones_own_replace_ours(
    serve: Serve, open_page: OpenPage, tmp_path: Path
) -> None:
    folder = tmp_path / "templates"
    folder.mkdir()
    (folder / "index.html").write_text(
        '{% extends "base.html" %}{% block title %}Ours{% endblock %}'
        "{% block main %}<h1>Which flower is it?</h1>{% endblock %}",
        encoding="utf-8",
    )
    page = open_page(serve(templates=str(folder)))
    expect(page.get_by_role("heading")).to_have_text("Which flower is it?")
    page.get_by_role("link", name="History").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("History")
