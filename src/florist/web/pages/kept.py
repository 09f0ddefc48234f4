"""The pages about kept pictures: the history, a page for each answer, the pictures, their end."""

from typing import Final

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Redirect

from florist.web.pages.wording import plural
from florist.web.services import Services, services
from florist.web.uploads.names import THUMBNAILS
from florist.web.uploads.store import STEP, UploadStore

PICTURES_A_PAGE: Final = 24
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
        return "Pictures are not kept."
    days = f"{found.settings.uploads_days:g}"
    return (
        f"Pictures are kept on this server for {days}{' day' if days == '1' else ' days'}, without "
        "their metadata. Everybody who can open this page can see them in the history, and delete "
        "them there."
    )


@kept.get("/history")
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
        promise=promise_of(found),
        keeps=found.uploads is not None,
    )


@kept.get("/answers/<upload>")
def answer(upload: str) -> str:
    """Show one picture with all that is kept of its answer."""
    store = _store()
    shown = store.get(upload) or abort(404)
    older = store.recent(1, before=upload)
    return render_template(
        "answer.html",
        upload=shown,
        newer=store.newer(upload),
        older=older[0] if older else None,
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
    """Delete one picture."""
    deleted = _store().delete(upload)
    flash("The picture is deleted." if deleted else "The picture had been deleted before.")
    return redirect(url_for("kept.history", before=request.form.get("before")), 303)


@kept.get("/history/delete")
def confirm_delete_all() -> str:
    """Ask before everything is deleted."""
    return render_template("confirm.html")


@kept.post("/history/delete")
def delete_all() -> Redirect:
    """Delete every picture."""
    count = _store().delete_all()
    rest = " The last of their files go within minutes." if count > STEP else ""
    flash(f"{plural(count, 'picture')} deleted.{rest}")
    return redirect(url_for("kept.history"), 303)


def _store() -> UploadStore:
    store = services().uploads
    if store is None:
        abort(404)
    return store
