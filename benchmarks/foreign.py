"""Pictures of things that a model of flowers was never shown, in sets of a kind.

They are drawn, or found, and no training sees them. How embeddings are compared was chosen by what
it did with them, so others may fare a little worse. A set that this machine has no pictures for is
left out.
"""

import shutil
import subprocess
import threading
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from io import BytesIO
from itertools import islice, product
from pathlib import Path
from typing import Final

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from playwright.sync_api import sync_playwright
from werkzeug.serving import make_server

from benchmarks.browser import chromium
from florist.demo.scenes import background
from florist.prediction import load
from florist.web import create_app
from florist.web.settings import Settings

EACH: Final = 150
_SIDE: Final = 227
_SMALLEST: Final = 40
_SCREENS: Final = 6
_PACKAGES: Final = (
    *("lomiri-wallpapers-16.04", "lomiri-wallpapers-20.04"),
    *("ukui-wallpapers", "mate-backgrounds"),
)
_FLOWERS: Final = ("Flower", "Garden", "seeding", "LadyBird", "GreenMeadow")
"""Wallpapers that do show flowers, by a part of their names."""
_ROOT: Final = Path(__file__).parent.parent

Draw = Callable[[np.random.Generator], Image.Image]


def foreign(work: Path, model: Path) -> dict[str, list[Path]]:
    """Return the pictures of each set, by its name; they are made when they are first asked for.

    `model` is any model folder: its pages are what the screens show.
    """
    makers: dict[str, Callable[[], Iterator[Image.Image]]] = {
        "noise": partial(drawn, noise),
        "text": partial(drawn, partial(text, words=words())),
        "shapes": partial(drawn, shapes),
        "scenes": partial(drawn, scene),
        "screens": partial(screens, model),
        "packages": packages,
        "wallpapers": partial(wallpapers, work),
    }
    sets = {}
    for name, make in makers.items():
        folder = work / name
        if not folder.exists():
            write_set(folder, make())
        sets[name] = sorted(folder.iterdir())
    return {name: pictures for name, pictures in sets.items() if pictures}


def drawn(draw: Draw) -> Iterator[Image.Image]:
    """Yield a set of drawings; each depends on its number alone."""
    return (draw(np.random.default_rng(number)) for number in range(EACH))


def write_set(folder: Path, pictures: Iterator[Image.Image]) -> None:
    """Write pictures as a whole set, or none of it."""
    partial_folder = folder.with_suffix(".partial")
    shutil.rmtree(partial_folder, ignore_errors=True)
    partial_folder.mkdir(parents=True)
    for number, picture in enumerate(pictures):
        picture.convert("RGB").save(partial_folder / f"{number:04}.png")
    partial_folder.rename(folder)


def noise(rng: np.random.Generator) -> Image.Image:
    """Return random dots, grey or coloured, from fine to coarse."""
    side = int(rng.choice([8, 16, 32, 64, 128, _SIDE]))
    channels = int(rng.choice([1, 3]))
    spread = rng.uniform(20, 120)
    dots = rng.normal(rng.uniform(60, 200), spread, (side, side, channels)).clip(0, 255)
    pixels = np.broadcast_to(dots, (side, side, 3)).astype(np.uint8)
    resample = Image.Resampling.NEAREST if rng.random() < 0.5 else Image.Resampling.BICUBIC
    return Image.fromarray(np.ascontiguousarray(pixels)).resize((_SIDE, _SIDE), resample)


def words() -> list[str]:
    """Return the words of florist's own documentation."""
    return " ".join(each.read_text() for each in sorted((_ROOT / "docs").glob("*.md"))).split()


def text(rng: np.random.Generator, words: list[str]) -> Image.Image:
    """Return lines of text, as on a page or a slide."""
    dark, light = rng.integers(0, 90, 3), rng.integers(180, 256, 3)
    paper, ink = (light, dark) if rng.random() < 0.7 else (dark, light)
    image = Image.new("RGB", (2 * _SIDE, 2 * _SIDE), tuple(paper.tolist()))
    draw = ImageDraw.Draw(image)
    size = int(rng.integers(14, 60))
    font = _font(str(rng.choice(["DejaVuSans", "DejaVuSerif", "DejaVuSansMono"])), size)
    at = int(rng.integers(len(words) - 400))
    for line in range(0, 2 * _SIDE, round(1.3 * size)):
        said = " ".join(words[at : at + 60 // max(1, size // 8)])
        draw.text((size, line), said, fill=tuple(ink.tolist()), font=font)
        at += 7
    return image.resize((_SIDE, _SIDE), Image.Resampling.LANCZOS)


def _font(name: str, size: int) -> ImageFont.FreeTypeFont:
    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    return ImageFont.truetype(folder / f"{name}.ttf", size)


def shapes(rng: np.random.Generator) -> Image.Image:
    """Return a gradient with flat shapes, or stripes, on it."""
    first, second = rng.integers(0, 256, (2, 3))
    share = np.linspace(0, 1, _SIDE)[:, None, None]
    if rng.random() < 0.3:
        share = np.round((share * rng.integers(2, 30)) % 1)
    pixels = np.broadcast_to(first * (1 - share) + second * share, (_SIDE, _SIDE, 3))
    image = Image.fromarray(np.ascontiguousarray(pixels.astype(np.uint8)))
    draw = ImageDraw.Draw(image)
    for _ in range(int(rng.integers(0, 7))):
        x, y, w, h = rng.integers(0, _SIDE, 4)
        box = (int(x), int(y), int(x + w // 2 + 4), int(y + h // 2 + 4))
        fill = tuple(rng.integers(0, 256, 3).tolist())
        [draw.rectangle, draw.ellipse][int(rng.integers(2))](box, fill=fill)
    return image.rotate(float(rng.choice([0, 90, 180, 33])))


def scene(rng: np.random.Generator) -> Image.Image:
    """Return a background of the demo: sky, meadow, soil or wall, drawn, without a flower."""
    blurred = background(rng, _SIDE).filter(ImageFilter.GaussianBlur(float(rng.uniform(0, 2))))
    return blurred.resize((_SIDE, _SIDE), Image.Resampling.BICUBIC)


def screens(model: Path) -> Iterator[Image.Image]:
    """Yield parts of florist's own pages as a browser shows them, where there is a Chromium."""
    if shutil.which("chromium") is None:
        return
    app = create_app(load(model), Settings(keep_uploads=False))
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with sync_playwright() as playwright:
        browser = chromium(playwright)
        for width, scheme in product((360, 700, 1280), ("light", "dark")):
            page = browser.new_page(viewport={"width": width, "height": 3 * width // 4})
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            for route in ("", "model", "docs", "history"):
                page.goto(f"http://127.0.0.1:{server.server_port}/{route}")
                for _ in range(_SCREENS):
                    yield Image.open(BytesIO(page.screenshot()))
                    page.mouse.wheel(0, width // 2)
                    page.wait_for_function("new Promise(done => requestAnimationFrame(done))")
        browser.close()
    server.shutdown()


def packages() -> Iterator[Image.Image]:
    """Yield icons, logos and drawings that installed packages have, no two of one folder's name."""
    by_name = {
        file.name: file
        for folder in (Path("/usr/share"), Path(matplotlib.get_data_path()))
        for file in sorted(folder.rglob("*"))
        if file.suffix in {".png", ".jpg"} and file.is_file()
    }
    yield from islice(_usable(by_name.values()), EACH)


def _usable(files: Iterable[Path]) -> Iterator[Image.Image]:
    for file in files:
        try:
            with Image.open(file) as image:
                if min(image.size) < _SMALLEST:
                    continue
                picture = image.convert("RGBA")
        except OSError:
            continue
        white = Image.new("RGBA", picture.size, "white")
        yield Image.alpha_composite(white, picture)


def wallpapers(work: Path) -> Iterator[Image.Image]:
    """Yield quarters of the photographs in Debian's wallpaper packages, without those of flowers.

    Where there is no Debian, or no network, there are none.
    """
    folder = work / "debian"
    if shutil.which("apt-get") is None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    if subprocess.run(["apt-get", "download", *_PACKAGES], cwd=folder, check=False).returncode:
        return
    for package in sorted(folder.glob("*.deb")):
        subprocess.run(["dpkg", "-x", package, folder], check=True)
    for file in sorted(folder.rglob("*.jpg")):
        if file.is_symlink() or any(part in file.name for part in _FLOWERS):
            continue
        with Image.open(file) as image:
            image.thumbnail((4 * _SIDE, 4 * _SIDE))
            width, height = image.size
            for x, y in product((0, width // 2), (0, height // 2)):
                yield image.crop((x, y, x + width // 2, y + height // 2))
