"""The browser makes of a picture what the decoder makes of it: the same pixels, or nearly."""

import base64
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import ExifTags, Image
from playwright.sync_api import Browser, Page

import florist.web.live
from florist.images import FITS, Fit, ImageSpec, load_rgb

pytestmark = pytest.mark.browser

SIZE = 64
SCRIPTS = Path(florist.web.live.__file__).with_name("static")

FITTED = """async ([content, fit, size]) => {
  const { fitted } = await import("/resize.js");
  const { decoded } = await import("/decoding.js");
  const bytes = Uint8Array.from(atob(content), (each) => each.charCodeAt(0));
  const pixels = fitted(await decoded(new Blob([bytes])), { size, fit });
  return btoa(Array.from(pixels, (each) => String.fromCharCode(each)).join(""));
}"""

Encode = Callable[[], bytes]


def drawn(width: int, height: int, mode: str = "RGB") -> Image.Image:
    """Return waves with noise on them, which no filter hides."""
    rng = np.random.default_rng([width, height])
    y, x = np.mgrid[0:height, 0:width]
    waves = [np.sin(x / (7 + 5 * i) + y / (11 + i)) for i in range(len(mode))]
    pixels = 128 + 100 * np.stack(waves, -1) + rng.normal(0, 15, (height, width, len(mode)))
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8), mode)


def encoded(image: Image.Image, kind: str = "PNG", orientation: int = 1) -> bytes:
    buffer, exif = BytesIO(), Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    image.save(buffer, kind, exif=exif)
    return buffer.getvalue()


# What is drawn → the most that a number out of 0 to 255 may differ by.
PICTURES: dict[str, tuple[Encode, int]] = {
    "smaller than wanted": (lambda: encoded(drawn(24, 17)), 0),
    "as wanted": (lambda: encoded(drawn(SIZE, SIZE)), 0),
    "wide": (lambda: encoded(drawn(500, 333)), 0),
    "thin": (lambda: encoded(drawn(3000, 5)), 0),
    "several strips": (lambda: encoded(drawn(1600, 1200)), 0),
    "grey": (lambda: encoded(drawn(150, 100).convert("L")), 0),
    "palette": (lambda: encoded(drawn(150, 100).convert("P")), 0),
    "WebP": (lambda: encoded(drawn(150, 100), "WEBP"), 0),
    "JPEG": (lambda: encoded(drawn(150, 100), "JPEG"), 0),
    # Pillow begins with the columns, and rounds in between.
    "tall": (lambda: encoded(drawn(200, 900)), 1),
    "turned": (lambda: encoded(drawn(150, 100), "JPEG", orientation=6), 1),
    "mirrored": (lambda: encoded(drawn(150, 100), "JPEG", orientation=5), 1),
    # A canvas keeps colours multiplied by their opacity.
    "transparent": (lambda: encoded(drawn(150, 100, "RGBA")), 2),
    # libjpeg decodes it at an eighth for the server; a browser has no such way.
    "large JPEG": (lambda: encoded(drawn(1600, 1200), "JPEG"), 8),
}


@pytest.fixture(scope="module")
def scripts(browser: Browser) -> Iterator[Page]:
    """Return a page that may import the scripts."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(SCRIPTS))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever).start()
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{server.server_port}/manifest.webmanifest")
        yield page
        page.close()
        server.shutdown()


def pixels(page: Page, content: bytes, fit: Fit) -> NDArray[np.int_]:
    given = [base64.b64encode(content).decode(), fit, SIZE]
    got = base64.b64decode(page.evaluate(FITTED, given))
    return np.frombuffer(got, np.uint8).reshape(SIZE, SIZE, 3).astype(int)


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("name", PICTURES)
def test_the_browser_sees_what_the_decoder_sees(scripts: Page, name: str, fit: Fit) -> None:
    encode, most = PICTURES[name]
    content = encode()
    expected = load_rgb(content, ImageSpec(size=SIZE, fit=fit)).astype(int)
    assert np.abs(pixels(scripts, content, fit) - expected).max() <= most
