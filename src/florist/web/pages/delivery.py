"""How pages and the files that they are made of reach a browser: compressed, and the files once.

Flask's own `static` route would have the browser ask for every file again at each page. Here their
address holds a digest of them all, so that they may be kept for good: what has changed has another
address. They lie beside each other below it, so a script finds the next one by its plain name.
"""

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from flask import Flask, Response, abort, request

FOLDER: Final = Path(__file__).with_name("static")
"""The styles and scripts."""

# Ending → type, and whether it becomes smaller when it is compressed.
_TYPES: Final = {
    ".css": ("text/css", True),
    ".html": ("text/html", True),
    ".jpg": ("image/jpeg", False),
    ".js": ("text/javascript", True),
    ".json": ("application/json", True),
    ".mjs": ("text/javascript", True),
    ".onnx": ("application/octet-stream", False),
    ".png": ("image/png", False),
    ".svg": ("image/svg+xml", True),
    ".wasm": ("application/wasm", True),
    ".webmanifest": ("application/manifest+json", True),
}
_FOR_GOOD: Final = "public, max-age=31536000, immutable"


@dataclass(frozen=True)
class Asset:
    """A file as it is sent: `compressed` is None where that would not make it smaller."""

    content: bytes
    compressed: bytes | None
    mimetype: str
    digest: str


def asset_of(name: str, content: bytes) -> Asset:
    """Prepare a file to be sent; its name tells the type."""
    mimetype, shrinks = _TYPES[Path(name).suffix]
    compressed = gzip.compress(content, 9, mtime=0) if shrinks else None
    return Asset(content, compressed, mimetype, hashlib.sha256(content).hexdigest())


@cache
def _assets() -> Mapping[str, Asset]:
    """Return the files by name."""
    return {path.name: asset_of(path.name, path.read_bytes()) for path in sorted(FOLDER.iterdir())}


@cache
def _digest() -> str:
    """Return a digest of all files and their names."""
    every = hashlib.sha256()
    for name, asset in _assets().items():
        every.update(f"{name} {len(asset.content)} ".encode() + asset.content)
    return every.hexdigest()[:16]


def register(app: Flask) -> None:
    """Serve the files where `url_for("static", filename=...)` says, and compress the pages."""
    app.add_url_rule("/static/<digest>/<filename>", "static", _static)
    app.url_defaults(_add_digest)
    app.after_request(_compress_page)


def _add_digest(endpoint: str, values: dict[str, Any]) -> None:
    if endpoint == "static":
        values["digest"] = _digest()


def _static(digest: str, filename: str) -> Response:
    asset = _assets().get(filename) or abort(404)
    # While several versions serve one name, a page of one may ask another: it gets what is there.
    return sent(asset, _FOR_GOOD if digest == _digest() else "no-cache")


def sent(asset: Asset, cache_control: str) -> Response:
    """Return the response that sends a file, or says that the browser has it."""
    response = Response(asset.content, mimetype=asset.mimetype)
    if asset.compressed is not None:
        response.vary.add("Accept-Encoding")
        if _takes_gzip():
            response.set_data(asset.compressed)
            response.content_encoding = "gzip"
    response.headers["Cache-Control"] = cache_control
    response.set_etag(asset.digest, weak=True)
    response.make_conditional(request)
    return response


def _compress_page(response: Response) -> Response:
    """Compress a page.

    What an attacker may write into a page lies beside its CSRF token there, but each page's token
    is signed anew, so that no series of pages tells it by their lengths (BREACH).
    """
    if response.mimetype == "text/html" and not response.content_encoding:
        response.vary.add("Accept-Encoding")
        if _takes_gzip():
            response.set_data(gzip.compress(response.get_data(), 6, mtime=0))
            response.content_encoding = "gzip"
    return response


def _takes_gzip() -> bool:
    return request.accept_encodings["gzip"] > 0
