"""Many pictures: a row each, what they show together, and a table to take away."""

import csv
import shutil
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Locator, Page, expect

import florist
from florist.bundle import Bundle
from florist.cli.results import write_csv
from florist.web.services import services
from tests.browser.conftest import OpenPage, Serve
from tests.browser.test_everyone import SCREENS, faults

pytestmark = pytest.mark.browser

# What moves without a person having done anything, as browsers measure it.
SUM_SHIFTS = """() => {
    window.shifted = 0;
    new PerformanceObserver((list) => {
        for (const each of list.getEntries()) {
            if (!each.hadRecentInput) window.shifted += each.value;
        }
    }).observe({ type: "layout-shift" });
}"""


def rows(page: Page) -> Locator:
    return page.locator(".card:visible")


def show(page: Page, paths: list[Path]) -> None:
    page.set_input_files("#pictures", paths)
    page.get_by_role("button", name="Submit").click()
    expect(page.locator(".card[data-state=done]")).to_have_count(len(paths), timeout=60_000)


@pytest.mark.parametrize(("screen", "most"), [("phone", 75), ("desktop", 70)])
@pytest.mark.parametrize("scripted", [True, False])
def test_each_has_a_row(
    serve: Serve, open_page: OpenPage, many: list[Path], screen: str, most: int, scripted: bool
) -> None:
    page = open_page(serve(), java_script_enabled=scripted, **SCREENS[screen])
    page.set_input_files("#pictures", many[:6])
    page.get_by_role("button", name="Submit").click()
    expect(page.locator(".card[data-state=done]")).to_have_count(6)
    box = page.locator("#cards").bounding_box()
    assert box
    assert box["height"] <= 6 * most
    for row in rows(page).all():
        expect(row.locator(".scores li:visible")).to_have_count(1)
        picture = row.locator("img").bounding_box()
        assert picture
        assert picture["width"] == pytest.approx(60, abs=2)
    expect(page.locator("main")).to_contain_text("blue 3" if scripted else "3 blue, 2 green, 1 red")


def test_classes_are_counted_and_shown_alone(
    serve: Serve, open_page: OpenPage, many: list[Path]
) -> None:
    page = open_page(serve())
    show(page, many)
    chips = page.get_by_role("group", name="Show").get_by_role("button")
    expect(chips.first).to_have_text("all 8")
    expect(page.locator("#summary")).to_contain_text("8 pictures")
    for chip, names in [
        ("green 2", ["1 green.png", "2 green.png"]),
        ("not sure 1", ["=1+1, grey.png"]),
        ("no answer 1", ["no picture.jpg"]),
    ]:
        page.get_by_role("button", name=chip).click()
        expect(page.get_by_role("button", name=chip)).to_have_attribute("aria-pressed", "true")
        expect(rows(page).locator(".card-file .name")).to_have_text(names)
    chips.first.click()
    expect(rows(page)).to_have_count(8)


def test_the_doubtful_come_first_and_the_chosen_order_comes_back(
    serve: Serve, open_page: OpenPage, many: list[Path]
) -> None:
    page = open_page(serve())
    show(page, many)
    names = page.locator(".card-file .name")
    page.get_by_label("Order").select_option("most doubtful first")
    expect(names.first).to_have_text("no picture.jpg")
    expect(names.nth(1)).to_have_text("=1+1, grey.png")
    scores = [
        float(each)
        for each in page.locator("[data-label]").evaluate_all(
            "(cards) => cards.map((card) => card.dataset.score)"
        )
    ]
    assert scores == sorted(scores)
    page.get_by_label("Order").select_option("by class")
    labels = page.locator("[data-label]").evaluate_all(
        "(cards) => cards.map((card) => card.dataset.label)"
    )
    assert labels == sorted(labels)
    page.get_by_label("Order").select_option("as chosen")
    expect(names).to_have_text([path.name for path in many])
    page.get_by_label("All scores").check()
    expect(rows(page).first.locator(".scores li:visible")).to_have_count(3)


def test_the_csv_is_that_of_the_command_line(
    serve: Serve, open_page: OpenPage, many: list[Path], described: Bundle, tmp_path: Path
) -> None:
    page = open_page(serve())
    show(page, many)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download CSV").click()
    assert download.value.suggested_filename == "answers.csv"
    with Path(download.value.path()).open(encoding="utf-8", newline="") as file:
        taken = list(csv.reader(file))
    predictor = florist.load(described.path)
    results = [(path.name, predictor.result(path.read_bytes(), 3)) for path in many]
    with (tmp_path / "cli.csv").open("w+", encoding="utf-8", newline="") as file:
        write_csv(3, results, file)
        file.seek(0)
        expected = list(csv.reader(file))
    assert taken[:-1] == expected[:-1]
    assert taken[-1][:-1] == expected[-1][:-1]
    assert "picture" in taken[-1][-1]  # its error begins with a capital letter here


def test_what_is_not_sent_yet_waits_while_paused_or_is_taken_back(
    serve: Serve, open_page: OpenPage, many: list[Path], apps: dict[str, Flask]
) -> None:
    address = serve(threads=1, queue=0)
    page = open_page(address, expected="429")
    show(page, many[:6])
    answered = page.locator("#answered")
    with apps[address].app_context():
        classifier = services().classifier
    with classifier.place():  # so that none has an answer
        page.set_input_files("#pictures", many[:4])
        page.get_by_role("button", name="Submit 4 pictures").click()
        expect(page.locator(".card", has_text="Busy, waiting")).not_to_have_count(0)
        page.get_by_role("button", name="Pause").click()
        expect(page.get_by_role("button", name="Submit 4 pictures")).to_be_visible()
        expect(answered).to_have_text("6 of 10 answered")
        page.get_by_role("button", name="Remove 0 red.png").click()
        expect(answered).to_have_text("6 of 9 answered")
    page.get_by_role("button", name="Resume").click()
    expect(answered).to_have_text("9 pictures", timeout=30_000)
    with classifier.place():
        page.set_input_files("#pictures", many[:4])
        page.get_by_role("button", name="Submit 4 pictures").click()
        expect(page.locator(".card", has_text="Busy, waiting")).not_to_have_count(0)
        page.get_by_role("button", name="Cancel the rest").click()
        expect(answered).to_have_text("9 pictures")
    expect(page.get_by_role("button", name="Pause")).to_be_hidden()


def test_what_a_limit_refuses_waits_for_it_and_goes_on(
    serve: Serve, open_page: OpenPage, many: list[Path], apps: dict[str, Flask]
) -> None:
    address = serve(rate_limit="3 per hour")
    page = open_page(address, expected="429")
    page.clock.install()
    page.set_input_files("#pictures", many[:6])
    page.get_by_role("button", name="Submit").click()
    expect(page.locator(".card", has_text="Waiting until")).not_to_have_count(0)
    expect(page.locator("#answered")).to_have_text("3 of 6 answered")
    for limiter in apps[address].extensions["limiter"]:
        limiter.reset()
    page.clock.fast_forward("01:00:00")
    expect(page.locator("#answered")).to_have_text("6 pictures")


def test_a_folder_is_chosen_and_can_be_taken_back(
    serve: Serve, open_page: OpenPage, many: list[Path], tmp_path: Path
) -> None:
    (many[0].parent / "notes.txt").touch()
    shutil.copytree(many[0].parent, tmp_path / "album" / "deep")
    page = open_page(serve())
    page.on("filechooser", lambda chooser: chooser.set_files(tmp_path / "album"))
    page.get_by_text("Choose a folder").click()
    expect(page.get_by_role("button", name="Submit 8 pictures")).to_be_focused()
    expect(page.locator(".card .name").nth(2)).to_have_attribute("title", "album/deep/1 green.png")
    page.get_by_role("button", name="Remove all").click()
    expect(page.locator(".card")).to_have_count(0)


def test_rows_stand_still_and_serve_everyone(
    serve: Serve, open_page: OpenPage, many: list[Path]
) -> None:
    for options in SCREENS.values():
        page = open_page(serve(), reduced_motion="reduce", **options)
        page.set_input_files("#pictures", many)
        expect(page.locator(".card img").first).to_be_visible()
        page.evaluate(SUM_SHIFTS)
        page.get_by_role("button", name="Submit").click()
        expect(page.locator(".card[data-state=done]")).to_have_count(len(many))
        assert page.evaluate("window.shifted") <= 0.01
        assert faults(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= options["viewport"]["width"]
