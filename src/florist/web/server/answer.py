"""What the app says to a request, and what is said in its place."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from florist.web.door.errors import PROBLEM_TYPE, RETRY_AFTER_S
from florist.web.problems import RefusedError

_NO_CONTENT: Final = {204, 304}
_PIECE: Final = 2**18


@dataclass(frozen=True)
class Answer:
    """An answer: `status` with its phrase, the header fields, and all of the content."""

    status: str
    fields: list[tuple[str, str]]
    content: bytes

    @property
    def code(self) -> int:
        """The status as a number."""
        return int(self.status[:3])

    def headers(self, *, close: bool) -> Iterable[tuple[bytes, bytes]]:
        """Return the header fields, with the length of the content."""
        names = {name.lower() for name, _ in self.fields}
        if "content-length" not in names and self.code not in _NO_CONTENT:
            yield b"content-length", b"%d" % len(self.content)
        if close and "connection" not in names:
            yield b"connection", b"close"
        for name, value in self.fields:
            yield name.lower().encode("latin-1"), value.encode("latin-1")

    def encode(self) -> bytes:
        """Return the answer as it is sent where uvicorn has no request to answer."""
        lines = [b"%s: %s\r\n" % field for field in self.headers(close=True)]
        head = f"HTTP/1.1 {self.status}\r\n".encode("latin-1") + b"".join(lines)
        return head + b"\r\n" + self.content


def answer_of(app: Any, environ: dict[str, Any]) -> Answer:
    """Ask a WSGI app, and return all of its answer."""
    said: list[Any] = []
    written: list[bytes] = []

    def start_response(status: str, fields: list[tuple[str, str]], *_: Any) -> Any:
        said[:] = status, fields
        return written.append

    content = app(environ, start_response)
    try:
        written.extend(content)
    finally:
        if hasattr(content, "close"):
            content.close()
    return Answer(said[0], said[1], b"".join(written))


def pieces(content: bytes) -> list[bytes | memoryview]:
    """Return a content as the parts that are sent one by one, at least one.

    What a client does not take waits in memory: a part of it at a time, where it is a model.
    """
    if len(content) <= _PIECE:
        return [content]
    whole = memoryview(content)
    return [whole[start : start + _PIECE] for start in range(0, len(content), _PIECE)]


def refusal(error: RefusedError) -> Answer:
    """Return the answer to what never became a request for the app; a connection ends with it."""
    problem = error.problem
    fields = [("Content-Type", PROBLEM_TYPE), ("Connection", "close")]
    if problem.code in RETRY_AFTER_S:
        fields.append(("Retry-After", str(RETRY_AFTER_S[problem.code])))
    content = json.dumps(problem.members()).encode()
    return Answer(f"{problem.status} {problem.title}", fields, content)
