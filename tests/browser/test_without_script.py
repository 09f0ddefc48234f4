"""Every page works with scripts switched off."""

from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from florist.bundle import Bundle
from florist.web.services import services
from tests.browser.conftest import OpenPage, Serve

pytestmark = pytest.mark.browser

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


def send(page: Page, *paths: Path) -> None:
    page.set_input_files("#pictures", paths)
    page.get_by_role("button", name="Submit").click()


def test_pictures_are_answered_under_the_form(
    serve: Serve, open_page: OpenPage, pictures: list[Path]
) -> None:
    page = open_page(serve(), java_script_enabled=False)
    expect(page.locator("#pictures")).to_be_visible()
    send(page, *pictures)
    expect(page.locator(".card").get_by_role("heading")).to_have_text(["red", "green", "blue"])
    expect(page.locator(".card").first.locator(".scores li")).to_have_count(3)
    expect(page.locator(".card").first).to_contain_text("Answered on")
    for image in page.locator(".card img").all():
        box = image.bounding_box()
        assert box
        assert box["width"] > 100


def test_a_refresh_sends_nothing_again(
    serve: Serve, open_page: OpenPage, pictures: list[Path]
) -> None:
    page = open_page(serve(), java_script_enabled=False)
    send(page, *pictures)
    page.wait_for_url("**/?answer=*")
    for _ in range(2):
        page.reload()
        expect(page.locator(".card")).to_have_count(3)
    page.get_by_role("link", name="History").click()
    expect(page.locator(".pictures li")).to_have_count(3)
    page.go_back()
    expect(page.locator(".card").get_by_role("heading")).to_have_text(["red", "green", "blue"])


def test_a_double_click_keeps_a_picture_once(
    serve: Serve, open_page: OpenPage, pictures: list[Path]
) -> None:
    page = open_page(serve(), java_script_enabled=False)
    page.set_input_files("#pictures", pictures)
    page.get_by_role("button", name="Submit").dblclick()
    page.wait_for_url("**/?answer=*")
    expect(page.locator(".card")).to_have_count(3)
    page.get_by_role("link", name="History").click()
    expect(page.locator(".pictures li")).to_have_count(3)


def test_pictures_are_shown_where_none_are_kept(
    serve: Serve, open_page: OpenPage, pictures: list[Path], tmp_path: Path
) -> None:
    page = open_page(serve(keep_uploads=False), java_script_enabled=False)
    expect(page.locator("main")).to_contain_text("Pictures are not kept.")
    send(page, pictures[0])
    source = page.locator(".card img").get_attribute("src")
    assert source
    assert source.startswith("data:image/jpeg;base64,")
    assert not (tmp_path / "uploads").exists()


def test_a_bad_file_is_explained(serve: Serve, open_page: OpenPage, no_picture: Path) -> None:
    page = open_page(serve(), java_script_enabled=False, expected="415")
    send(page, no_picture)
    expect(page.locator(".card")).to_contain_text("letter.jpg")
    expect(page.locator(".card")).to_contain_text("This is no picture that can be read")


def test_submit_without_a_picture_says_so(serve: Serve, open_page: OpenPage) -> None:
    page = open_page(serve(), java_script_enabled=False, expected="400")
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_role("alert")).to_have_text("Choose a picture first.")


def test_the_history_can_be_emptied(
    serve: Serve, open_page: OpenPage, pictures: list[Path]
) -> None:
    page = open_page(serve(), java_script_enabled=False)
    send(page, *pictures)
    page.get_by_role("link", name="History").click()
    expect(page.locator(".pictures li")).to_have_count(3)
    page.get_by_role("button", name="Delete red.png").click()
    expect(page.locator(".pictures li")).to_have_count(2)
    page.get_by_role("link", name="Delete all").click()
    page.get_by_role("button", name="Delete all").click()
    expect(page.locator("main")).to_contain_text("Nothing here yet")


def test_the_form_fits_a_phone(serve: Serve, open_page: OpenPage) -> None:
    page = open_page(serve(), java_script_enabled=False, **PHONE)
    form = page.locator("#form").bounding_box()
    assert form
    end = form["y"]
    for part in ("[for=pictures]", "#pictures", "[for=camera]", "#camera", "#submit"):
        box = page.locator(part).bounding_box()
        assert box
        assert box["x"] >= form["x"], part
        assert box["x"] + box["width"] <= form["x"] + form["width"], part
        assert box["y"] >= end, f"{part} lies on what stands before it"
        end = box["y"] + box["height"]
    assert end <= form["y"] + form["height"]


def test_what_was_refused_for_now_is_sent_again_by_a_reload(
    serve: Serve, open_page: OpenPage, pictures: list[Path], apps: dict[str, Flask]
) -> None:
    address = serve(threads=1, queue=0)
    page = open_page(address, java_script_enabled=False, expected="429")
    with apps[address].app_context():
        classifier = services().classifier
    with classifier.place():  # the only one
        send(page, pictures[0])
        expect(page.locator("main")).to_contain_text("reload this page")
    page.reload()
    expect(page.locator(".card").get_by_role("heading")).to_have_text("red")


@pytest.mark.parametrize("scripted", [True, False])
def test_a_page_looks_again_until_the_model_is_there(
    serve: Serve, open_page: OpenPage, apps: dict[str, Flask], described: Bundle, scripted: bool
) -> None:
    address = serve(None, model="none")
    page = open_page(address, java_script_enabled=scripted)
    expect(page.locator("main .lead")).to_contain_text("The model")
    with apps[address].app_context():
        services().model.load(described)
    expect(page.locator("main .lead")).to_contain_text("blue, green and red", timeout=15_000)


def test_what_it_costs_to_be_sure_is_a_table(serve: Serve, open_page: OpenPage) -> None:
    page = open_page(f"{serve()}/model", java_script_enabled=False)
    expect(page.locator(".refusal .slide")).to_be_hidden()
    row = page.locator(".refusal tbody tr", has_text="0.02")
    expect(row.locator("th, td")).to_have_text(
        ["98 of\u00a0100", "73 of\u00a0100", "99.0\u00a0%", "93.1\u00a0%", "0.02"]
    )
    expect(page.locator(".refusal tbody tr")).to_have_count(4)
