"""What was uploaded, and how it goes away."""

import re
from pathlib import Path

import pytest
from flask import Flask
from PIL import Image
from playwright.sync_api import Page, expect

from florist.images import Limits
from florist.prediction import Prediction, Result
from florist.web.inference.classify import File
from florist.web.pages.kept import PICTURES_A_PAGE
from florist.web.services import services
from florist.web.uploads.copies import SIDE, copy_of
from tests.browser.conftest import OpenPage, Serve
from tests.conftest import COLOURS, noisy_picture

pytestmark = pytest.mark.browser

PHONE = {
    "viewport": {"width": 390, "height": 844},
    "has_touch": True,
    "is_mobile": True,
    "device_scale_factor": 3,
}


def upload(page: Page, *paths: Path) -> None:
    page.set_input_files("#pictures", paths)
    page.get_by_role("button", name="Submit").click()
    expect(page.locator(".card[data-state=done]")).to_have_count(len(paths), timeout=60_000)


def look_back(page: Page, count: int) -> None:
    """Open the history once so many pictures are in it: they are kept beside the answers."""
    page.get_by_role("link", name="History").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("History")
    while page.locator(".pictures li").count() != count:
        page.reload()


def test_uploads_are_listed_and_one_is_deleted(
    serve: Serve, open_page: OpenPage, pictures: list[Path]
) -> None:
    page = open_page(serve())
    upload(page, *pictures)
    look_back(page, 3)
    shown = page.locator(".pictures li")
    for colour in COLOURS:
        item = shown.filter(has_text=f"{colour}.png")
        expect(item.get_by_role("heading")).to_contain_text(colour)
        assert item.locator("img").evaluate(
            "async (image) => { await image.decode(); return true; }"
        )
    expect(shown.first.locator("time")).not_to_contain_text("UTC")  # the reader's own time
    page.get_by_role("button", name="Delete green.png").click()
    expect(page.get_by_role("status")).to_have_text("The picture is deleted.")
    expect(shown).to_have_count(2)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("status")).to_have_text("The picture is back.")
    expect(page.get_by_role("heading", level=1)).to_have_text("green")


def test_all_are_deleted_after_a_question(
    serve: Serve, open_page: OpenPage, pictures: list[Path]
) -> None:
    page = open_page(serve())
    upload(page, *pictures)
    look_back(page, 3)
    page.get_by_role("link", name="Delete all").click()
    page.get_by_role("link", name="Keep them").click()
    expect(page.locator(".pictures li")).to_have_count(3)
    page.get_by_role("link", name="Delete all").click()
    page.get_by_role("button", name="Delete all").click()
    expect(page.get_by_role("status")).to_contain_text("3")
    expect(page.locator("main")).to_contain_text("Nothing here yet")


def test_a_long_history_has_several_pages(
    serve: Serve, open_page: OpenPage, tmp_path: Path
) -> None:
    paths = [tmp_path / f"{number:02}.png" for number in range(PICTURES_A_PAGE + 2)]
    for number, path in enumerate(paths):
        noisy_picture(COLOURS["red"], number, 16).save(path)
    page = open_page(serve())
    upload(page, *paths)
    look_back(page, PICTURES_A_PAGE)
    page.get_by_role("link", name="Older").click()
    expect(page.locator(".pictures li")).to_have_count(2)
    page.get_by_role("link", name="Newest").click()
    expect(page.locator(".pictures li")).to_have_count(PICTURES_A_PAGE)


def test_a_kept_picture_opens_its_answer_and_then_on_its_own(
    serve: Serve, open_page: OpenPage, pictures: list[Path]
) -> None:
    page = open_page(serve())
    upload(page, pictures[0])
    look_back(page, 1)
    page.locator(".picture").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("red")
    expect(page.locator(".scores li")).to_have_count(3)
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("red")
    with page.expect_navigation() as navigation:
        page.locator(".answer-picture").click()
    response = navigation.value
    assert response
    assert response.headers["content-type"] == "image/jpeg"
    assert "sandbox" in response.headers["content-security-policy"]
    assert response.headers["x-content-type-options"] == "nosniff"


def test_an_answer_leads_on_is_copied_and_deleted(
    serve: Serve, open_page: OpenPage, pictures: list[Path]
) -> None:
    page = open_page(serve())
    for number, picture in enumerate(pictures[:2]):
        upload(page, picture)
        look_back(page, number + 1)
        page.get_by_role("link", name="Classify").click()
    look_back(page, 2)
    page.locator(".picture").last.click()
    heading = page.get_by_role("heading", level=1)
    page.get_by_role("link", name="Newer").click()
    expect(heading).to_have_text("green")
    page.get_by_role("link", name="Older").click()
    expect(heading).to_have_text("red")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == page.url
    expect(page.locator(".answer code")).to_have_text(re.compile("^[0-9a-f]{64}$"))
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("status")).to_have_text("The picture is deleted.")
    expect(page.locator(".pictures li")).to_have_count(1)


def test_some_of_the_history(serve: Serve, open_page: OpenPage, pictures: list[Path]) -> None:
    address = serve()
    upload(open_page(address), pictures[0])
    page = open_page(address)  # another browser
    upload(page, *pictures)
    look_back(page, 4)
    shown = page.locator(".pictures li")
    page.get_by_label("Show").select_option(label="red")
    page.get_by_role("button", name="Show").click()
    expect(shown).to_have_count(2)
    page.get_by_label("Only from this browser").check()
    page.get_by_role("button", name="Show").click()
    expect(shown).to_have_count(1)
    expect(page.get_by_label("Show")).to_have_value("class:red")
    shown.locator(".picture").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("red")
    expect(page.get_by_role("link", name="Older")).to_have_count(0)
    page.get_by_role("link", name="History").last.click()
    expect(shown).to_have_count(1)
    page.get_by_label("Show").select_option(label="none of these")
    page.get_by_role("button", name="Show").click()
    page.get_by_role("link", name="Show all").click()
    expect(shown).to_have_count(4)


def test_the_history_says_what_is_unsure_and_what_else_it_may_be(
    serve: Serve, open_page: OpenPage, tmp_path: Path
) -> None:
    path = tmp_path / "grey.png"
    Image.new("RGB", (32, 32), (90, 90, 90)).save(path)
    page = open_page(serve())
    upload(page, path)
    look_back(page, 1)
    item = page.locator(".pictures li")
    expect(item).to_contain_text("Could be blue or green")
    for colour in COLOURS:
        expect(item).to_contain_text(colour)


def test_a_hostile_name_is_shown_and_does_nothing(
    serve: Serve, open_page: OpenPage, tmp_path: Path
) -> None:
    name = "<img src=x onerror=document.title='owned'>.png"
    path = tmp_path / name
    noisy_picture(COLOURS["blue"], 1, 32).save(path)
    page = open_page(serve())
    upload(page, path)
    expect(page.locator(".card .name").first).to_have_text(name)
    look_back(page, 1)
    expect(page.locator(".file")).to_have_text(name)
    assert "owned" not in page.title()


def test_nothing_is_listed_where_nothing_is_kept(
    serve: Serve, open_page: OpenPage, pictures: list[Path]
) -> None:
    page = open_page(serve(keep_uploads=False))
    upload(page, pictures[0])
    page.get_by_role("link", name="History").click()
    expect(page.locator("main")).to_contain_text("Pictures are not kept.")
    expect(page.locator("body")).not_to_contain_text("appears here")
    expect(page.locator("body")).not_to_contain_text("stay on this server")
    expect(page.locator(".pictures li")).to_have_count(0)


def test_a_page_of_the_history_weighs_little(
    serve: Serve, open_page: OpenPage, apps: dict[str, Flask], tmp_path: Path
) -> None:
    address = serve()
    with apps[address].app_context():
        uploads = services().uploads
    assert uploads is not None
    result = Result(predictions=(Prediction("red", 0.9),), width=480, height=360)
    for number in range(PICTURES_A_PAGE):
        noise = Image.effect_noise((480, 360), 60)  # more detail than any photograph has
        noise.save(tmp_path / "noise.png")
        file = File(f"{number}.png", (tmp_path / "noise.png").read_bytes())
        assert uploads.add([copy_of(file, result, SIDE, Limits())]) == [True]
    page = open_page(f"{address}/model", **PHONE)
    sizes: list[int] = []
    page.on("requestfinished", lambda each: sizes.append(each.sizes()["responseBodySize"]))
    page.goto(f"{address}/history")
    for image in page.locator(".picture img").all():
        image.evaluate("(image) => { image.loading = 'eager'; return image.decode(); }")
    page.wait_for_load_state("networkidle")
    assert len(sizes) > PICTURES_A_PAGE
    assert sum(sizes) <= 400_000


def test_a_page_says_who_sees_the_pictures(serve: Serve, open_page: OpenPage) -> None:
    page = open_page(serve())
    said = "Everybody who can open this page can see them in the history"
    expect(page.locator("main")).to_contain_text(said)
    page.get_by_role("link", name="History").click()
    expect(page.locator("main")).to_contain_text(said)
