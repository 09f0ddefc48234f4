"""The page that training writes, as a file and as it is served."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from florist.bundle import REPORT_PAGE, Bundle
from florist.dataset import scan
from florist.training import train, trust
from tests.browser.test_everyone import SCREENS, faults, lightness
from tests.conftest import COLOURS, FOREIGN, noisy_picture, write_colours
from tests.training.conftest import quick

OpenReport = Callable[..., tuple[Page, list[str]]]

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """Return a model that makes mistakes, doubts labels, and knows foreign pictures."""
    root = write_colours(tmp_path_factory.mktemp("report") / "colours", per_class=14)
    noisy_picture(COLOURS["red"], 77).save(root / "blue" / "wrong.png")
    (root / "_none" / "pink").mkdir(parents=True)
    noisy_picture(FOREIGN, 1).save(root / "_none" / "pink" / "1.png")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(trust, "ENOUGH", 2)
        return train(scan(root), quick(epochs=1), root.parent / "model")


@pytest.fixture
def open_report(browser: Browser, model: Bundle) -> Iterator[OpenReport]:
    """Return what opens the file, without a script, which hears of every request."""
    contexts: list[BrowserContext] = []

    def opened(**options: Any) -> tuple[Page, list[str]]:
        contexts.append(browser.new_context(**options))
        page = contexts[-1].new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url.split(":")[0]))
        page.goto(f"file://{model.path / REPORT_PAGE}")
        return page, asked

    yield opened
    for each in contexts:
        each.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("screen", SCREENS)
def test_nobody_is_kept_out_of_the_report(
    open_report: OpenReport, screen: str, scheme: str
) -> None:
    page, asked = open_report(**SCREENS[screen], color_scheme=scheme)
    assert {*asked} <= {"file", "data"}
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= SCREENS[screen]["viewport"]["width"]
    assert (lightness(page) > 0.9) == (scheme == "light")
    assert faults(page) == []


def test_the_report_can_be_printed_and_read_without_a_script(
    open_report: OpenReport, tmp_path: Path
) -> None:
    page, _ = open_report(java_script_enabled=False)
    assert page.get_by_role("heading", level=2).count() == 8
    assert page.locator("svg").count() == 3
    assert len(page.pdf(format="A4")) > 10_000
