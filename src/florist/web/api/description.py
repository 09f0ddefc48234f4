"""The description of the API: for programs as OpenAPI, for people as a page.

`openapi.json` is written by hand and held to by a test that calls the app with what it promises.
"""

import json
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final

from flask import Blueprint, Response, jsonify, render_template, request

import florist
from florist.prediction import Predictor, answer_of
from florist.web.problems import PROBLEMS, NotReadyError
from florist.web.services import services

description = Blueprint("description", __name__)
docs = Blueprint("docs", __name__)

_FILE: Final = Path(__file__).with_name("openapi.json")
_PICTURE: Final = Path(__file__).parents[1] / "pages" / "static" / "picture.jpg"


@cache
def openapi() -> dict[str, Any]:
    """Return the OpenAPI document, with what this version fills in."""
    document: dict[str, Any] = json.loads(_FILE.read_text(encoding="utf-8"))
    document["info"]["version"] = florist.__version__
    document["components"]["schemas"]["Problem"]["properties"]["code"]["enum"] = list(PROBLEMS)
    return document


@description.get("/api/openapi.json")
def specification() -> Response:
    """Return the OpenAPI document."""
    return jsonify(openapi())


@docs.get("/docs")
def reference() -> str:
    """Show the API to people, with what this very server answers."""
    found = services()
    try:
        answer = _example(found.model.predictor())
    except NotReadyError:
        answer = ""
    return render_template(
        "docs.html",
        api=openapi(),
        problems=PROBLEMS,
        address=request.host_url.rstrip("/"),
        locked=bool(found.settings.api_keys),
        answer=answer,
    )


@lru_cache(1)
def _example(predictor: Predictor) -> str:
    """Return the answer to the picture that the page offers."""
    answer = answer_of(predictor, [("", predictor.result(_PICTURE.read_bytes(), top=3))])
    return json.dumps(answer, indent=2, ensure_ascii=False)
