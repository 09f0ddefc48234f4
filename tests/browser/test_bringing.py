"""Ways to bring pictures to the page: dropped, also in folders, pasted, and photographed."""

import base64
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage, Serve
from tests.browser.test_upload import ON_A_PHONE, answers, label

pytestmark = pytest.mark.browser


def drop(page: Page, *paths: Path) -> None:
    """Drag files from outside onto the form, as the desktop would."""
    box = page.locator("#form").bounding_box()
    assert box
    session = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
    where = {"x": box["x"] + box["width"] / 2, "y": box["y"] + 10}
    for step in ("dragEnter", "dragOver", "drop"):
        session.send("Input.dispatchDragEvent", {"type": step, **where, "data": data})


def paste(page: Page, path: Path) -> None:
    """Put a picture onto the clipboard and press the keys."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.evaluate(
        """async (content) => {
            const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
            const blob = new Blob([bytes], { type: "image/png" });
            await navigator.clipboard.write([new ClipboardItem({ "image/png": blob })]);
        }""",
        base64.b64encode(path.read_bytes()).decode(),
    )
    page.keyboard.press("Control+V")


def test_dropped_pictures_are_answered(
    serve: Serve, open_page: OpenPage, pictures: list[Path]
) -> None:
    page = open_page(serve())
    drop(page, *pictures)
    expect(page.locator(".card")).to_have_count(3)
    page.keyboard.press("Enter")  # the drop has put the focus on Submit
    expect(label(answers(page))).to_have_text(["red", "green", "blue"])


def test_the_pictures_in_a_dropped_folder_are_taken(
    serve: Serve, open_page: OpenPage, pictures: list[Path], tmp_path: Path
) -> None:
    """However deep, whatever lies beside them, and together with a picture that was dropped."""
    folder, beside = tmp_path / "folder", pictures[0]
    (folder / "deep" / "deeper").mkdir(parents=True)
    for number in range(120):  # a browser lists a hundred at a time
        shutil.copy(beside, folder / f"{number}.png")
    shutil.copy(beside, folder / "deep" / "deeper" / "PHOTO.JPG")
    for name in ("notes.txt", ".hidden.png", "deep/Thumbs.db"):
        (folder / name).touch()
    page = open_page(serve())
    drop(page, folder, beside)
    expect(page.get_by_role("button", name="Submit 122 pictures")).to_be_focused()
    expect(page.locator(".card", has_text="PHOTO.JPG")).to_have_count(1)
    expect(page.locator(".card .name").nth(2)).to_have_text("2.png")
    expect(page.locator("#message")).to_have_text("")


def test_a_dropped_folder_without_pictures_says_so(
    serve: Serve, open_page: OpenPage, tmp_path: Path
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "notes.txt").touch()
    page = open_page(serve())
    drop(page, folder)
    expect(page.get_by_role("alert")).to_have_text("There are no pictures in that folder.")
    expect(page.locator(".card")).to_have_count(0)


def test_a_pasted_address_says_what_to_do(serve: Serve, open_page: OpenPage) -> None:
    page = open_page(serve())
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.evaluate("navigator.clipboard.writeText('https://example.org/rose.jpg')")
    page.keyboard.press("Control+V")
    expect(page.get_by_role("alert")).to_contain_text("an address, not a picture")


def test_a_pasted_picture_is_answered(
    serve: Serve, open_page: OpenPage, pictures: list[Path]
) -> None:
    page = open_page(serve())
    paste(page, pictures[1])
    expect(page.locator(".card")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(label(answers(page))).to_have_text("green")


def test_a_phone_can_take_a_photo(serve: Serve, open_page: OpenPage, pictures: list[Path]) -> None:
    page = open_page(serve(), **ON_A_PHONE)
    expect(page.locator("#camera")).to_have_attribute("capture", "environment")
    page.on("filechooser", lambda chooser: chooser.set_files(pictures[2]))
    page.get_by_text("Take a photo").tap()
    expect(page.locator(".card")).to_contain_text("blue.png")
    page.get_by_role("button", name="Submit").tap()
    expect(label(answers(page))).to_have_text("blue")
