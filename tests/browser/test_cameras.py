"""A device with several cameras, as a phone has them."""

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Launch, OpenPage, Serve
from tests.browser.on_device import ready

pytestmark = pytest.mark.browser

OPENED = "video => video.srcObject.getVideoTracks().map((each) => each.getSettings().deviceId)"


@pytest.fixture(scope="module")
def browser(launch: Launch) -> Browser:
    return launch(
        "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream=device-count=2"
    )


def test_one_camera_after_the_other(serve: Serve, open_page: OpenPage) -> None:
    page = ready(open_page(f"{serve(live=True)}/live"))
    page.get_by_role("button", name="Start the camera").click()
    video, seen = page.locator("#video"), page.locator("#scores [data-best]")
    expect(seen).to_have_count(1)
    page.keyboard.press("Tab")
    switch = page.get_by_role("button", name="Switch camera")
    expect(switch).to_be_focused()
    opened = [video.evaluate(OPENED)]
    for _ in range(2):
        page.keyboard.press("Enter")
        expect(page.locator("#stage")).to_have_attribute("aria-busy", "false")
        expect(switch).to_be_focused()
        opened.append(video.evaluate(OPENED))
    assert [len(each) for each in opened] == [1, 1, 1]
    assert opened[0] == opened[2] != opened[1]
    expect(seen).to_have_count(1)
