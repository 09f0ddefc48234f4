"""`report.html`: one file, nothing from elsewhere."""

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from florist.bundle import REPORT_PAGE, Bundle
from florist.dataset import scan
from florist.training import train, trust
from tests.conftest import COLOURS, FOREIGN, noisy_picture, write_colours
from tests.training.conftest import quick

HEADINGS = (
    "Classes, the weakest first", "What is taken for what", "The most confident mistakes",
    "Labels that are worth a look", "Whether scores are right", "What it costs to be surer",
    "None of these", "The network that answers",
)  # fmt: skip


class Page(HTMLParser):
    """What a page is made of."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def addresses(self) -> list[str]:
        names = ("src", "href", "srcset", "action", "data", "poster")
        return [found for _, attrs in self.tags for n in names if (found := attrs.get(n))]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the page of a model that was trained on wrong labels, with names that are HTML."""
    root = write_colours(tmp_path_factory.mktemp("told") / "<i>colours", per_class=14)
    noisy_picture(COLOURS["red"], 77).save(root / "blue" / "<b onload=x>&.png")
    (root / "_none" / "pink").mkdir(parents=True)
    noisy_picture(FOREIGN, 1).save(root / "_none" / "pink" / "1.png")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(trust, "ENOUGH", 2)
        bundle = train(scan(root), quick(epochs=1), root.parent / "model")
    return (bundle.path / REPORT_PAGE).read_text()


def test_it_needs_nothing_else(told: str) -> None:
    page = Page(told)
    assert {*(tag for tag, _ in page.tags)}.isdisjoint({"script", "link", "iframe", "i", "form"})
    assert all(each.startswith("data:image/webp;base64,") for each in page.addresses())
    assert page.addresses()
    assert "url(" not in told
    assert "@import" not in told
    assert not [name for _, attrs in page.tags for name in attrs if name.startswith("on")]


def test_it_tells_everything(told: str) -> None:
    assert tuple(re.findall(r"<h2>(.*?)</h2>", told)) == HEADINGS
    assert "&lt;b onload=x&gt;&amp;.png" in told
    assert told.count("<svg") == 3
    for said in (
        "look more like another class", "largest difference of a probability", "pink",
        "so it answers in 32 bits", "stranger than all but", "they are not calibrated",
    ):  # fmt: skip
        assert said in told


def test_what_is_not_known_is_left_out(trained: Bundle) -> None:
    """With few pictures there is no bank, no promise, and nothing foreign."""
    told = (trained.path / REPORT_PAGE).read_text()
    assert "Too few pictures were validated to promise anything." in told
    assert "It answers with one of its 3 classes whatever it is shown" in told
    assert told.count("<svg") == 1


def test_without_pictures_it_has_none(tmp_path: Path) -> None:
    root = write_colours(tmp_path / "colours", per_class=8)
    options: dict[str, Any] = {"epochs": 1, "pictures": False}
    bundle = train(scan(root), quick(**options), tmp_path / "model")
    assert "<img" not in (bundle.path / REPORT_PAGE).read_text()
