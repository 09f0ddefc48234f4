"""What becomes of answers when the page makes photographs smaller, in a real Chromium.

    python -m benchmarks.shrinking --photos photos --model model

Photographs of 12 megapixels are real ones, drawn larger with the noise of a sensor. Each is
predicted as it is, and as the script of the page makes it.
"""

import argparse
import base64
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image
from playwright.sync_api import sync_playwright
from werkzeug.serving import make_server

from florist.prediction import Predictor, load
from florist.web import create_app
from florist.web.settings import Settings

_SIZE: Final = (4000, 3000)
_NOISE: Final = 6

_SHRINK: Final = """async ([script, content, side]) => {
    const file = await (await fetch(`data:image/jpeg;base64,${content}`)).blob();
    const worker = new Worker(script);
    const smaller = await new Promise((done, failed) => {
        worker.onmessage = ({ data }) => done(data);
        worker.onerror = failed;
        worker.postMessage({ file, side });
    });
    worker.terminate();
    const bytes = new Uint8Array(await smaller.arrayBuffer());
    return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}"""


def photograph(path: Path, seed: int) -> bytes:
    """Return a photograph as one of 12 megapixels."""
    rng = np.random.default_rng(seed)
    with Image.open(path) as image:
        large = image.convert("RGB").resize(_SIZE, Image.Resampling.BICUBIC)
    noise = rng.integers(-_NOISE, _NOISE + 1, (*_SIZE[::-1], 1), np.int16)
    pixels = (np.asarray(large) + noise).clip(0, 255).astype(np.uint8)
    buffer = BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=92)
    return buffer.getvalue()


@contextmanager
def page_of(predictor: Predictor) -> Iterator[tuple[str, str]]:
    """Serve the page, and give its address and that of the script that makes pictures smaller."""
    app = create_app(predictor, Settings(keep_uploads=False))
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    with app.test_request_context():
        script = app.url_for("static", filename="shrinking.js", _external=False)
    yield address, f"{address}{script}"
    server.shutdown()
    server.server_close()


def main() -> None:
    """Compare the answers, and print a line as it goes on."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--count", type=int, default=200)
    args = parser.parse_args()
    predictor = load(args.model)
    photos = sorted(args.photos.rglob("*.jpg"))
    photos = photos[:: max(1, len(photos) // args.count)][: args.count]
    same, differences, sizes = 0, [], []
    with page_of(predictor) as (address, script), sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = chromium.new_page(bypass_csp=True)
        page.goto(address)
        side = predictor.bundle.manifest.spec.size
        for seed, path in enumerate(photos):
            content = photograph(path, seed)
            asked = [script, base64.b64encode(content).decode(), side]
            smaller = base64.b64decode(page.evaluate(_SHRINK, asked))
            whole, seen = (predictor.predict(each, 1000) for each in (content, smaller))
            same += whole[0].label == seen[0].label
            scores = {each.label: each.score for each in seen}
            differences.append(max(abs(each.score - scores[each.label]) for each in whole))
            sizes.append(len(smaller))
            print(
                f"{same} of {seed + 1} the same; scores differ by {np.mean(differences):.4f} on "
                f"average, {max(differences):.3f} at most; {np.mean(sizes) / 1e3:.0f} kB, "
                f"{max(sizes) / 1e3:.0f} kB at most",
                flush=True,
            )
        chromium.close()


if __name__ == "__main__":
    main()
