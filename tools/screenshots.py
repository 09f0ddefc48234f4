"""Take the README's pictures of the page: `make screenshots`, after `make demo`.

Serves a model on a loopback port, looks at it in a real Chromium with a drawn camera, and writes
docs/images/NAME-light.png and NAME-dark.png for each of `SHOTS`, in few colours so that they stay
small.
"""

import argparse
import shutil
import tempfile
import threading
from collections.abc import Callable, Sequence
from io import BytesIO
from itertools import chain
from pathlib import Path
from typing import Final

from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright
from werkzeug.serving import make_server

import florist
from florist.web import create_app
from florist.web.settings import Settings

_WIDTH: Final = 1100
_HEIGHT: Final = 720
_COLOURS: Final = 256
_MANY: Final = 8
"""Pictures of each class that the table shows."""


def main() -> None:
    """Read the arguments, serve, look."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="pictures, a folder per class")
    parser.add_argument("--model", default="output")
    parser.add_argument("--to", type=Path, default=Path("docs/images"))
    arguments = parser.parse_args()
    arguments.to.mkdir(parents=True, exist_ok=True)
    classes = [sorted(each.glob("*.jpg")) for each in sorted(arguments.folder.iterdir())]
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        film = Path(folder, "camera.mjpeg")
        shutil.copyfile(classes[0][0], film)
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--use-fake-ui-for-media-stream",
                "--use-fake-device-for-media-stream",
                f"--use-file-for-fake-video-capture={film}",
            ],
        )
        predictor = florist.load(arguments.model)
        predictor.predict(classes[0][0])  # a server is warm when it answers
        app = create_app(predictor, Settings(uploads=str(Path(folder, "uploads")), live=True))
        server = make_server("127.0.0.1", 0, app, threaded=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for name, look in SHOTS.items():
            for scheme in ("light", "dark"):
                page = browser.new_page(
                    color_scheme="dark" if scheme == "dark" else "light",
                    reduced_motion="reduce",
                    viewport={"width": _WIDTH, "height": _HEIGHT},
                )
                page.goto(f"http://127.0.0.1:{server.server_port}")
                shot = look(page, classes)
                page.close()
                path = arguments.to / f"{name}-{scheme}.png"
                _save_small(shot, path)
                print(f"{path}: {path.stat().st_size / 1000:.0f} kB")
        browser.close()
        server.shutdown()


def _two(page: Page, classes: Sequence[Sequence[Path]]) -> bytes:
    """Show the first page with two answers."""
    _submit(page, [classes[2][0], classes[3][0]])
    return page.screenshot(full_page=True)


def _many(page: Page, classes: Sequence[Sequence[Path]]) -> bytes:
    """Show the table of many pictures."""
    _submit(page, [*chain.from_iterable(each[:_MANY] for each in classes)])
    page.locator("#summary").evaluate("found => found.scrollIntoView()")
    return page.screenshot()


def _live(page: Page, classes: Sequence[Sequence[Path]]) -> bytes:
    """Show what the camera sees, answered on the device."""
    page.get_by_role("link", name="Live", exact=True).click()
    page.get_by_role("button", name="Start the camera").click()
    expect(page.locator("#scores [data-best] .name")).to_have_text(classes[0][0].parent.name)
    page.get_by_role("button", name="Freeze").click()
    return page.screenshot()


def _mistakes(page: Page, classes: Sequence[Sequence[Path]]) -> bytes:
    """Show on the model's page what it gets wrong."""
    page.get_by_role("link", name="Model", exact=True).click()
    page.locator("#mistakes").evaluate("heading => heading.scrollIntoView()")
    page.wait_for_load_state("networkidle")
    return page.screenshot()


SHOTS: Final[dict[str, Callable[[Page, Sequence[Sequence[Path]]], bytes]]] = {
    "page": _two,
    "table": _many,
    "live": _live,
    "mistakes": _mistakes,
}


def _submit(page: Page, pictures: Sequence[Path]) -> None:
    page.set_input_files("#pictures", pictures)
    page.get_by_role("button", name="Submit").click()
    expect(page.locator(".card[data-state=done]")).to_have_count(len(pictures))
    page.mouse.move(0, 0)
    page.evaluate("document.activeElement.blur()")


def _save_small(shot: bytes, path: Path) -> None:
    image = Image.open(BytesIO(shot)).convert("RGB")
    image.quantize(_COLOURS, dither=Image.Dither.FLOYDSTEINBERG).save(path, optimize=True)


if __name__ == "__main__":
    main()
