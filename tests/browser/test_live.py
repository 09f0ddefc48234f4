"""The model on the visitor's own device: camera, files, no network, and what may be missing."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Launch, OpenPage, Serve
from tests.browser.on_device import kept, labels, ready
from tests.browser.test_everyone import SCREENS, faults, lightness
from tests.browser.test_weight import traffic
from tests.conftest import COLOURS, noisy_picture

pytestmark = pytest.mark.browser

PLAIN_HTTP = "pictures.test"
"""A name of this machine that a browser gives neither a camera nor a cache."""


SHIFTS = """globalThis.shifts = 0;
new PerformanceObserver((list) => {
  for (const each of list.getEntries()) if (!each.hadRecentInput) shifts += each.value;
}).observe({ type: "layout-shift", buffered: true });"""


@pytest.fixture(scope="module")
def browser(launch: Launch, tmp_path_factory: pytest.TempPathFactory) -> Browser:
    """Return a Chromium with a camera that sees a green picture."""
    film = tmp_path_factory.mktemp("camera") / "green.mjpeg"
    noisy_picture(COLOURS["green"], 1, 96).save(film, "JPEG")
    return launch(
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={film}",
        f"--host-resolver-rules=MAP {PLAIN_HTTP} 127.0.0.1",
    )


ICONS = """fetch("manifest.webmanifest").then((found) => found.json()).then(({ icons }) =>
  Promise.all(icons.map(async ({ src }) => (await fetch(src)).headers.get("content-type"))))"""


def test_nothing_of_it_is_loaded_before_it_is_opened(serve: Serve, open_page: OpenPage) -> None:
    address = serve(live=True)
    page = open_page(f"{address}/livez", expected="404")
    first = traffic(page, lambda: page.goto(address))
    assert not [each for each in first.requests if "/live/" in each]
    assert len(first.requests) <= 12
    assert first.size <= 40_000
    page.get_by_role("link", name="Live").click()
    ready(page)
    page.get_by_role("link", name="Classify on the server").click()
    expect(page.locator("#form")).to_be_visible()


def test_the_camera_is_answered_by_keyboard_alone(serve: Serve, open_page: OpenPage) -> None:
    page = ready(open_page(f"{serve(live=True)}/live"))
    best, freeze = page.locator("#scores [data-best] .name"), page.locator("#freeze")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(best).to_have_text("green")
    expect(freeze).to_be_focused()
    page.keyboard.press("Enter")
    expect(freeze).to_have_text("Go on")
    expect(page.locator("#news")).to_contain_text("green, ")
    assert page.locator("#video").evaluate("video => video.paused")
    page.keyboard.press("Enter")
    expect(freeze).to_have_text("Freeze")
    assert not page.locator("#video").evaluate("video => video.paused")
    expect(page.locator("#switch")).to_be_hidden()


def test_files_are_answered_and_do_not_leave_the_device(
    serve: Serve, open_page: OpenPage, pictures: list[Path], no_picture: Path
) -> None:
    page = kept(open_page(f"{serve(live=True)}/live"))
    page.get_by_role("button", name="Start the camera").click()
    asked: list[str] = []
    page.context.on("request", lambda request: asked.append(request.url))
    assert labels(page, *pictures, no_picture) == [
        "red",
        "green",
        "blue",
        "This is no picture that can be read",
    ]
    expect(page.locator(".card").first.locator("li .value").first).to_contain_text("%")
    expect(page.locator(".card").first.locator(".card-foot")).to_contain_text("on this device in")
    assert not [each for each in asked if not each.startswith("blob:")]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("screen", SCREENS)
def test_nobody_is_kept_out(
    serve: Serve,
    open_page: OpenPage,
    pictures: list[Path],
    no_picture: Path,
    screen: str,
    scheme: str,
) -> None:
    options = {**SCREENS[screen], "color_scheme": scheme}
    page = open_page(f"{serve(live=True)}/live", reduced_motion="reduce", **options)
    ready(page)
    page.get_by_role("button", name="Start the camera").click()
    labels(page, *pictures, no_picture)
    page.get_by_role("button", name="Freeze").click()
    assert faults(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= options["viewport"]["width"]


def test_it_works_without_a_network_once_it_was_opened(
    serve: Serve, open_page: OpenPage, pictures: list[Path]
) -> None:
    page = kept(open_page(f"{serve(live=True)}/live"))
    assert page.evaluate("crossOriginIsolated")  # so that several threads compute
    chromium = page.context.new_cdp_session(page)
    found = chromium.send("Page.getInstallabilityErrors")["installabilityErrors"]
    assert {each["errorId"] for each in found} <= {"in-incognito"}  # as all windows of a test are
    page.context.set_offline(True)
    page.reload()
    ready(page)
    assert labels(page, *pictures[:1]) == ["red"]
    assert page.evaluate(ICONS) == ["image/png", "image/png"]


def test_over_plain_http_there_are_files_and_no_camera(
    serve: Serve, open_page: OpenPage, pictures: list[Path]
) -> None:
    address = serve(live=True).replace("127.0.0.1", PLAIN_HTTP)
    page = ready(open_page(f"{address}/live/", expected="untrustworthy"))
    page.get_by_role("button", name="Start the camera").click()
    expect(page.get_by_role("alert").first).to_contain_text("Open it with https")
    assert labels(page, *pictures[:1]) == ["red"]


def test_a_camera_that_was_refused_is_asked_for_again(serve: Serve, open_page: OpenPage) -> None:
    page = ready(open_page(f"{serve(live=True)}/live/"))
    refuse = """name => { navigator.mediaDevices.getUserMedia = async () => {
      throw new DOMException("", name);
    }; }"""
    start = page.get_by_role("button", name="Start the camera")
    for error, sentence in [
        ("NotAllowedError", "was not allowed"),
        ("NotFoundError", "no camera on this device"),
        ("NotReadableError", "Another program"),
    ]:
        page.evaluate(refuse, error)
        start.click()
        expect(page.locator("#why")).to_contain_text(sentence)
    page.evaluate("delete navigator.mediaDevices.getUserMedia")
    start.click()
    expect(page.locator("#scores [data-best]")).to_have_count(1)
    expect(page.locator("#why")).to_be_empty()


def test_a_browser_without_webassembly_says_so(serve: Serve, open_page: OpenPage) -> None:
    page = open_page(f"{serve(live=True)}/livez", expected="404")
    page.add_init_script("delete globalThis.WebAssembly")
    page.goto(page.url.replace("/livez", "/live/"))
    expect(page.locator("#state")).to_contain_text("has no WebAssembly")
    expect(page.get_by_role("button", name="Start the camera")).to_be_disabled()


@pytest.mark.parametrize("screen", SCREENS)
def test_nothing_moves_while_it_is_loaded_and_answers(
    serve: Serve, open_page: OpenPage, pictures: list[Path], screen: str
) -> None:
    page = open_page(f"{serve(live=True)}/livez", expected="404", **SCREENS[screen])
    page.add_init_script(SHIFTS)
    page.goto(page.url.replace("/livez", "/live/"))
    kept(page).get_by_role("button", name="Start the camera").click()
    labels(page, *pictures)
    expect(page.locator("#answer")).to_have_text("green")
    assert page.evaluate("shifts") <= 0.01


def test_dark_and_light_by_hand_outlive_the_page(serve: Serve, open_page: OpenPage) -> None:
    page = open_page(f"{serve(live=True)}/live", color_scheme="light")
    dark, system = (page.get_by_role("button", name=name) for name in ("Dark", "System"))
    expect(system).to_have_attribute("aria-pressed", "true")
    dark.click()
    assert lightness(page) < 0.15
    page.reload()
    expect(dark).to_have_attribute("aria-pressed", "true")
    assert lightness(page) < 0.15
    assert faults(page) == []
    system.click()
    assert lightness(page) > 0.9
