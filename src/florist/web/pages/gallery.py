"""The test pictures of the model folder: what it gets wrong, and each by itself."""

from typing import Final

from flask import Blueprint, Response, abort, render_template, request

from florist.pictures import TYPE
from florist.web.pages.facts import served_facts

_HEADERS: Final = {
    "Cache-Control": "public, max-age=31536000, immutable",  # the address names the model
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
}

gallery = Blueprint("gallery", __name__)


@gallery.get("/model/pictures")
def pictures() -> str:
    """Show the mistakes, or all pictures of one class that were taken for a class."""
    facts = served_facts()
    shows, said = request.args.get("shows"), request.args.get("said")
    if shows is None or said is None:
        found = facts.gallery.mistakes
    else:
        found = facts.gallery.cell(shows, said) or abort(404)
    return render_template("pictures.html", facts=facts, pictures=found, shows=shows, said=said)


@gallery.get("/model/pictures/<digest>/<int:number>")
def picture(digest: str, number: int) -> Response:
    """Serve a test picture, as nothing but a picture."""
    facts = served_facts()
    found = facts.gallery.tested(number) if facts.digest.startswith(digest) else None
    return Response((found or abort(404)).content, mimetype=TYPE, headers=_HEADERS)
