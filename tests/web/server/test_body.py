"""The body of a request, which is in memory once."""

import random
import tracemalloc
from collections.abc import Callable
from io import BytesIO

import pytest
from werkzeug.test import create_environ

from florist.web.door.receive import FIELD, files_of
from florist.web.server.body import Body
from tests.web.conftest import AppMaker

MIB = 2**20
FORM = f'--B\r\nContent-Disposition: form-data; name="{FIELD}"; filename="a.png"\r\n\r\n'.encode()


def come(content: bytes, size: Callable[[], int]) -> Body:
    """Return a body that has come in pieces of such sizes."""
    body, rest = Body(), BytesIO(content)
    while piece := rest.read(size()):
        body.write(piece)
    return body


@pytest.mark.parametrize("most", [1, 1000, 300_000])
def test_what_came_is_read_in_order_and_once(most: int) -> None:
    random.seed(most)
    content = random.randbytes(100_000 * min(most, 4))
    body, read = come(content, lambda: random.randint(1, most)), []
    while piece := body.read(random.randint(1, most)):
        read.append(piece)
    assert b"".join(read) == content
    assert body.read() == b""


def test_the_rest_is_read_by_lines_or_whole() -> None:
    body = come(b"one\ntwo\nthree", lambda: 2)
    assert body.readline() == b"one\n"
    assert body.read() == b"two\nthree"


@pytest.mark.parametrize(
    ("kind", "head", "tail", "most"),
    [
        ("multipart/form-data; boundary=B", FORM, b"\r\n--B--\r\n", 1.5),
        ("image/png", b"", b"", 2.3),  # where it is joined, for a moment
    ],
)
def test_a_body_that_is_parsed_is_there_hardly_more_than_once(
    make_app: AppMaker, kind: str, head: bytes, tail: bytes, most: float
) -> None:
    app, mib = make_app(), 15
    length = str(len(head) + mib * MIB + len(tail))
    tracemalloc.start()
    try:
        body = Body()
        body.write(head)
        for _ in range(mib):
            body.write(bytes(MIB))
        body.write(tail)
        environ = {"wsgi.input": body, "CONTENT_LENGTH": length, "CONTENT_TYPE": kind}
        with app.request_context(create_environ(method="POST") | environ) as context:
            (file,) = files_of(context.request, 1)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(file.content) == mib * MIB
    assert peak < most * mib * MIB
