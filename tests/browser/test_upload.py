"""Pictures that were chosen, and their answers under the form."""

from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Locator, Page, expect

from florist.web.services import services
from tests.browser.conftest import OpenPage, Serve
from tests.browser.test_everyone import noted

pytestmark = pytest.mark.browser

ON_A_PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


def answers(page: Page) -> Locator:
    return page.locator(".card[data-state=done]")


def label(card: Locator) -> Locator:
    return card.get_by_role("heading")


def test_a_chosen_picture_is_previewed_then_answered_under_the_form(
    serve: Serve, open_page: OpenPage, pictures: list[Path]
) -> None:
    page = open_page(serve())
    page.on("filechooser", lambda chooser: chooser.set_files(pictures[0]))
    page.get_by_text("Choose pictures", exact=True).click()
    card = page.locator(".card")
    expect(card).to_contain_text("red.png")
    expect(card.locator("img")).to_have_js_property("naturalWidth", 96)
    page.get_by_role("button", name="Submit").click()
    expect(label(answers(page))).to_have_text("red")
    expect(card.locator("img")).to_have_js_property("naturalWidth", 96)
    expect(card.locator(".scores li")).to_have_count(3)
    expect(card.locator(".scores li").first).to_contain_text("%")
    expect(card).to_contain_text("Answered in")
    form, shown = page.locator("#form").bounding_box(), card.bounding_box()
    assert form
    assert shown
    assert shown["y"] >= form["y"] + form["height"]
    assert page.url.endswith("/")


def test_the_bars_are_as_long_as_the_probabilities(
    serve: Serve, open_page: OpenPage, pictures: list[Path]
) -> None:
    page = open_page(serve(), reduced_motion="reduce")
    page.set_input_files("#pictures", pictures[0])
    page.get_by_role("button", name="Submit").click()
    rows = answers(page).locator(".scores li")
    expect(rows).to_have_count(3)
    for row in rows.all():
        share = float(row.locator(".value").inner_text().strip("<>\u00a0%")) / 100
        bar, track = row.locator("rect").bounding_box(), row.locator("svg").bounding_box()
        assert track
        assert (bar["width"] if bar else 0) == pytest.approx(share * track["width"], abs=1)


def test_a_second_click_on_submit_says_nothing(
    serve: Serve, open_page: OpenPage, pictures: list[Path], apps: dict[str, Flask]
) -> None:
    address = serve(threads=1, queue=0)
    page = open_page(address, expected="429")
    page.set_input_files("#pictures", pictures[0])
    with apps[address].app_context():
        classifier = services().classifier
    with classifier.place():  # so that the answer is still on its way
        page.get_by_role("button", name="Submit").dblclick()
        expect(page.locator(".card")).to_contain_text("Busy, waiting")
        expect(page.locator("#message")).to_have_text("")
    expect(label(answers(page))).to_have_text("red")


def test_several_pictures_get_a_card_each_and_one_can_be_taken_back(
    serve: Serve, open_page: OpenPage, pictures: list[Path]
) -> None:
    page = open_page(serve())
    page.set_input_files("#pictures", pictures)
    page.get_by_role("button", name="Remove green.png").click()
    page.get_by_role("button", name="Submit 2 pictures").click()
    expect(label(answers(page))).to_have_text(["red", "blue"])
    page.set_input_files("#pictures", pictures[1])
    page.get_by_role("button", name="Submit", exact=True).click()
    expect(label(answers(page))).to_have_text(["green", "red", "blue"])


def test_a_bad_file_is_named_and_the_others_are_answered(
    serve: Serve, open_page: OpenPage, pictures: list[Path], no_picture: Path
) -> None:
    page = open_page(serve())
    page.set_input_files("#pictures", [no_picture, pictures[0]])
    page.get_by_role("button", name="Submit").click()
    expect(answers(page)).to_have_count(2)
    bad = answers(page).filter(has_text="letter.jpg")
    expect(label(bad)).to_have_text("This is no picture that can be read")
    expect(bad).to_contain_text("Not a picture")
    expect(label(answers(page).filter(has_text="red.png"))).to_have_text("red")


def test_a_file_that_is_too_large_is_not_even_sent(
    serve: Serve, open_page: OpenPage, tmp_path: Path
) -> None:
    page = open_page(serve(max_body_mib=0.01))
    large = tmp_path / "large.png"
    large.write_bytes(bytes(20_000))
    page.set_input_files("#pictures", large)
    page.get_by_role("button", name="Submit").click()
    expect(page.locator(".card")).to_contain_text("20 kB; at most 10 kB can be sent")


def test_submit_without_a_picture_says_so(serve: Serve, open_page: OpenPage) -> None:
    page = open_page(serve())
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_role("alert")).to_have_text("Choose a picture first.")


def test_a_lost_connection_loses_no_picture(
    serve: Serve, open_page: OpenPage, pictures: list[Path]
) -> None:
    page = open_page(serve(), expected="ERR_INTERNET_DISCONNECTED")
    page.set_input_files("#pictures", pictures[0])
    page.context.set_offline(True)
    page.get_by_role("button", name="Submit").click()
    expect(page.locator(".card")).to_contain_text("The server cannot be reached")
    page.context.set_offline(False)
    page.get_by_role("button", name="Try again").click()
    expect(label(answers(page))).to_have_text("red")


def test_a_busy_server_is_asked_again(
    serve: Serve, open_page: OpenPage, pictures: list[Path], apps: dict[str, Flask]
) -> None:
    address = serve(threads=1, queue=0)
    page = open_page(address, expected="429")
    page.set_input_files("#pictures", pictures[0])
    with apps[address].app_context():
        classifier = services().classifier
    with classifier.place():  # the only one
        page.get_by_role("button", name="Submit").click()
        expect(page.locator(".card")).to_contain_text("Busy, waiting")
    expect(label(answers(page))).to_have_text("red")


def test_a_page_outlives_the_server_it_came_from(
    serve: Serve, open_page: OpenPage, pictures: list[Path], apps: dict[str, Flask]
) -> None:
    address = serve()
    page = open_page(address, expected="400")
    apps[address].secret_key = "that of a server started later"
    page.set_input_files("#pictures", pictures[0])
    page.get_by_role("button", name="Submit").click()
    expect(label(answers(page))).to_have_text("red")


def test_nothing_moves_when_the_answer_comes(
    serve: Serve, open_page: OpenPage, pictures: list[Path]
) -> None:
    for options in ({"viewport": {"width": 1280, "height": 800}}, ON_A_PHONE):
        page = open_page(serve(), **options)
        page.set_input_files("#pictures", pictures[0])
        expect(page.locator(".card img")).to_be_visible()
        before = page.locator(".card").bounding_box()
        page.get_by_role("button", name="Submit").click()
        expect(answers(page)).to_have_count(1)
        after = answers(page).bounding_box()
        assert before
        assert after
        assert after["height"] == pytest.approx(before["height"], abs=1)
        assert after["width"] == before["width"]


@pytest.mark.parametrize("keep_uploads", [True, False])
def test_answers_outlive_a_refresh_and_back(
    serve: Serve, open_page: OpenPage, pictures: list[Path], no_picture: Path, keep_uploads: bool
) -> None:
    page = open_page(serve(keep_uploads=keep_uploads))
    page.set_input_files("#pictures", [*pictures, no_picture])
    page.get_by_role("button", name="Submit").click()
    expect(answers(page)).to_have_count(4)
    noted(page, 4)
    for come_back in (page.reload, lambda: (page.goto(f"{page.url}model"), page.go_back())):
        come_back()
        said = ["red", "green", "blue", "This is no picture that can be read"]
        expect(label(answers(page))).to_have_text(said)
        page.locator(".card img").first.evaluate("(image) => image.decode()")
    other = page.context.new_page()
    other.goto(page.url)
    expect(answers(other)).to_have_count(0)
