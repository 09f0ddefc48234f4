"""The description of the API, tried in it."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenPage, Serve

pytestmark = pytest.mark.browser


def test_a_snippet_is_copied(serve: Serve, open_page: OpenPage) -> None:
    page = open_page(f"{serve()}/docs")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy Python").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == page.locator("#python").text_content()
    assert "/api/v1/predictions" in copied


def test_the_api_is_tried_out(serve: Serve, open_page: OpenPage, pictures: list[Path]) -> None:
    page = open_page(f"{serve()}/docs")
    answer = page.locator("#answer")
    button = page.get_by_role("button", name="Try it")
    with page.expect_response("**/predictions*") as got:
        button.click()
    expect(button).to_be_enabled()
    assert json.loads(answer.inner_text()) == got.value.json()
    page.get_by_label("Another picture").set_input_files(pictures[1])
    with page.expect_response("**/predictions*"):
        button.click()
    expect(button).to_be_enabled()
    top = json.loads(answer.inner_text())["predictions"][0]["predictions"]
    assert top[0]["label"] == "green"


def test_the_api_is_tried_out_with_a_key(serve: Serve, open_page: OpenPage) -> None:
    page = open_page(f"{serve(api_keys=('a key',))}/docs", expected="401")
    answer = page.locator("#answer")
    page.get_by_role("button", name="Try it").click()
    expect(answer).to_contain_text("bad-key")
    page.get_by_label("Key").fill("a key")
    page.get_by_role("button", name="Try it").click()
    expect(answer).to_contain_text("score")
