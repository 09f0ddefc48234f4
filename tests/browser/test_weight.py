"""What a visit costs: bytes and requests, as Chromium counts them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Page, Request

from tests.browser.conftest import OpenPage, Serve

pytestmark = pytest.mark.browser


@dataclass
class Traffic:
    """The requests of a window that reached the server, and the bytes that came back."""

    requests: list[str] = field(default_factory=list)
    size: int = 0

    def count(self, request: Request) -> None:
        sizes = request.sizes()
        transferred = sizes["responseHeadersSize"] + sizes["responseBodySize"]
        if transferred:  # nothing came over the wire for what the browser had
            self.requests.append(request.url)
            self.size += transferred


def traffic(page: Page, visit: Callable[[], object]) -> Traffic:
    """Count what a visit costs."""
    finished: list[Request] = []

    def note(request: Request) -> None:
        finished.append(request)

    page.on("requestfinished", note)
    with page.expect_request_finished(lambda request: request.is_navigation_request()):
        visit()
    page.wait_for_load_state("networkidle")
    page.remove_listener("requestfinished", note)
    counted = Traffic()
    for request in finished:  # asking for sizes waits: done meanwhile, the visit would go on
        counted.count(request)
    return counted


def test_the_first_page_weighs_little(serve: Serve, open_page: OpenPage) -> None:
    address = serve()
    page = open_page(f"{address}/livez", expected="404")  # its icon
    first = traffic(page, lambda: page.goto(address))
    assert len(first.requests) <= 12
    assert first.size <= 40_000


@pytest.mark.parametrize("path", ["/", "/model", "/history", "/docs"])
def test_a_second_visit_asks_for_the_page_alone(
    serve: Serve, open_page: OpenPage, path: str
) -> None:
    address = serve()
    page = open_page(f"{address}{path}")
    page.wait_for_load_state("networkidle")
    again = traffic(page, lambda: page.goto(f"{address}{path}"))
    assert again.requests == [f"{address}{path}"]


def test_the_files_of_another_version_are_asked_for_again(
    serve: Serve, open_page: OpenPage
) -> None:
    """While two versions serve one name, the page of one finds its style at the other."""
    page = open_page(serve())
    address = page.locator("link[rel=stylesheet]").first.get_attribute("href")
    assert address
    of_another = "/".join([*address.split("/")[:-2], "0" * 16, Path(address).name])
    kept, other = (
        page.request.get(page.url[:-1] + address),
        page.request.get(page.url[:-1] + of_another),
    )
    assert kept.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert other.headers["cache-control"] == "no-cache"
    assert kept.body() == other.body()
