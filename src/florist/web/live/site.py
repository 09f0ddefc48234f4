"""The page as files, by name: what a server sends at /live, and any web host just as well."""

import hashlib
import json
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Final

from jinja2 import Template
from PIL import Image, ImageDraw

from florist.bundle import MODEL, Bundle, Manifest
from florist.confidence.verdict import Judge
from florist.engine import Runtime, load_engine
from florist.judging import judge_of
from florist.web.live import runtime
from florist.web.live.judging import judge_as_json
from florist.web.pages import delivery

INDEX: Final = "index.html"

_OWN: Final = Path(__file__).with_name("static")
_SHARED: Final = ("base.css", "cards.css", "favicon.svg", "form.css", "parts.css")
"""What the page has in common with the others: how it looks."""

_PLACES: Final = 6
"""So many classes have a bar of their own while the camera is on; of more, the best ones have."""

_FACTS: Final = "model.json"
_WORKER: Final = "service-worker.js"
_JUDGE: Final = "judge.json"
_LARGE: Final = (MODEL, _JUDGE, "ort-wasm-simd-threaded.wasm")
"""What the page loads itself, to show how far it is."""


def judge_for_browsers(bundle: Bundle) -> Judge:
    """Return the judge of the network that browsers run, once that has answered.

    It is the one of 32 bits: they do not round as training measured it in 8.

    Raises `BundleError` where there is none, or the model folder is not whole.
    """
    return judge_of(bundle, load_engine(bundle, Runtime(precision="float32")))


def site_of(bundle: Bundle, judge: Judge, home: str = "") -> Mapping[str, bytes]:
    """Return the files of the page; `home` is the address of the server's other pages.

    Raises `BundleError` where the model folder is not whole, and `EngineError` where the runtime
    has not been fetched.
    """
    manifest = bundle.manifest
    files = {path.name: path.read_bytes() for path in sorted(_OWN.iterdir())}
    files[INDEX] = _page(manifest, home, tells_none=judge.familiarity is not None)
    files |= {name: delivery.FOLDER.joinpath(name).read_bytes() for name in _SHARED}
    files |= runtime.read()
    files |= {f"icon-{side}.png": _icon(side) for side in (192, 512)}
    files[MODEL] = bundle.read(MODEL)
    files[_JUDGE] = judge_as_json(judge)
    facts = {
        "classes": manifest.classes,
        "size": manifest.spec.size,
        "fit": manifest.spec.fit,
        "sizes": {name: len(files[name]) for name in _LARGE},
    }
    version = _digest(files | {_FACTS: json.dumps(facts).encode()})
    files[_FACTS] = json.dumps(facts | {"version": version}).encode()
    names = ["./", *sorted(files.keys() - {INDEX, _WORKER})]
    site = json.dumps({"version": version, "files": names})
    files[_WORKER] = f"const SITE = {site};\n".encode() + files[_WORKER]
    return files


def _page(manifest: Manifest, home: str, *, tells_none: bool) -> bytes:
    """Fill in what of the model stands in the page from the start, so that nothing moves later."""
    page = Template((_OWN / INDEX).read_text(encoding="utf-8"), autoescape=True)
    classes = manifest.classes
    many = len(classes) > _PLACES
    named = classes[:_PLACES] if many else classes[:-1]
    more = f"{len(classes) - _PLACES:,} more" if many else ""
    filled: str = page.render(
        name=manifest.name,
        classes=classes,
        named=named,
        more=more,
        places=_PLACES,
        home=home,
        tells_none=tells_none,
    )
    return filled.encode()


def _digest(files: Mapping[str, bytes]) -> str:
    every = hashlib.sha256()
    for name, content in sorted(files.items()):
        every.update(f"{name} {hashlib.sha256(content).hexdigest()}\n".encode())
    return every.hexdigest()[:16]


def _icon(side: int) -> bytes:
    """Return the flower of favicon.svg as a PNG, on paper, with room to be cut out of it."""
    unit = side / 8  # drawn four times as large, 32 units wide
    petal = Image.new("L", (4 * side, 4 * side))
    box = [(16 - 4.9 * 0.72) * unit, 4.9 * unit, (16 + 4.9 * 0.72) * unit, 14.4 * unit]
    ImageDraw.Draw(petal).ellipse(box, fill=255)
    icon = Image.new("RGB", petal.size, "#f3f5f0")
    for turn in range(5):
        icon.paste("#d6336c", mask=petal.rotate(72 * turn, Image.Resampling.BICUBIC))
    heart = [(16 - 3) * unit, (16 - 3) * unit, (16 + 3) * unit, (16 + 3) * unit]
    ImageDraw.Draw(icon).ellipse(heart, fill="#ffd43b")
    buffer = BytesIO()
    icon.resize((side, side), Image.Resampling.LANCZOS).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
