"""What a problem says on a page that is not English.

Where something is wrong, deep inside or in a library, an English sentence says what was found. It
cannot be translated after the fact; what to do about it can, by the code.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final, TypeVar

from florist.result import Failure
from florist.web.inference.classify import Answer
from florist.web.language import ENGLISH, gettext, language, number
from florist.web.problems import ProblemDetail
from florist.web.services import services

Problem = TypeVar("Problem", ProblemDetail, Failure)

ADVICE: Final[Mapping[str, str]] = {
    "no-picture": "Choose a picture first.",
    "empty-picture": "Choose another file.",
    "not-found": "No page or picture has this address. What was here may have been deleted.",
    "too-large": "At most %(pictures)s pictures, of %(megabytes)s MB in all, can be sent at once.",
    "unsupported-format": "Save it as JPEG or PNG to use it.",
    "damaged-image": "It is not whole, or not as its format asks for. Save it anew to use it.",
    "image-too-large": "Over %(megapixels)s megapixels are not read. Save it smaller to use it.",
    "too-costly": "Save it anew, as JPEG or PNG, to use it.",
    "decoder-failed": "Save it anew, as JPEG or PNG, to use it.",
    "rate-limited": "More was sent than one client may send. Wait a little.",
    "busy": "Every place is taken. Try again in a second.",
    "internal": "The server's log says more.",
    "no-reasons": "The server's log says why not.",
    "not-ready": "Try again in a few seconds.",
    "uploads-unavailable": "The server's log says why. Try again later.",
    "deadline": "No answer within %(seconds)s s. Try again, with fewer pictures.",
}
"""Code → what to do; `OTHERWISE` for the codes that no picture and no click leads to."""

OTHERWISE: Final = "Reload the page and try again."

REASONS: Final = (
    "The model is being loaded. Try again in a few seconds.",
    "The model could not be loaded; the server's log says why.",
    "The server is about to stop. Try again in a few seconds.",
)
"""Why a server is not ready: sentences without a value, which are translated as they are."""


def localized(problem: Problem) -> Problem:
    """Return a problem in the language of the page."""
    if language() == ENGLISH:
        return problem
    if problem.detail in REASONS:
        detail = gettext(problem.detail)
    else:
        detail = gettext(ADVICE.get(problem.code, OTHERWISE)) % _limits()
    return replace(problem, title=gettext(problem.title), detail=detail)


def localized_answer(answer: Answer) -> Answer:
    """Return an answer whose error, if it is one, is in the language of the page."""
    error = answer.result.error
    if error is None:
        return answer
    return replace(answer, result=replace(answer.result, error=localized(error)))


def _limits() -> Mapping[str, str]:
    settings = services().settings
    limits = {
        "pictures": settings.max_pictures,
        "megabytes": settings.max_bytes / 1e6,
        "megapixels": settings.max_megapixels,
        "seconds": settings.deadline_s,
    }
    return {name: number(f"{limit:,.4g}") for name, limit in limits.items()}
