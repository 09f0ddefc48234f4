"""The pages for people. Each works without a script; with one, answers come picture by picture."""

import base64
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

from florist.images import Limits, Price, copy_without_metadata
from florist.prediction import DEFAULT_TOP, Result
from florist.web.door.errors import wants_page
from florist.web.door.rates import charge
from florist.web.door.receive import form_files
from florist.web.door.security import csrf
from florist.web.inference.classify import Answer, File
from florist.web.pages.facts import LARGEST_MATRIX, Facts, facts_of
from florist.web.pages.wording import FILTERS, percent, plural
from florist.web.problems import PROBLEMS, NotReadyError, RefusedError
from florist.web.services import Services, services
from florist.web.uploads.copies import PREVIEW_SIDE, Copy
from florist.web.uploads.names import THUMBNAILS
from florist.web.uploads.store import STEP, UploadStore

PICTURES_A_PAGE: Final = 24
_PICTURE_HEADERS: Final = {
    "Cache-Control": "private, no-cache",  # a deleted picture is gone, in the browser too
    # The style is what a browser itself centres a picture with that is opened on its own.
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
}

pages = Blueprint("pages", __name__)
for _filter in FILTERS:
    pages.add_app_template_filter(_filter)


@pages.app_template_filter()
def srcset(upload: str) -> str:
    """Write where the small copies of an upload are, for the browser to choose from."""
    return ", ".join(
        f"{url_for('pages.thumbnail', upload=upload, side=side)} {side}w" for side in THUMBNAILS
    )


@dataclass(frozen=True)
class Card:
    """An answer as it is shown: `picture` is an address or None, `remark` the small print."""

    answer: Answer
    picture: str | None
    remark: str

    @property
    def unsure(self) -> bool:
        """Whether even the most probable class is less probable than all others together."""
        return self.answer.result.predictions[0].score < 0.5

    @property
    def news(self) -> str:
        """What a screen reader says once the answer is there."""
        result = self.answer.result
        if result.error is not None:
            said = f"{result.error.title}: {result.error.detail}"
        else:
            best = result.predictions[0]
            said = f"{best.label}, {percent(best.score)}{', not sure' if self.unsure else ''}"
        return f"{self.answer.filename}: {said}."


@pages.get("/")
def index() -> str:
    """Show the form."""
    return _form_page()


@pages.post("/")
def classify() -> tuple[str | Response, int]:
    """Answer the pictures of the form: with the page, or with the cards alone for a script."""
    found = services()
    try:
        with found.classifier.place() as place:
            csrf.protect()
            files = form_files(request, found.settings.max_pictures)
            charge(len(files))
            copies: dict[int, Copy] = {}

            def copy(file: File, result: Result, limits: Limits, most: Price) -> None:
                copies[id(file)] = found.copy(file, result, limits, most)

            answers = place.classify(files, DEFAULT_TOP, copy)
    except RefusedError as error:
        if error.problem.code == "no-picture" and wants_page():
            return _form_page(message="Choose a picture first."), error.problem.status
        raise
    found.metrics.count_answers(answers)
    if found.keeper is not None:  # the place is free again meanwhile
        found.keeper.settle(copies.values())
    pairs = zip(files, answers, strict=True)
    cards = [_card(found, answer, copies.get(id(file))) for file, answer in pairs]
    if wants_page():
        return _form_page(cards), _status(answers)
    return jsonify(cards=[render_template("_answer.html", card=card) for card in cards]), 200


# Reading the form, and so its token, waits until there is a place: `classify` checks it itself.
csrf.exempt(classify)


def _status(answers: Sequence[Answer]) -> int:
    """Return the status of a page: an error's only where no picture has an answer."""
    errors = [answer.result.error for answer in answers]
    return PROBLEMS[errors[0].code][0] if errors[0] is not None and all(errors) else 200


def _card(found: Services, answer: Answer, copy: Copy | None) -> Card:
    if copy is None:
        return Card(answer, None, "")
    remark = f"Answered in {answer.result.ms:.0f} ms"
    if copy.is_kept:
        return Card(answer, url_for("pages.picture", upload=copy.upload.id), f"{remark}.")
    content = copy.content
    if found.keeper is not None:
        yet = "" if copy.kept.done() else " yet"
        remark += f". The picture could not be kept{yet}: it is not in the history"
        content = copy_without_metadata(content, PREVIEW_SIDE) if content else b""
    preview = f"data:image/jpeg;base64,{base64.b64encode(content).decode()}"
    return Card(answer, preview if content else None, f"{remark}.")


def _form_page(cards: Sequence[Card] = (), message: str = "") -> str:
    found = services()
    facts, reason = None, ""
    try:
        facts = _facts(found)
    except NotReadyError as error:
        reason = str(error)
    return render_template(
        "index.html",
        cards=cards,
        message=message,
        facts=facts,
        reason=reason,
        promise=_promise(found),
        max_bytes=found.settings.max_bytes,
        rows=min(DEFAULT_TOP, len(facts.classes)) if facts else DEFAULT_TOP,
    )


def _facts(found: Services) -> Facts:
    return facts_of(found.model.predictor().bundle)


def _promise(found: Services) -> str:
    """Say what happens to pictures."""
    if found.uploads is None:
        return "Pictures are not kept."
    days = f"{found.settings.uploads_days:g}"
    return (
        f"Pictures are kept on this server for {days}{' day' if days == '1' else ' days'}, without "
        "their metadata. Everybody who can open this page can see them in the history, and delete "
        "them there."
    )


@pages.get("/model")
def model() -> str:
    """Tell what the model is, and how good."""
    facts = _facts(services())
    return render_template("model.html", facts=facts, matrix=len(facts.classes) <= LARGEST_MATRIX)


@pages.get("/history")
def history() -> str:
    """List kept pictures, newest first."""
    found, before = services(), request.args.get("before")
    uploads = found.uploads.recent(PICTURES_A_PAGE + 1, before) if found.uploads else ()
    shown = uploads[:PICTURES_A_PAGE]
    return render_template(
        "history.html",
        uploads=shown,
        before=before,
        older=shown[-1].id if len(uploads) > PICTURES_A_PAGE else None,
        promise=_promise(found),
        keeps=found.uploads is not None,
    )


@pages.get("/uploads/<upload>")
def picture(upload: str) -> Response:
    """Serve the kept copy of a picture, as nothing but a picture."""
    content = _store().read(upload)
    return _picture(content, "image/jpeg", upload) if content else abort(404)


@pages.get("/uploads/<upload>/<int:side>")
def thumbnail(upload: str, side: int) -> Response | Redirect:
    """Serve a small copy, or lead to the large one where an earlier version made none."""
    content = _store().read(upload, side) if side in THUMBNAILS else abort(404)
    if content is None:
        return redirect(url_for("pages.picture", upload=upload))
    return _picture(content, "image/webp", f"{upload}-{side}")


def _picture(content: bytes, mimetype: str, etag: str) -> Response:
    response = Response(content, mimetype=mimetype, headers=_PICTURE_HEADERS)
    response.set_etag(etag)
    response.make_conditional(request)
    return response


@pages.post("/uploads/<upload>/delete")
def delete(upload: str) -> Redirect:
    """Delete one picture."""
    deleted = _store().delete(upload)
    flash("The picture is deleted." if deleted else "The picture had been deleted before.")
    return redirect(url_for("pages.history", before=request.form.get("before")), 303)


@pages.get("/history/delete")
def confirm_delete_all() -> str:
    """Ask before everything is deleted."""
    return render_template("confirm.html")


@pages.post("/history/delete")
def delete_all() -> Redirect:
    """Delete every picture."""
    count = _store().delete_all()
    rest = " The last of their files go within minutes." if count > STEP else ""
    flash(f"{plural(count, 'picture')} deleted.{rest}")
    return redirect(url_for("pages.history"), 303)


def _store() -> UploadStore:
    store = services().uploads
    if store is None:
        abort(404)
    return store
