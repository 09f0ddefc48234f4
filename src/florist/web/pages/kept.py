"""The pages about kept pictures: the history, a page for each answer, the pictures, their end."""

import secrets
from dataclasses import dataclass
from typing import Any, Final

from flask import (
    Blueprint,
    Response,
    abort,
    flash,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from werkzeug.wrappers import Response as Redirect

from florist.confidence.verdict import VERDICTS, Verdict
from florist.web.language import gettext as _
from florist.web.language import ngettext, number
from florist.web.pages.wording import count
from florist.web.services import Services, services
from florist.web.uploads.listing import Filter
from florist.web.uploads.names import THUMBNAILS
from florist.web.uploads.store import STEP, UploadStore

PICTURES_A_PAGE: Final = 24

KEPT_TOP: Final = 100
"""So many classes are kept of each answer, for its own page."""

DELETED: Final = "deleted"
"""The category of a message that is the id of a picture which can be brought back."""

_CLASS: Final = "class:"
_BROWSER: Final = "browser"
_PICTURE_HEADERS: Final = {
    "Cache-Control": "private, no-cache",  # a deleted picture is gone, in the browser too
    # The style is what a browser itself centres a picture with that is opened on its own.
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
}

kept = Blueprint("kept", __name__)


@kept.app_template_filter()
def srcset(upload: str) -> str:
    """Write where the small copies of an upload are, for the browser to choose from."""
    return ", ".join(
        f"{url_for('kept.thumbnail', upload=upload, side=side)} {side}w" for side in THUMBNAILS
    )


def promise_of(found: Services) -> str:
    """Say what happens to pictures."""
    if found.uploads is None:
        return _("Pictures are not kept.")
    days = found.settings.uploads_days
    return ngettext(
        "Pictures are kept on this server for %(days)s day, without their metadata. Everybody "
        "who can open this page can see them in the history, and delete them there.",
        "Pictures are kept on this server for %(days)s days, without their metadata. Everybody "
        "who can open this page can see them in the history, and delete them there.",
        1 if days == 1 else 2,
    ) % {"days": number(f"{days:g}")}


def browser() -> str:
    """Return the id of the browser that asks, which its signed cookie holds; empty without keeping.

    It tells which of the kept pictures were sent from there, and nothing else.
    """
    if services().uploads is None:
        return ""
    if _BROWSER not in session:
        session[_BROWSER] = secrets.token_hex(16)
        session.permanent = True
    session.modified = True  # it lives on from the last visit, not from the first
    return str(session[_BROWSER])


@dataclass(frozen=True)
class Shown:
    """What of the history is looked at: `show` is a verdict, or a class after `class:`."""

    show: str = ""
    mine: bool = False

    @classmethod
    def asked(cls) -> "Shown":
        """Return what the request asks for."""
        show = request.values.get("show", "").replace("\0", "")  # which PostgreSQL refuses
        return cls(show, bool(request.values.get("mine")))

    @property
    def filter(self) -> Filter:
        """What the store looks for."""
        label = self.show.removeprefix(_CLASS) if self.show.startswith(_CLASS) else None
        verdict: Verdict | None = next((each for each in VERDICTS if each == self.show), None)
        mine = session.get(_BROWSER, "nobody's") if self.mine else None
        return Filter(label=label, verdict=verdict, browser=mine)

    @property
    def place(self) -> dict[str, Any]:
        """What an address says of it."""
        said = {"show": self.show, "mine": "1" if self.mine else ""}
        return {name: value for name, value in said.items() if value}


@kept.get("/history")
def history() -> str:
    """List kept pictures, newest first: all, or some of them."""
    found, before, shown = services(), request.args.get("before"), Shown.asked()
    store = found.uploads
    uploads = store.recent(PICTURES_A_PAGE + 1, before, shown.filter) if store else ()
    return render_template(
        "history.html",
        uploads=uploads[:PICTURES_A_PAGE],
        before=before,
        older=uploads[PICTURES_A_PAGE - 1].id if len(uploads) > PICTURES_A_PAGE else None,
        labels=store.labels() if store else (),
        shown=shown,
        promise=promise_of(found),
        keeps=store is not None,
    )


@kept.get("/answers/<upload>")
def answer(upload: str) -> str:
    """Show one picture with all that is kept of its answer."""
    store, shown = _store(), Shown.asked()
    found = store.get(upload) or abort(404)
    return render_template(
        "answer.html",
        upload=found,
        newer=store.newer(upload, shown.filter),
        older=next(iter(store.recent(1, upload, shown.filter)), None),
        shown=shown,
        most=KEPT_TOP,
        why=services().model.explains(found.model),
    )


@kept.get("/uploads/<upload>")
def picture(upload: str) -> Response:
    """Serve the kept copy of a picture, as nothing but a picture."""
    content = _store().read(upload)
    return _picture(content, "image/jpeg", upload) if content else abort(404)


@kept.get("/uploads/<upload>/<int:side>")
def thumbnail(upload: str, side: int) -> Response | Redirect:
    """Serve a small copy, or lead to the large one where an earlier version made none."""
    content = _store().read(upload, side) if side in THUMBNAILS else abort(404)
    if content is None:
        return redirect(url_for("kept.picture", upload=upload))
    return _picture(content, "image/webp", f"{upload}-{side}")


def _picture(content: bytes, mimetype: str, etag: str) -> Response:
    response = Response(content, mimetype=mimetype, headers=_PICTURE_HEADERS)
    response.set_etag(etag)
    response.make_conditional(request)
    return response


@kept.post("/uploads/<upload>/delete")
def delete(upload: str) -> Redirect:
    """Delete one picture; for a while that can be undone."""
    if _store().delete(upload):
        flash(upload, DELETED)
    else:
        flash(_("The picture had been deleted before."))
    before, place = request.form.get("before"), Shown.asked().place
    return redirect(url_for("kept.history", before=before, **place), 303)


@kept.post("/uploads/<upload>/restore")
def restore(upload: str) -> Redirect:
    """Bring a deleted picture back."""
    if _store().restore(upload):
        flash(_("The picture is back."))
        return redirect(url_for("kept.answer", upload=upload), 303)
    flash(_("The picture is gone for good."))
    return redirect(url_for("kept.history"), 303)


@kept.get("/history/delete")
def confirm_delete_all() -> str:
    """Ask before everything is deleted."""
    return render_template("confirm.html")


@kept.post("/history/delete")
def delete_all() -> Redirect:
    """Delete every picture."""
    gone = _store().delete_all()
    said = ngettext("%(count)s picture deleted.", "%(count)s pictures deleted.", gone)
    rest = f" {_('The last of their files go within minutes.')}" if gone > STEP else ""
    flash(f"{said % {'count': count(gone)}}{rest}")
    return redirect(url_for("kept.history"), 303)


def _store() -> UploadStore:
    store = services().uploads
    if store is None:
        abort(404)
    return store
