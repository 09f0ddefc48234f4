"""The pages for people."""

from flask import Blueprint, render_template, request

from florist.web.receive import form_files
from florist.web.security import csrf
from florist.web.services import services

pages = Blueprint("pages", __name__)


@pages.get("/")
def index() -> str:
    """Show the form."""
    return render_template("index.html", answers=())


@pages.post("/")
def classify() -> str:
    """Show the form, and the answers under it."""
    found = services()
    with found.classifier.place() as place, found.metrics.places.track_inprogress():
        csrf.protect()
        files = form_files(request, found.settings.max_pictures)
        answers = place.classify(files, 3, found.keep)
    found.metrics.count_answers(answers)
    return render_template("index.html", answers=answers)


# Reading the form, and so its token, waits until there is a place: `classify` checks it itself.
csrf.exempt(classify)
