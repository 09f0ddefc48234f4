"""The pictures of a request: a form, raw bytes, or JSON with base64."""

import binascii
import json
import math
import re
from io import BytesIO
from typing import IO, Any, Final, cast

from flask import Request
from werkzeug.datastructures import MultiDict
from werkzeug.formparser import FormDataParser

from florist.confidence.sets import LEAST_COVERAGE, MOST_COVERAGE, LabelSets
from florist.errors import BundleError
from florist.prediction import DEFAULT_TOP, Predictor
from florist.web.inference.classify import MAX_TOP, File
from florist.web.problems import RefusedError

FIELD: Final = "image"
_MOST_FORM_BYTES: Final = 64 * 1024


class _StrictFormParser(FormDataParser):
    """Werkzeug's parser would make an empty form of a broken one."""

    def parse(self, *args: Any, **kwargs: Any) -> Any:
        """Parse as the parent does.

        Raises `RefusedError` where the form is broken.
        """
        self.silent = False
        try:
            stream, fields, files = super().parse(*args, **kwargs)
        except ValueError as error:
            raise RefusedError("bad-multipart", f"The form cannot be parsed: {error}.") from error
        if None in {*fields, *files}:  # whoever looks a field up by its name would trip over it
            raise RefusedError("bad-multipart", "A part of the form has no name.")
        return stream, fields, files


class HostileRequest(Request):
    """A request whose form is parsed strictly, in memory, within limits."""

    form_data_parser_class = _StrictFormParser

    @property
    def args(self) -> MultiDict[str, str]:
        """The parameters of the address.

        Raises `RefusedError` where they are no text.
        """
        try:
            return super().args
        except UnicodeDecodeError as error:
            raise RefusedError("bad-request", "The parameters are not UTF-8.") from error

    @property
    def max_content_length(self) -> int | None:
        """The largest body: much less for a form without files, which is parsed as a whole."""
        if self.mimetype == "application/x-www-form-urlencoded":
            return _MOST_FORM_BYTES
        return super().max_content_length

    @max_content_length.setter
    def max_content_length(self, value: int | None) -> None:
        raise AttributeError("The largest body is a setting of the app.")

    def _get_file_stream(self, *_: Any, **__: Any) -> IO[bytes]:
        return BytesIO()  # bounded by the body, and needs no disk, which may be full or read-only


def top_of(request: Request, default: int = DEFAULT_TOP) -> int:
    """Return how many classes are asked for with `?top=`.

    Raises `RefusedError`.
    """
    text = request.args.get("top", str(default))
    top = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
    if not 1 <= top <= MAX_TOP:
        raise RefusedError("bad-parameter", f"top is {text[:40]!r}; expected 1 to {MAX_TOP}.")
    return top


def sets_of(request: Request, predictor: Predictor) -> LabelSets | None:
    """Return what names the sets that are asked for with `?sets=`.

    Raises `RefusedError`.
    """
    text = request.args.get("sets")
    if text is None:
        return None
    try:
        coverage = float(text)
    except ValueError:
        coverage = math.nan
    if not LEAST_COVERAGE <= coverage <= MOST_COVERAGE:
        expected = f"expected {LEAST_COVERAGE} to {MOST_COVERAGE}"
        raise RefusedError("bad-parameter", f"sets is {text[:40]!r}; {expected}.")
    try:
        return predictor.label_sets(coverage)
    except BundleError as error:
        raise RefusedError("bad-parameter", str(error)) from error


def files_of(request: Request, most: int) -> list[File]:
    """Return the pictures of a request, whichever way they came.

    Raises `RefusedError`, or Werkzeug's `RequestEntityTooLarge`.
    """
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise RefusedError("unsupported-type", "Send the body uncompressed, without an encoding.")
    mimetype = request.mimetype
    if mimetype == "multipart/form-data":
        return form_files(request, most)
    content = request.get_data(cache=False)
    request.stream.read(1)  # a body without a length was cut at the limit: this raises 413
    if len(content) < (request.content_length or 0):
        raise RefusedError("bad-request", "The body broke off.")
    if not content:
        raise RefusedError("no-picture", _HOW)
    if mimetype == "application/json":
        return [File("", _from_json(content))]
    if mimetype.startswith("image/"):
        return [File("", content)]
    raise RefusedError("unsupported-type", f"The body is {mimetype[:80] or 'untyped'!r}. {_HOW}")


def form_files(request: Request, most: int) -> list[File]:
    """Return the pictures of a form.

    Raises `RefusedError`.
    """
    parts = [part for part in request.files.getlist(FIELD) if part.filename]
    if not parts:
        raise RefusedError("no-picture", f"The form has no file in a field {FIELD!r}.")
    if len(parts) > most:
        raise RefusedError("too-large", f"{len(parts)} pictures; at most {most} at a time.")
    # `getvalue` hands over what is there, where `read` would copy it.
    return [File(part.filename or "", cast("BytesIO", part.stream).getvalue()) for part in parts]


_HOW: Final = (
    f"Send a form with a file in the field {FIELD!r}, or the bytes of a picture with its type, "
    f'or {{"{FIELD}": "<base64>"}} as application/json.'
)


# What browsers put before base64 (RFC 2397): data:image/png;base64,...
_DATA_URL: Final = re.compile(rb"data:[^,]{0,255};base64,", re.IGNORECASE)

# All JSON that is taken: an object with one member. Parsing whatever comes would make objects of
# sixty times the size of a body such as [{},{},...], and hold up every thread meanwhile.
_BEFORE_TEXT: Final = re.compile(rb'\s*\{\s*"' + FIELD.encode() + rb'"\s*:\s*"')
_AFTER_TEXT: Final = re.compile(rb'"\s*\}\s*\Z')


def _from_json(content: bytes) -> bytes:
    before = _BEFORE_TEXT.match(content)
    after = _AFTER_TEXT.match(content, content.rfind(b'"'))
    if before is None or after is None or after.start() < before.end():
        raise RefusedError("bad-json", f'Expected {{"{FIELD}": "<base64>"}}.')
    begin, end = before.end(), after.start()
    if content.find(b"\\", begin, end) >= 0 or content.find(b'"', begin, end) >= 0:
        content = _unescaped(content[begin - 1 : end + 1])
        begin, end = 0, len(content)
    if prefix := _DATA_URL.match(content, begin, end):
        begin = prefix.end()
    try:
        # Decoded from where it stands: a body of many MiB should not be there several times.
        return binascii.a2b_base64(memoryview(content)[begin:end], strict_mode=True)
    except binascii.Error as error:
        raise RefusedError("bad-base64", f"The field {FIELD!r} is no base64: {error}.") from error


def _unescaped(string: bytes) -> bytes:
    """Return what a string of JSON says: many programs write a slash as `\\/`."""
    try:
        return str(json.loads(string)).encode()
    except ValueError as error:
        raise RefusedError("bad-json", f'Expected {{"{FIELD}": "<base64>"}}: {error}.') from error
