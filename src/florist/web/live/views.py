"""`/live`: the files of the page, to whoever asks, the model among them."""

from collections.abc import Mapping
from typing import Final

from flask import Blueprint, Flask, Response, abort

from florist.web.door.security import CSP
from florist.web.live import runtime
from florist.web.live.site import INDEX, site_of
from florist.web.pages.delivery import Asset, asset_of, sent
from florist.web.services import services

live = Blueprint("live", __name__, url_prefix="/live")

_HEADERS: Final = {
    "Content-Security-Policy": CSP.replace(
        "script-src 'self'", "script-src 'self' 'wasm-unsafe-eval'"
    ),
    # Alone among themselves, the page's threads may share memory, and so work on one picture.
    "Cross-Origin-Embedder-Policy": "require-corp",
}

_known: dict[str, Mapping[str, Asset]] = {}  # by digest; a process serves one model


def register(app: Flask) -> None:
    """Serve the page.

    Raises `EngineError` where what runs models in a browser has not been fetched.
    """
    runtime.read()
    app.register_blueprint(live)
    app.jinja_env.globals["has_live"] = True


@live.get("/")
def page() -> Response:
    """Show the page."""
    return file(INDEX)


@live.get("/<name>")
def file(name: str) -> Response:
    """Return one of the files that the page is made of."""
    bundle = services().model.predictor().bundle
    if bundle.digest not in _known:
        site = site_of(bundle, home="../")
        _known[bundle.digest] = {name: asset_of(name, content) for name, content in site.items()}
    asset = _known[bundle.digest].get(name) or abort(404)
    response = sent(asset, "no-cache")
    response.headers.update(_HEADERS)
    return response
