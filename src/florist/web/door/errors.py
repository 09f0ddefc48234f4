"""Every error becomes one shape: a problem document for programs, a page for people."""

import logging
from typing import Final

from flask import Flask, Response, g, jsonify, render_template, request
from flask_limiter import RateLimitExceeded
from werkzeug.exceptions import BadHost, HTTPException, SecurityError

from florist.web.door.advice import localized
from florist.web.door.rates import allowance
from florist.web.problems import PROBLEMS, ProblemDetail, RefusedError, UploadsError
from florist.web.services import services

_log = logging.getLogger(__name__)

PROBLEM_TYPE: Final = "application/problem+json"
API_PREFIX: Final = "/api/"

# Status of a Werkzeug exception → our code.
_CODES: Final[dict[int, str]] = {
    400: "bad-request",
    401: "bad-key",
    403: "forbidden",
    404: "not-found",
    405: "method-not-allowed",
    413: "too-large",
    415: "unsupported-type",
    429: "rate-limited",
}
_BAD_HOSTS: Final = (SecurityError, BadHost)  # not trusted; no name at all
RETRY_AFTER_S: Final = {"busy": 1, "not-ready": 2, "rate-limited": 60, "deadline": 5}


def as_json(problem: ProblemDetail) -> dict[str, object]:
    """Return what a problem document says, with the id under which the log knows the request."""
    return problem.members() | {"request_id": g.get("request_id")}


def wants_page() -> bool:
    """Whether a person asks, in a browser: programs do not prefer HTML."""
    if not _for_people():
        return False
    if isinstance(request.routing_exception, _BAD_HOSTS):
        return False  # under a host that is none of ours no page can say where its parts are
    kinds = [PROBLEM_TYPE, "application/json", "text/html"]
    return request.accept_mimetypes.best_match(kinds) == "text/html"


def _for_people() -> bool:
    """Whether a page is asked, or a script of one."""
    return services().settings.pages and not request.path.startswith(API_PREFIX)


def register(app: Flask) -> None:
    """Translate errors at the edge, in one place."""
    app.register_error_handler(RefusedError, _refused)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unexpected)


def _refused(error: RefusedError) -> Response:
    if isinstance(error, UploadsError):
        _log.error("The uploads cannot be reached: %s", error)
    return answer(error.problem)


def _http(error: HTTPException) -> Response:
    status = error.code or 500
    if isinstance(error, _BAD_HOSTS):
        code = "bad-host"
    else:
        code = _CODES.get(status, "bad-request" if status < 500 else "internal")
    response = answer(RefusedError(code, _words(error, code)).problem)
    for name, value in error.get_headers():
        if name not in {"Content-Type", "Content-Length"}:  # Allow, WWW-Authenticate, Retry-After
            response.headers[name] = value
    return response


def _words(error: HTTPException, code: str) -> str:
    """Say in our own words what others refused, for the codes that people meet."""
    if isinstance(error, RateLimitExceeded):
        most = allowance(error.limit.limit)
        return f"You have sent more than {most}, which is all that one client may send."
    match code:
        case "not-found":
            return "No page or picture has this address. What was here may have been deleted."
        case "method-not-allowed":
            return f"This address does not take {request.method}."
        case "too-large":
            return _too_large()
    return error.description or PROBLEMS[code][1]


def _too_large() -> str:
    most, sent = request.max_content_length or 0, request.content_length
    if sent is not None and sent <= most:
        return f"At most {services().settings.max_pictures} pictures can be sent at once."
    has = "The request" if sent is None else f"The request has {sent / 1e6:,.1f} MB, and"
    return f"{has} may have at most {most / 1e6:,.1f} MB."


def _unexpected(error: Exception) -> Response:
    _log.error("A bug: the request ended in an exception nobody expected", exc_info=error)
    return answer(RefusedError("internal", "The server's log says more.").problem)


def answer(problem: ProblemDetail) -> Response:
    """Return the response that tells a problem to whoever asked."""
    services().metrics.refused.labels(problem.code).inc()
    if _for_people():
        problem = localized(problem)
    if wants_page():
        page = render_template("error.html", problem=problem, passes=problem.code in RETRY_AFTER_S)
        response = Response(page, mimetype="text/html")
    else:
        response = jsonify(as_json(problem))
        response.content_type = PROBLEM_TYPE
    response.status_code = problem.status
    if problem.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    if problem.code in RETRY_AFTER_S:
        response.headers["Retry-After"] = str(RETRY_AFTER_S[problem.code])
    return response
