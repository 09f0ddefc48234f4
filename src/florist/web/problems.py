"""What can go wrong with a request: one table, one value, no Flask.

`ProblemDetail` is RFC 9457's problem detail. `code` is stable: programs may compare it.
"""

from dataclasses import asdict, dataclass
from typing import Final

from florist.errors import (
    DamagedImageError,
    DecoderError,
    EmptyImageError,
    FloristError,
    ImageTooLargeError,
    TooCostlyError,
    UnsupportedImageError,
)

# code → (status, title)
PROBLEMS: Final[dict[str, tuple[int, str]]] = {
    "bad-request": (400, "The request cannot be read"),
    "no-picture": (400, "No picture was sent"),
    EmptyImageError.code: (400, EmptyImageError.title),
    "bad-multipart": (400, "The form is broken"),
    "bad-json": (400, "The JSON cannot be used"),
    "bad-base64": (400, "The base64 cannot be decoded"),
    "bad-csrf": (400, "The form has expired"),
    "bad-host": (400, "This host name is not served here"),
    "bad-key": (401, "An API key is needed"),
    "forbidden": (403, "This is not allowed"),
    "not-found": (404, "There is nothing here"),
    "method-not-allowed": (405, "The method does not fit the address"),
    "too-slow": (408, "The request came too slowly"),
    "too-large": (413, "The request is too large"),
    "uri-too-long": (414, "The address is too long"),
    UnsupportedImageError.code: (415, UnsupportedImageError.title),
    "unsupported-type": (415, "The type of the body cannot be used"),
    DamagedImageError.code: (422, DamagedImageError.title),
    ImageTooLargeError.code: (422, ImageTooLargeError.title),
    TooCostlyError.code: (422, TooCostlyError.title),
    DecoderError.code: (422, DecoderError.title),
    "bad-parameter": (422, "A parameter has a value that cannot be used"),
    "headers-too-large": (431, "The headers are too large"),
    "rate-limited": (429, "Too many requests from this client"),
    "busy": (429, "All places are taken"),
    "internal": (500, "The server made a mistake"),
    "no-reasons": (501, "This model does not say why it answers as it does"),
    "not-ready": (503, "The server is not ready"),
    "uploads-unavailable": (503, "The uploads cannot be reached"),
    "deadline": (504, "It took too long"),
}


@dataclass(frozen=True)
class ProblemDetail:
    """What went wrong: `title` is the same for a code, `detail` says what was found."""

    status: int
    code: str
    title: str
    detail: str

    def members(self) -> dict[str, object]:
        """Return RFC 9457's members, and the `code` that a program may compare."""
        return {"type": "about:blank", **asdict(self)}


class RefusedError(FloristError):
    """The request is refused: what is wrong with it stands in `problem`."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        status, title = PROBLEMS[code]
        self.problem = ProblemDetail(status, code, title, detail)


class BusyError(RefusedError):
    """All places are taken."""

    def __init__(self, detail: str) -> None:
        super().__init__("busy", detail)


class NotReadyError(RefusedError):
    """The model is still being loaded, cannot be loaded, or the server is about to stop."""

    def __init__(self, detail: str) -> None:
        super().__init__("not-ready", detail)


class DeadlineError(RefusedError):
    """The answer was not there in time."""

    def __init__(self, detail: str) -> None:
        super().__init__("deadline", detail)


class UploadsError(RefusedError):
    """The folder or the database of the uploads cannot be reached.

    The reason is for the log: it may name hosts, users and folders.
    """

    def __init__(self, reason: str) -> None:
        super().__init__("uploads-unavailable", "The server's log says why. Try again later.")
        self.reason = reason

    def __str__(self) -> str:
        return self.reason
