"""The pages for people. Each works without a script; with one, answers come picture by picture."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from flask import (
    Blueprint,
    Response,
    abort,
    flash,
    jsonify,
    redirect,
    render_template,
    request,
    url_for,
)
from werkzeug.wrappers import Response as Redirect

from florist.bundle import REPORT_PAGE
from florist.images import Limits, Price, copy_without_metadata
from florist.prediction import DEFAULT_TOP, Prediction, Result
from florist.report import LARGEST_MATRIX
from florist.web.door.advice import localized_answer
from florist.web.door.errors import wants_page
from florist.web.door.rates import charge
from florist.web.door.receive import form_files
from florist.web.door.security import csrf
from florist.web.inference.classify import Answer, File
from florist.web.language import gettext as _
from florist.web.language import ngettext
from florist.web.pages.facts import facts_of, served_facts
from florist.web.pages.kept import KEPT_TOP, browser, promise_of
from florist.web.pages.wording import FILTERS, aside, data_url, headline, moment, percent
from florist.web.problems import PROBLEMS, NotReadyError, RefusedError
from florist.web.services import Services, services
from florist.web.uploads.copies import PREVIEW_SIDE, Copy, Origin, Upload

_MOST_ERRORS: Final = 4
_REPORT_HEADERS: Final = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; "
        "sandbox"
    ),
}

pages = Blueprint("pages", __name__)
for _filter in FILTERS:
    pages.add_app_template_filter(_filter)


@dataclass(frozen=True)
class Card:
    """An answer as it is shown: `remark` is the small print.

    `upload` is the id of the kept picture; where there is none, `preview` may show it this once.
    `why` is whether the model says why.
    """

    answer: Answer
    remark: str
    upload: str | None = None
    preview: str | None = None
    why: bool = False

    @property
    def best(self) -> Sequence[Prediction]:
        """The classes that are shown."""
        return self.answer.result.predictions[:DEFAULT_TOP]

    @property
    def label(self) -> str:
        """The most probable class, or what is wrong with the picture."""
        error = self.answer.result.error
        return error.title if error is not None else self.best[0].label

    @property
    def news(self) -> str:
        """What a screen reader says once the answer is there."""
        result = self.answer.result
        if result.error is not None:
            said = f"{result.error.title}: {result.error.detail}"
        else:
            told = ", ".join(filter(None, [headline(result), aside(result)]))
            said = f"{told}, {percent(result.predictions[0].score)}"
        return f"{self.answer.filename}: {said}."


@pages.get("/")
def index() -> str:
    """Show the form, and answers that were given before."""
    found = services()
    named = request.args.getlist("answer")[: found.settings.max_pictures]
    uploads = [found.uploads.get(each) for each in named] if found.uploads else []
    return _form_page([_kept_card(upload) for upload in uploads if upload is not None])


@pages.post("/")
def classify() -> tuple[str | Response, int] | Redirect:
    """Answer the pictures of the form: with the page, or with the cards alone for a script.

    Where all pictures that have an answer were kept, the page is another address, which can be
    loaded again without sending them again.
    """
    found = services()
    try:
        with found.classifier.place() as place:
            csrf.protect()
            files = _files(found)
            charge(len(files))
            copies: dict[int, Copy] = {}
            form = request.form.get("form", "")  # a script sends none: it knows what it has sent
            origin = Origin(place.predictor.bundle.digest, browser(), form)

            def copy(file: File, result: Result, limits: Limits, most: Price) -> None:
                copies[id(file)] = found.copy(file, result, limits, most, origin)

            answers = place.classify(files, KEPT_TOP, copy)
    except RefusedError as error:
        if error.problem.code == "no-picture" and wants_page():
            return _form_page(message=_("Choose a picture first.")), error.problem.status
        raise
    found.metrics.count_answers(answers)
    if found.keeper is not None:  # the place is free again meanwhile
        found.keeper.settle(copies.values())
    pairs = zip(files, map(localized_answer, answers), strict=True)
    cards = [_card(found, answer, copies.get(id(file))) for file, answer in pairs]
    if wants_page():
        kept = [card.upload for card in cards if not card.answer.result.error]
        if kept and all(kept):
            _tell_errors(answers)
            return redirect(url_for("pages.index", answer=kept, view=request.args.get("view")), 303)
        return _form_page(cards), _status(answers)
    return jsonify(cards=[render_template("_answer.html", card=card) for card in cards]), 200


# Reading the form, and so its token, waits until there is a place: `classify` checks it itself.
csrf.exempt(classify)


def _files(found: Services) -> list[File]:
    """Return the pictures of the form, or the example that it names.

    Raises `RefusedError`.
    """
    named = request.form.get("example")
    if named is None:
        return form_files(request, found.settings.max_pictures)
    example = next((e for e in served_facts().gallery.examples if str(e.number) == named), None)
    if example is None:
        raise RefusedError("no-picture", "There is no such example any more.")
    return [File(f"{example.picture.label}.webp", example.picture.content)]


def _tell_errors(answers: Sequence[Answer]) -> None:
    """Say on the next page which pictures have no answer; a cookie carries it, so not of all."""
    bad = [answer for answer in answers if answer.result.error]
    for answer in bad[:_MOST_ERRORS]:
        flash(f"{answer.filename[:60]}: {_(answer.result.error.title)}.")  # type: ignore[union-attr]
    if more := bad[_MOST_ERRORS:]:
        told = ngettext(
            "%(count)s more picture had no answer.",
            "%(count)s more pictures had no answer.",
            len(more),
        )
        flash(told % {"count": len(more)})


def _status(answers: Sequence[Answer]) -> int:
    """Return the status of a page: an error's only where no picture has an answer."""
    errors = [answer.result.error for answer in answers]
    return PROBLEMS[errors[0].code][0] if errors[0] is not None and all(errors) else 200


def _card(found: Services, answer: Answer, copy: Copy | None) -> Card:
    if copy is None:
        return Card(answer, "")
    remark = _("Answered in %(ms)s ms.") % {"ms": f"{answer.result.ms:.0f}"}
    if copy.is_kept:
        return Card(answer, remark, upload=copy.upload.id, why=found.model.explains())
    content = copy.content
    if found.keeper is not None:
        lost = _("The picture could not be kept: it is not in the history.")
        late = _("The picture waits to be kept: it is not in the history.")
        remark += f" {lost if copy.kept.done() else late}"
        content = copy_without_metadata(content, PREVIEW_SIDE) if content else b""
    preview = data_url(content, "jpeg")
    return Card(answer, remark, preview=preview if content else None, why=found.model.explains())


def _kept_card(upload: Upload) -> Card:
    result = Result(
        predictions=upload.predictions,
        verdict=upload.verdict,
        width=upload.width,
        height=upload.height,
    )
    answer = Answer(filename=upload.filename, result=result)
    remark = _("Answered on %(when)s.") % {"when": moment(upload.created)}
    return Card(answer, remark, upload=upload.id, why=services().model.explains(upload.model))


def _form_page(cards: Sequence[Card] = (), message: str = "") -> str:
    found = services()
    browser()  # before pictures are sent, which a script does two at a time
    facts, reason = None, ""
    try:
        facts = served_facts()
    except NotReadyError as error:
        reason = str(error)
    return render_template(
        "index.html",
        cards=cards,
        form=secrets.token_hex(16),
        message=message,
        facts=facts,
        reason=reason,
        promise=promise_of(found),
        max_bytes=found.settings.max_bytes,
        rows=min(DEFAULT_TOP, len(facts.classes)) if facts else DEFAULT_TOP,
    )


@pages.get("/model")
def model() -> str:
    """Tell what the model is, and how good."""
    predictor = services().model.predictor()
    facts = facts_of(predictor.bundle)
    return render_template(
        "model.html",
        facts=facts,
        matrix=len(facts.classes) <= LARGEST_MATRIX,
        max_error=predictor.judge.max_error,
    )


@pages.get("/model/report")
def report() -> Response:
    """Serve the page that training wrote.

    A model folder may come from anywhere, so no script runs in it, and nothing is sent from it.
    """
    bundle = services().model.predictor().bundle
    if REPORT_PAGE not in bundle.manifest.files:
        abort(404)
    return Response(bundle.read(REPORT_PAGE), mimetype="text/html", headers=_REPORT_HEADERS)
