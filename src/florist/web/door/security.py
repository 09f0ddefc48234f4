"""What every request passes and every response carries: keys, headers, ids, CSRF."""

import hmac
import re
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from flask import Flask, Request, Response, g, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from flask_cors import CORS
from flask_wtf.csrf import CSRFError, CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from florist.web.door import logs, rates
from florist.web.door.errors import API_PREFIX, answer
from florist.web.door.rates import WrongKeys
from florist.web.problems import RefusedError
from florist.web.settings import FRAME_WORDS, Settings

csrf: Final = CSRFProtect()

_LOCKED: Final = f"{API_PREFIX}v1/"
"""What API keys lock: not the probes, and not the description of the API."""

REQUEST_ID: Final = "X-Request-ID"
_SAFE_ID: Final = re.compile(r"[A-Za-z0-9._:-]{1,64}")

# No inline script or style, nothing from another host; blob: and data: show a picture that is not
# kept here.
CSP: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "connect-src 'self'; font-src 'self'; manifest-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
_POLICY: Final = "Content-Security-Policy"

_FRAMED: Final = {"pages.index", "pages.classify"}
"""What other sites may show in a frame: the form, and nothing that deletes."""

_HEADERS: Final = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class _PagesHaveSessions(SecureCookieSessionInterface):
    """The API has none. Cookies are `Secure` exactly where the request came over TLS.

    In a frame of another site a browser keeps none that is `Lax`. One that is `Partitioned` it may
    keep: for that site alone, and over TLS only.
    """

    def __init__(self, settings: Settings) -> None:
        self._framed = any("://" in site for site in settings.frame_ancestors)

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        return None if request.path.startswith(API_PREFIX) else super().open_session(app, request)

    def get_cookie_secure(self, app: Flask) -> bool:
        return request.is_secure

    def get_cookie_samesite(self, app: Flask) -> str:
        return "None" if self.get_cookie_partitioned(app) else "Lax"

    def get_cookie_partitioned(self, app: Flask) -> bool:
        return self._framed and request.is_secure


def register(app: Flask, settings: Settings) -> None:
    """Install the checks and the headers."""
    app.session_interface = _PagesHaveSessions(settings)
    app.config.update(
        SESSION_COOKIE_HTTPONLY=True,
        # Who sent a picture knows it as long as it is kept; no browser keeps a cookie for longer.
        PERMANENT_SESSION_LIFETIME=timedelta(days=min(max(settings.uploads_days, 1), 400)),
        SESSION_REFRESH_EACH_REQUEST=False,
        WTF_CSRF_TIME_LIMIT=None,  # a page that was left open still works; it ends with the session
    )
    app.before_request(_name_the_request)
    if settings.api_keys:
        app.before_request(_require_key(settings))
    rates.register(app, settings)
    if settings.cors_origins:
        CORS(
            app,
            resources={rf"{API_PREFIX}.*": {"origins": list(settings.cors_origins)}},
            expose_headers=[REQUEST_ID, "Retry-After"],
        )
    if settings.proxies:
        hops = settings.proxies
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops
        )
    if settings.frame_ancestors:
        app.after_request(_allow_frames(settings))  # the last one: Flask begins at the end
    app.after_request(_add_headers)
    csrf.init_app(app)
    app.register_error_handler(CSRFError, _no_csrf)


def _name_the_request() -> None:
    given = request.headers.get(REQUEST_ID, "")
    g.request_id = given if _SAFE_ID.fullmatch(given) else uuid.uuid4().hex
    logs.request_id.set(g.request_id)


def _require_key(settings: Settings) -> Callable[[], None]:
    """Return what refuses a request without a right key."""
    keys = [key.encode() for key in settings.api_keys]
    wrong = WrongKeys(settings)

    def check() -> None:
        if not request.path.startswith(_LOCKED) or request.method == "OPTIONS":
            return  # a browser sends no key when it asks with OPTIONS whether it may
        wrong.require_few()
        given = _given_key().encode()
        # Each comparison takes the same time however much of a key is right.
        if not any(hmac.compare_digest(given, key) for key in keys):
            wrong.count()
            raise RefusedError("bad-key", "Send `Authorization: Bearer KEY` or `X-API-Key: KEY`.")

    return check


def _given_key() -> str:
    authorization = request.authorization
    if authorization is not None and authorization.type == "bearer":
        return authorization.token or ""
    return request.headers.get("X-API-Key", "")


def _add_headers(response: Response) -> Response:
    if _POLICY not in response.headers:  # a kept picture has a stricter one
        response.headers[_POLICY] = CSP
    response.headers.extend(_HEADERS)
    response.headers[REQUEST_ID] = g.get("request_id", "")
    return response


def _allow_frames(settings: Settings) -> Callable[[Response], Response]:
    """Return what lets the sites of the settings show the form in a frame."""
    names = [site.strip("'") for site in settings.frame_ancestors]
    sites = " ".join(f"'{name}'" if name in FRAME_WORDS else name for name in names)
    policy = CSP.replace("frame-ancestors 'none'", f"frame-ancestors {sites}")

    def allow(response: Response) -> Response:
        if request.endpoint in _FRAMED:
            response.headers[_POLICY] = policy
            del response.headers["X-Frame-Options"]
        return response

    return allow


def _no_csrf(error: CSRFError) -> Response:
    detail = f"{error.description} Reload the page and send the picture again."
    return answer(RefusedError("bad-csrf", detail).problem)
