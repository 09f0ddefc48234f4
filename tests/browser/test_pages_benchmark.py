"""What measures the page beside Gradio's measures what it says."""

from pathlib import Path

import pytest
from benchmarks.pages import answering, florist, visits
from playwright.sync_api import Browser

from florist.bundle import Bundle

pytestmark = pytest.mark.browser


def test_the_page_is_measured(
    browser: Browser, bundle: Bundle, pictures: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmarks.pages._ROUNDS", 1)
    site = florist(bundle.path, pictures[0])
    found = visits(browser, site)
    assert 5_000 < found["first"]["bytes"] <= 40_000
    assert found["second"]["requests"] == 1 < found["first"]["requests"] <= 12
    # No line can be faster than it is: what was measured was measured on a slow one.
    assert found["usable_s"] > found["first"]["bytes"] * 8 / 1_600_000 + 0.150
    size = pictures[0].stat().st_size
    assert answering(browser, site, pictures[:1], (0, 8 * size)) > 1
