"""Large pictures are made smaller before they are sent, and the server sees the same in them."""

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask import Flask
from PIL import Image, ImageCms
from playwright.sync_api import Locator, Page, expect

from florist.images import ImageSpec, load_rgb
from tests.browser.conftest import OpenPage, Serve
from tests.browser.test_upload import answers, label
from tests.conftest import COLOURS, noisy_picture

pytestmark = pytest.mark.browser

TWELVE_MEGAPIXELS = (4000, 3000)
FIVE_SECONDS_AT_750_KBIT = 5 * 750_000 // 8
SIDE = 64
SPEC = ImageSpec(size=SIDE)

# What the page's own thread makes of the chosen file: base64, or null where it is sent as it is.
SHRINK = """async ([script, side]) => {
    const worker = new Worker(script);
    const content = await new Promise((done, failed) => {
        worker.onmessage = ({ data }) => done(data);
        worker.onerror = failed;
        worker.postMessage({ file: document.getElementById("shrunk").files[0], side });
    });
    if (!content) return null;
    const bytes = new Uint8Array(await content.arrayBuffer());
    return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}"""


def photograph(size: tuple[int, int] = (1800, 1500), seed: int = 1) -> Image.Image:
    """Return a picture with a lit corner, so that no turn leaves it as it was, and with noise."""
    rng = np.random.default_rng(seed)
    coarse = noisy_picture(COLOURS["green"], seed, 64)
    coarse.paste((250, 240, 120), (0, 0, 24, 16))
    pixels = np.asarray(coarse.resize(size, Image.Resampling.BICUBIC), np.int16)
    noise = rng.integers(-12, 13, pixels.shape, np.int16)
    return Image.fromarray((pixels + noise).clip(0, 255).astype(np.uint8))


def write(path: Path, picture: Image.Image, **options: Any) -> Path:
    picture.save(path, **options)
    return path


@pytest.fixture(scope="module")
def phone_photograph(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("phone") / "photo.jpg"
    return write(path, photograph(TWELVE_MEGAPIXELS), quality=92)


def submit(page: Page, path: Path) -> Locator:
    page.set_input_files("#pictures", path)
    page.get_by_role("button", name="Submit").click()
    expect(answers(page)).to_have_count(1, timeout=30_000)
    return answers(page)


def bodies(app: Flask) -> list[int]:
    """Return the bytes that are posted from now on."""
    posted: list[int] = []
    answered = app.wsgi_app

    def counting(environ: dict[str, Any], start_response: Any) -> Any:
        if environ["REQUEST_METHOD"] == "POST":
            posted.append(int(environ["CONTENT_LENGTH"]))
        return answered(environ, start_response)

    app.wsgi_app = counting  # type: ignore[method-assign]
    return posted


def test_a_photograph_takes_five_seconds_on_a_slow_line_and_can_be_sent_whole(
    serve: Serve, open_page: OpenPage, phone_photograph: Path, apps: dict[str, Flask]
) -> None:
    address = serve()
    page = open_page(address)
    posted = bodies(apps[address])
    card = submit(page, phone_photograph)
    expect(label(card)).to_have_text("green")
    expect(card).to_contain_text("Sent smaller")
    expect(card).to_contain_text("1024 × 768")
    assert posted[0] <= FIVE_SECONDS_AT_750_KBIT
    card.get_by_role("button", name="Send the original").click()
    expect(card).to_contain_text("4000 × 3000", timeout=30_000)
    expect(card).not_to_contain_text("Sent smaller")
    assert posted[1] > phone_photograph.stat().st_size


def test_what_was_too_large_is_answered(
    serve: Serve, open_page: OpenPage, phone_photograph: Path
) -> None:
    page = open_page(serve(max_body_mib=1))
    card = submit(page, phone_photograph)
    expect(label(card)).to_have_text("green")
    expect(card).to_contain_text("Sent smaller")
    expect(card.get_by_role("button")).to_have_count(0)  # the original would be refused


def test_what_the_browser_cannot_read_is_sent_as_it_is(
    serve: Serve, open_page: OpenPage, tmp_path: Path
) -> None:
    card = submit(open_page(serve()), write(tmp_path / "scan.tiff", photograph()))
    expect(label(card)).to_have_text("green")
    expect(card).not_to_contain_text("Sent smaller")


def turned() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif


def other_profile() -> bytes:
    """Return a profile by which the same numbers are other colours: red and blue change places."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return profile.replace(b"rXYZ", b"____").replace(b"bXYZ", b"rXYZ").replace(b"____", b"bXYZ")


def see_through() -> Image.Image:
    picture = photograph().convert("RGBA")
    picture.putalpha(Image.linear_gradient("L").resize(picture.size))
    return picture


KINDS: dict[str, tuple[str, Callable[[], Image.Image], dict[str, Any]]] = {
    "a photograph": ("jpg", photograph, {"quality": 95}),
    "on its side": ("jpg", photograph, {"quality": 95, "exif": turned()}),
    "for print": ("jpg", lambda: photograph().convert("CMYK"), {"quality": 95}),
    "with a profile": ("png", photograph, {"icc_profile": other_profile()}),
}
AS_THEY_ARE: dict[str, tuple[str, Callable[[], Image.Image], dict[str, Any]]] = {
    "see-through": ("png", see_through, {}),
    "a WebP": ("webp", photograph, {"quality": 95, "exif": turned()}),
    "of few pixels": ("png", lambda: photograph((1024, 192)), {}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_server_sees_the_same(
    serve: Serve, open_page: OpenPage, tmp_path: Path, kind: str
) -> None:
    suffix, draw, options = KINDS[kind]
    path = write(tmp_path / f"picture.{suffix}", draw(), **options)
    content = shrunk(open_page(serve()), path)
    assert content is not None
    assert len(content) < path.stat().st_size / 4
    ours, theirs = (load_rgb(each, SPEC).astype(int) for each in (path.read_bytes(), content))
    assert np.abs(ours - theirs).mean() < 1


@pytest.mark.parametrize("kind", AS_THEY_ARE)
def test_what_the_server_would_see_otherwise_is_sent_as_it_is(
    serve: Serve, open_page: OpenPage, tmp_path: Path, kind: str
) -> None:
    suffix, draw, options = AS_THEY_ARE[kind]
    path = write(tmp_path / f"picture.{suffix}", draw(), **options)
    assert shrunk(open_page(serve()), path) is None


def shrunk(page: Page, path: Path) -> bytes | None:
    page.evaluate(
        """() => {
            const input = document.createElement("input");
            Object.assign(input, { type: "file", id: "shrunk" });
            document.body.append(input);
        }"""
    )
    page.set_input_files("#shrunk", path)
    script = page.locator("link[rel=modulepreload]").first.evaluate(
        "(link) => new URL('shrinking.js', link.href).href"
    )
    content = page.evaluate(SHRINK, [script, SIDE])
    return None if content is None else base64.b64decode(content)
