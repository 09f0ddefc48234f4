"""How far the page is that answers on the device, and what it says of files."""

from pathlib import Path

from playwright.sync_api import Page, expect


def ready(page: Page) -> Page:
    expect(page.locator("#state")).to_contain_text("Ready", timeout=60_000)
    return page


def kept(page: Page) -> Page:
    expect(page.locator("#state")).to_contain_text("without a network", timeout=60_000)
    return page


def labels(page: Page, *paths: Path) -> list[str]:
    page.set_input_files("#pictures", paths)
    expect(page.locator(".card-label", has_text="Looking")).to_have_count(0)
    return page.locator(".card .card-label").all_inner_texts()
