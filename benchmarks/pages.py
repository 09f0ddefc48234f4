"""florist's page beside Gradio's, in a real Chromium: weight, first use, answers on a slow line.

Both serve one ONNX file, on the loopback interface; Chromium makes the line as slow as is told.
"""

import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import Any, Final

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from benchmarks.browser import chromium
from benchmarks.materials import HERE, Bench, phone_jpeg, versions
from benchmarks.processes import free_port, python, run, serving
from florist.bundle import NETWORKS, Precision, read_bundle

_ROUNDS: Final = 3
_MANY: Final = 200
_PRECISION: Final[Precision] = "float32"
_LATENCY_MS: Final = 150
_TIMEOUT_MS: Final = 300_000

# Bits a second, down and up: a telephone's slow line, its line up, and none that is noticed.
_SLOW: Final = (1_600_000, 750_000)
_FAST: Final = (0, 0)


@dataclass(frozen=True)
class Site:
    """A page: its server, where files go, and what shows that they came, and were answered."""

    command: list[str]
    files: str
    submit: str
    came: str
    answered: str
    sample: Path
    env: Mapping[str, str] = field(default_factory=dict)


def measure(bench: Bench) -> dict[str, Any]:
    """Return what each page weighs and takes."""
    model = bench.model(bench.backbones[0])
    photo = phone_jpeg(sorted(bench.few().rglob("*.jpg"))[0])
    pictures = sorted(path for path in bench.few().rglob("*") if path.is_file())[:_MANY]
    interpreter = bench.environment("gradio")
    peers = [gradio(interpreter, model, pictures[0], many=many) for many in (False, True)]
    ours = florist(model, pictures[0])
    sites = {"florist": [ours, ours], "gradio": peers}
    found: dict[str, Any] = {
        "versions": versions(interpreter, ["gradio"]),
        "photo_mb": len(photo) / 1e6,
        "pictures": len(pictures),
    }
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        phone = Path(folder) / "phone.jpg"
        phone.write_bytes(photo)
        browser = chromium(playwright)
        for name, (one, many) in sites.items():
            found[name] = visits(browser, one) | {
                "photo_s": answering(browser, one, [phone], _SLOW)
            }
            found[name]["many_s"] = together(browser, many, pictures)
        unkept = replace(ours, env={"FLORIST_KEEP_UPLOADS": "false"})
        found["florist"]["many_unkept_s"] = together(browser, unkept, pictures)
        browser.close()
    found["apart"] = apart(bench, pictures)
    return found


def apart(bench: Bench, pictures: list[Path]) -> dict[str, Any]:
    """Return how many times the engine's own time many pictures take, in each precision.

    Page and server are on two machines in daily use; here each has a core to itself, and the
    engine the server's.
    """
    backbone, cores = bench.backbones[-1], os.sched_getaffinity(0)
    model, on_core = bench.model(backbone), ["taskset", "--cpu-list", str(min(cores))]
    times = {}
    os.sched_setaffinity(0, {max(cores)})  # which Chromium and what drives it inherit
    try:
        with sync_playwright() as playwright:
            browser = chromium(playwright)
            for precision in NETWORKS:
                arguments = [str(model), str(bench.few()), str(bench.seconds), precision]
                engine = run([*on_core, *python("-m", "benchmarks.bare", *arguments)])
                site = florist(model, pictures[0], precision)
                site = replace(site, command=[*on_core, *site.command])
                rate = float(engine.text.split()[-1])
                times[precision] = together(browser, site, pictures) * rate / len(pictures)
            browser.close()
    finally:
        os.sched_setaffinity(0, cores)
    return {"backbone": backbone, "times": times}


def florist(model: Path, sample: Path, precision: Precision = _PRECISION) -> Site:
    """Return `florist serve` with its defaults, but for the precision."""
    options = ["--model", str(model.resolve()), "--precision", precision]
    card = ".card[data-state=done]"
    command = python("-m", "florist", "serve", *options)
    return Site(command, "#pictures", "#submit", ".card", card, sample)


def gradio(interpreter: Path, model: Path, sample: Path, *, many: bool) -> Site:
    """Return Gradio with an interface for one picture, or for a list of files."""
    network = read_bundle(model).network(_PRECISION).resolve()
    return Site(
        [str(interpreter), str(HERE / "peers" / "gradio_page.py")],
        "input[type=file] >> nth=0",
        "button:has-text('Submit')",
        "[data-testid=download-link]" if many else "[data-testid=image] img",
        "text='{count} answered'" if many else "[data-testid=label-output-value]",
        sample,
        {"NETWORK": str(network), "MANY": "1" if many else "", "GRADIO_ANALYTICS_ENABLED": "False"},
    )


@contextmanager
def visited(browser: Browser, site: Site) -> Iterator[tuple[BrowserContext, str]]:
    """Serve a site, and open a browser's window that knows nothing of it."""
    port = free_port()
    environment = {"PORT": str(port), "FLORIST_PORT": str(port), **site.env}
    address = f"http://127.0.0.1:{port}/"
    with serving(site.command, port, environment):
        for measured in (False, True):  # a server that is measured is warm
            context = browser.new_context()
            context.set_default_timeout(_TIMEOUT_MS)
            if measured:
                yield context, address
            else:
                page = context.new_page()
                usable(page, address, site)
                send(page, site, [site.sample])
            context.close()


def visits(browser: Browser, site: Site) -> dict[str, Any]:
    """Return what a first and a second visit weigh, and when a first one is of use, if slow."""
    with visited(browser, site) as (context, address):
        page = context.new_page()
        first, second = weight(page, address, site), weight(page, address, site)
    seconds = []
    for _ in range(_ROUNDS):
        with visited(browser, site) as (context, address):
            page = context.new_page()
            limit(page, _SLOW)
            seconds.append(usable(page, address, site))
    return {"first": first, "second": second, "usable_s": median(seconds)}


def weight(page: Page, address: str, site: Site) -> dict[str, int]:
    """Return the bytes and requests of a visit that came over the line."""
    sizes: list[int] = []
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.on("Network.loadingFinished", lambda each: sizes.append(int(each["encodedDataLength"])))
    usable(page, address, site)
    page.wait_for_load_state("networkidle")
    session.detach()
    came = [size for size in sizes if size]  # nothing came of what the browser had
    return {"bytes": sum(came), "requests": len(came)}


def usable(page: Page, address: str, site: Site) -> float:
    """Open a page, and return the seconds until it is loaded and takes a file."""
    start = time.perf_counter()
    page.goto(address, wait_until="load")
    page.locator(site.files).wait_for(state="attached")
    return time.perf_counter() - start


def answering(browser: Browser, site: Site, paths: list[Path], line: tuple[int, int]) -> float:
    """Return the seconds from choosing pictures to the last answer."""
    with visited(browser, site) as (context, address):
        page = context.new_page()
        usable(page, address, site)
        page.wait_for_load_state("networkidle")
        limit(page, line)
        start = time.perf_counter()
        send(page, site, paths)
        return time.perf_counter() - start


def together(browser: Browser, site: Site, pictures: list[Path]) -> float:
    """Return the seconds that many pictures take on a line that is not noticed."""
    return median(answering(browser, site, pictures, _FAST) for _ in range(_ROUNDS))


def send(page: Page, site: Site, paths: list[Path]) -> None:
    """Choose pictures, send them, and wait for all answers."""
    page.set_input_files(site.files, paths)
    page.locator(site.came).nth(len(paths) - 1).wait_for()
    page.locator(site.submit).click()
    answered = page.locator(site.answered.format(count=len(paths)))
    together = "{count}" in site.answered
    answered.nth(0 if together else len(paths) - 1).wait_for(state="attached")


def limit(page: Page, line: tuple[int, int]) -> None:
    """Make a window's line slow; 0 leaves it as it is."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    down, up = (bits / 8 if bits else -1 for bits in line)
    latency = _LATENCY_MS if any(line) else 0
    speed = {"downloadThroughput": down, "uploadThroughput": up, "latency": latency}
    session.send("Network.emulateNetworkConditions", {"offline": False, **speed})
