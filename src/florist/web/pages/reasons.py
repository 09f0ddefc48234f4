"""Why a picture got its answer: a part of its card, for the script that asks when a person does."""

from flask import Blueprint, Response, jsonify, render_template, request

from florist.prediction import DEFAULT_TOP
from florist.web.door.rates import charge
from florist.web.door.receive import form_files
from florist.web.door.security import csrf
from florist.web.problems import RefusedError
from florist.web.services import services

reasons = Blueprint("reasons", __name__)


@reasons.post("/why")
def why() -> Response:
    """Say why the picture of the form gets its answer."""
    found = services()
    with found.classifier.place() as place:
        csrf.protect()
        place.predictor = found.model.explainer()
        files = form_files(request, 1)
        charge(len(files))
        (answer,) = place.classify(files, DEFAULT_TOP)
    if (error := answer.result.error) is not None:
        raise RefusedError(error.code, error.detail)
    return jsonify(why=render_template("_why.html", why=answer.result))


# As with the form itself, reading it waits until there is a place.
csrf.exempt(why)
