"""A picture of none of the classes, from the form to the history."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

import florist
from florist.bundle import Bundle
from tests.browser.conftest import OpenPage, Serve
from tests.conftest import FOREIGN, noisy_picture

pytestmark = pytest.mark.browser


def test_it_is_probably_none_of_these_wherever_it_is_shown(
    serve: Serve, open_page: OpenPage, trusted: Bundle, tmp_path: Path
) -> None:
    path = tmp_path / "strange.png"
    noisy_picture(FOREIGN, 0).save(path)
    page = open_page(serve(florist.load(trusted.path)))
    page.set_input_files("#pictures", [path])
    page.get_by_role("button", name="Submit").click()
    said = re.compile("Probably none of these looks most like (red|blue)")
    card = page.locator(".card[data-state=done]")
    expect(card.get_by_role("heading")).to_have_text(said)
    expect(page.locator("#news")).to_contain_text("Probably none of these, looks most")
    page.get_by_role("link", name="History").first.click()
    kept = page.locator(".pictures li")
    expect(kept).to_contain_text("Probably none of these")
    expect(kept).to_contain_text("looks most like")
    kept.get_by_role("link").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(said)
