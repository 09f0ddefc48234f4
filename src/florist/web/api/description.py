"""The description of the API: for programs as OpenAPI, for people as a page.

`openapi.json` is written by hand and held to by a test that calls the app with what it promises.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any, Final

from flask import Blueprint, Response, jsonify, render_template, request

import florist
from florist.web.problems import PROBLEMS

description = Blueprint("description", __name__)
docs = Blueprint("docs", __name__)

_FILE: Final = Path(__file__).with_name("openapi.json")


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
    """Show the API to people."""
    return render_template(
        "docs.html", api=openapi(), problems=PROBLEMS, address=request.host_url.rstrip("/")
    )
