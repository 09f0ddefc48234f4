"""Take the README's pictures of the page: `make screenshots`, after `make demo`.

Serves a model on a loopback port, sends pictures through the page in a real Chromium, and writes
docs/images/page-light.png and page-dark.png, in few colours so that they stay small.
"""

import argparse
import shutil
import tempfile
import threading
from io import BytesIO
from pathlib import Path
from typing import Final

from PIL import Image
from playwright.sync_api import Browser, expect, sync_playwright
from werkzeug.serving import make_server

import florist
from florist.web import create_app
from florist.web.settings import Settings

_WIDTH: Final = 1100
_COLOURS: Final = 256


def main() -> None:
    """Read the arguments, serve, look."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pictures", nargs="+", type=Path)
    parser.add_argument("--model", default="output")
    parser.add_argument("--to", type=Path, default=Path("docs/images"))
    arguments = parser.parse_args()
    arguments.to.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as uploads, sync_playwright() as playwright:
        predictor = florist.load(arguments.model)
        predictor.predict(arguments.pictures[0])  # a server is warm when it answers
        app = create_app(predictor, Settings(uploads=uploads))
        server = make_server("127.0.0.1", 0, app, threaded=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        for scheme in ("light", "dark"):
            shot = _look(browser, server.server_port, scheme, arguments.pictures)
            path = arguments.to / f"page-{scheme}.png"
            _save_small(shot, path)
            print(f"{path}: {path.stat().st_size / 1000:.0f} kB")
        browser.close()
        server.shutdown()


def _look(browser: Browser, port: int, scheme: str, pictures: list[Path]) -> bytes:
    context = browser.new_context(
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce",
        viewport={"width": _WIDTH, "height": 720},
    )
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{port}")
    page.set_input_files("#pictures", pictures)
    page.get_by_role("button", name="Submit").click()
    expect(page.locator(".card[data-state=done]")).to_have_count(len(pictures))
    page.mouse.move(0, 0)
    page.evaluate("document.activeElement.blur()")
    shot = page.screenshot(full_page=True)
    context.close()
    return shot


def _save_small(shot: bytes, path: Path) -> None:
    image = Image.open(BytesIO(shot)).convert("RGB")
    image.quantize(_COLOURS, dither=Image.Dither.FLOYDSTEINBERG).save(path, optimize=True)


if __name__ == "__main__":
    main()
