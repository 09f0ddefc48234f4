"""`/live`: the files of the page, to whoever asks, the model among them."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from flask import Blueprint, Flask, Response, abort, current_app

from florist.prediction import Predictor
from florist.web.door.security import CSP
from florist.web.live import runtime
from florist.web.live.site import INDEX, judge_for_browsers, site_of
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

_KEY: Final = "florist.live"


def register(app: Flask) -> None:
    """Serve the page.

    Raises `EngineError` where what runs models in a browser has not been fetched.
    """
    runtime.require()
    app.register_blueprint(live)
    app.jinja_env.globals["has_live"] = True


@live.get("/")
def page() -> Response:
    """Show the page."""
    return file(INDEX)


@live.get("/<name>")
def file(name: str) -> Response:
    """Return one of the files that the page is made of."""
    assets = current_app.extensions.get(_KEY)
    if assets is None:
        assets = current_app.extensions[_KEY] = _assets(services().model.predictor())
    asset = assets.get(name) or abort(404)
    response = sent(asset, "no-cache")
    response.headers.update(_HEADERS)
    return response


def _assets(predictor: Predictor) -> Mapping[str, Asset]:
    """Return the files, with a judge that was told what the server's own was."""
    told = predictor.judge
    judge = judge_for_browsers(predictor.bundle)
    judge = replace(judge, none=told.none, max_error=told.max_error)
    site = site_of(predictor.bundle, judge, home="../")
    return {name: asset_of(name, content) for name, content in site.items()}
