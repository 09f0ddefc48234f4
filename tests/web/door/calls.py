"""The ways of sending pictures: arguments of Flask's test client."""

from io import BytesIO
from typing import Any

API = "/api/v1/predictions"
URLENCODED = "application/x-www-form-urlencoded"

Call = dict[str, Any]


def raw(content: bytes, query: str = "", kind: str = "image/jpeg") -> Call:
    return {"path": API + query, "data": content, "content_type": kind}


def json_body(content: bytes | str) -> Call:
    return {"path": API, "data": content, "content_type": "application/json"}


def form(*files: tuple[bytes, str], **fields: str) -> Call:
    data = fields | {"image": [(BytesIO(content), name) for content, name in files]}
    return {"path": API, "data": data, "content_type": "multipart/form-data"}


def chunked(call: Call) -> Call:
    """Send the body without its length, as `Transfer-Encoding: chunked` arrives at the app."""
    body = call.pop("data")
    environ = {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}
    return call | {"input_stream": BytesIO(body), "environ_overrides": environ}
