"""How somebody wants the pages: a cookie tells it, so that their first byte is right already."""

from typing import Any, Final
from urllib.parse import urlsplit

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from florist.web.door.security import csrf
from florist.web.language import COOKIE, LANGUAGES, language, words_of_scripts
from florist.web.problems import RefusedError

THEMES: Final = ("light", "dark")
COMPACT: Final = "compact"
"""The view of the form for a frame: without the head and the foot of a page."""

_YEAR_S: Final = 365 * 24 * 3600

preferences = Blueprint("preferences", __name__)


@preferences.app_context_processor
def chosen() -> dict[str, Any]:
    """Return the theme, empty where the system decides, and the view, None for a whole page."""
    theme = request.cookies.get("theme", "")
    try:
        compact = request.args.get("view") == COMPACT
    except RefusedError:  # this is the page that says so
        compact = False
    return {
        "theme": theme if theme in THEMES else "",
        "view": COMPACT if compact else None,
        "language": language(),
        "languages": LANGUAGES,
        "words": words_of_scripts(),
    }


@preferences.post("/preferences")
def prefer() -> Response:
    """Note what was chosen, and go back to where that was."""
    # The whole address: a path that begins with two slashes would lead to another host.
    before = request.referrer or ""
    ours = urlsplit(before).netloc == request.host
    response = redirect(before if ours else url_for("pages.index"), 303)
    for name, values in (("theme", THEMES), (COOKIE, LANGUAGES)):
        value = request.form.get(name)
        if value is None:
            continue
        # `Lax` as the session's, and `Secure` where that is.
        response.set_cookie(
            name,
            value if value in values else "",
            max_age=_YEAR_S if value in values else 0,
            secure=request.is_secure,
            httponly=True,
            samesite="Lax",
        )
    return response


# All that a foreign site could do with it is to make a page dark, or German.
csrf.exempt(prefer)
