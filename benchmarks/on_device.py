"""Whether a browser answers as the server does, in the same 32 bits, on pictures never trained on.

    python -m benchmarks.on_device MODEL PHOTOS

exports the model as a web site, opens that in Chromium, and compares what it says of the test side
of PHOTOS, the folder that the model was trained on.
"""

import shutil
import sys
import tempfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
from playwright.sync_api import sync_playwright

from benchmarks.browser import chromium
from florist.bundle import read_bundle
from florist.dataset import read_labelled
from florist.engine import Runtime
from florist.evaluation import relabelled, unseen
from florist.prediction import Predictor, load
from florist.web.live.export import write_site

ANSWERS = """async (addresses) => {
  const { load } = await import("./model.js");
  const { classify, classes } = await load(() => {});
  const answers = [];
  for (const address of addresses) {
    const { ranked, verdict, ms } = await classify(await (await fetch(address)).blob());
    const scores = Object.fromEntries(ranked.map(({ label, score }) => [label, score]));
    answers.push({ scores: classes.map((label) => scores[label]), verdict, ms });
  }
  return answers;
}"""


class _Silent(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


def answers_of_a_browser(folder: Path, addresses: list[str]) -> list[dict[str, Any]]:
    """Return the scores, the verdict and the milliseconds of each picture in a site."""
    handler = partial(_Silent, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server, sync_playwright() as playwright:
        Thread(target=server.serve_forever).start()
        browser = chromium(playwright)
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{server.server_port}/")
        found: list[dict[str, Any]] = page.evaluate(ANSWERS, addresses)
        browser.close()
        server.shutdown()
    return found


def measure(predictor: Predictor, photos: Path) -> dict[str, float]:
    """Return how many answers are the same, the largest difference, and the median time."""
    labelled = relabelled(read_labelled(photos), predictor.classes)
    paths = [sample.path for sample in unseen(labelled, predictor.bundle)]
    with tempfile.TemporaryDirectory() as scratch:
        site = Path(scratch) / "site"
        write_site(predictor.bundle, site)
        for number, path in enumerate(paths):
            shutil.copy(path, site / f"{number}.picture")
        said = answers_of_a_browser(site, [f"{number}.picture" for number in range(len(paths))])
    results = list(predictor.predict_many(paths))
    browser = np.array([each["scores"] for each in said])
    server = np.array([result.probabilities for result in results])
    verdicts = [
        each["verdict"] == result.verdict for each, result in zip(said, results, strict=True)
    ]
    return {
        "pictures": len(paths),
        "same_best_class": float((browser.argmax(1) == server.argmax(1)).mean()),
        "same_verdict": float(np.mean(verdicts)),
        "largest_difference": float(np.abs(browser - server).max()),
        "ms": float(np.median([each["ms"] for each in said])),
    }


if __name__ == "__main__":
    bundle = read_bundle(sys.argv[1])
    exact = load(bundle.path, Runtime(precision="float32"))
    for name, value in measure(exact, Path(sys.argv[2])).items():
        print(f"{name} {value:g}")
