"""What bad input gets: the whole table, against the API and the page."""

import tracemalloc
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from PIL import Image

from florist.web.problems import PROBLEMS
from tests.costly_pictures import COSTLY
from tests.web.conftest import AppMaker, encoded, red
from tests.web.door import bad_pictures as bad
from tests.web.door.calls import API, URLENCODED, Call, chunked, form, json_body, raw

MIB = 2**20


def multipart(body: bytes, path: str = API) -> Call:
    return {"path": path, "data": body, "content_type": "multipart/form-data; boundary=B"}


def parts(count: int) -> bytes:
    part = b'--B\r\nContent-Disposition: form-data; name="f"\r\n\r\nx\r\n'
    return part * count + b"--B--\r\n"


def text_field(size: int) -> bytes:
    head = b'--B\r\nContent-Disposition: form-data; name="f"\r\n\r\n'
    return head + b"x" * size + b"\r\n--B--\r\n"


NAMELESS = parts(1).replace(b'; name="f"', b"")
CASES: list[tuple[str, int, str, Callable[[], Call]]] = [
    ("no body", 400, "no-picture", lambda: {"path": API}),
    ("no body but a type", 400, "no-picture", lambda: raw(b"")),
    ("missing part", 400, "no-picture", lambda: multipart(parts(1))),
    ("a text where the file should be", 400, "no-picture", lambda: form(image="red")),
    ("empty filename", 400, "no-picture", lambda: form((b"", ""))),
    ("0 bytes", 400, "empty-picture", lambda: form((b"", "rose.jpg"))),
    ("0 bytes as base64", 400, "empty-picture", lambda: json_body('{"image": ""}')),
    ("form that breaks off", 400, "bad-multipart", lambda: multipart(parts(1)[:-5])),
    ("form without its boundary", 400, "bad-multipart", lambda: raw(red(), "", "multipart/form-data")),
    ("form with a part without a name", 400, "bad-multipart", lambda: multipart(NAMELESS)),
    ("the same for the page", 400, "bad-multipart", lambda: multipart(NAMELESS, "/")),
    ("form that is none", 400, "bad-multipart", lambda: multipart(red())),
    ("bad JSON", 400, "bad-json", lambda: json_body("{")),
    ("deep JSON", 400, "bad-json", lambda: json_body("[" * 100_000)),
    ("JSON that is no text", 400, "bad-json", lambda: json_body(b"\xff\xfe{")),
    ("JSON with a long number", 400, "bad-json", lambda: json_body("1" * 10_000)),
    ("JSON of another shape", 400, "bad-json", lambda: json_body('[{"image": ""}]')),
    ("JSON with an address", 400, "bad-json", lambda: json_body('{"url": "http://localhost"}')),
    ("JSON with two members", 400, "bad-json", lambda: json_body('{"image": "", "a": ""}')),
    ("JSON with more behind it", 400, "bad-json", lambda: json_body('{"image": ""} {}')),
    ("JSON with a member in one", 400, "bad-json", lambda: json_body('{"image": {"image": ""}}')),
    ("bad base64", 400, "bad-base64", lambda: json_body('{"image": "%%%"}')),
    ("base64 of 1 digit", 400, "bad-base64", lambda: json_body('{"image": "A"}')),
    ("base64 that is not ASCII", 400, "bad-base64", lambda: json_body('{"image": "é"}')),
    ("an address as base64", 400, "bad-base64", lambda: json_body('{"image": "http://a/"}')),
    ("missing CSRF", 400, "bad-csrf", lambda: form((red(), "rose.png")) | {"path": "/"}),
    ("forged CSRF", 400, "bad-csrf", lambda: form((red(), "r.png"), csrf_token="x") | {"path": "/"}),
    ("unknown path", 404, "not-found", lambda: {"path": "/api/v2/predictions"}),
    ("path that climbs", 404, "not-found", lambda: {"path": "/static/../../app.py", "method": "GET"}),
    ("unknown method", 405, "method-not-allowed", lambda: {"path": API, "method": "DELETE"}),
    ("invented method", 405, "method-not-allowed", lambda: {"path": API, "method": "BREW"}),
    ("GET of predictions", 405, "method-not-allowed", lambda: {"path": API, "method": "GET"}),
    ("too large", 413, "too-large", lambda: raw(bytes(17 * MIB))),
    ("too large, length unknown", 413, "too-large", lambda: chunked(raw(bytes(17 * MIB)))),
    ("too large form", 413, "too-large", lambda: chunked(multipart(text_field(17 * MIB)))),
    ("10,000 parts", 413, "too-large", lambda: multipart(parts(10_000))),
    ("21 parts", 413, "too-large", lambda: multipart(parts(21))),
    ("17 pictures", 413, "too-large", lambda: form(*[(red(), "r.png")] * 17)),
    ("5 MB text field", 413, "too-large", lambda: multipart(text_field(5_000_000))),
    ("5 MB text field on the page", 413, "too-large", lambda: multipart(text_field(5_000_000), "/")),
    ("a form of a million fields", 413, "too-large", lambda: raw(b"a&" * MIB, "", URLENCODED) | {"path": "/"}),
    ("text", 415, "unsupported-format", lambda: raw(b"just some text")),
    ("PDF", 415, "unsupported-format", lambda: raw(bad.PDF)),
    ("ZIP", 415, "unsupported-format", lambda: raw(bad.zip_file())),
    ("HTML", 415, "unsupported-format", lambda: raw(b"<!DOCTYPE html><script>1</script>")),
    ("SVG", 415, "unsupported-format", lambda: raw(bad.SVG, "", "image/svg+xml")),
    ("EPS", 415, "unsupported-format", lambda: raw(bad.EPS)),
    ("AVIF", 415, "unsupported-format", lambda: raw(encoded(Image.new("RGB", (8, 8)), "AVIF"))),
    ("AVIF that announces less than it holds", 415, "unsupported-format", lambda: raw(bad.avif_with_a_lie())),
    ("TIFF of a rare compression", 415, "unsupported-format", lambda: raw(bad.red_tiff(compression="lzma"))),
    ("TIFF that begins with a preview", 415, "unsupported-format", lambda: raw(bad.red_tiff(tiffinfo={254: 1}))),
    ("PSD", 415, "unsupported-format", lambda: raw(bad.PSD)),
    ("PDF under a picture's name", 415, "unsupported-format", lambda: form((bad.PDF, "rose.jpg"))),
    ("gzip", 415, "unsupported-format", lambda: raw(bad.GZIP)),
    ("gzip, and says so", 415, "unsupported-type", lambda: raw(bad.GZIP) | {"headers": {"Content-Encoding": "gzip"}}),
    ("unknown type of body", 415, "unsupported-type", lambda: raw(red(), "", "text/plain")),
    ("a form without files", 415, "unsupported-type", lambda: raw(b"image=1", "", URLENCODED)),
    ("truncated JPEG", 422, "damaged-image", lambda: raw(red(64, "JPEG")[:-40])),
    ("bad CRC of a PNG's header", 422, "damaged-image", lambda: raw(bad.bad_crc(b"IHDR"))),
    ("bad CRC of a PNG's pixels", 422, "damaged-image", lambda: raw(bad.bad_crc(b"IDAT"))),
    ("PNG with bad pixels", 422, "damaged-image", lambda: raw(bad.changed_png(b"IDAT", 10))),
    ("PNG without an end", 422, "damaged-image", lambda: raw(red()[:-12])),
    ("header only", 422, "damaged-image", lambda: raw(red()[:33])),
    ("signature only", 422, "damaged-image", lambda: raw(red()[:8])),
    ("zero width", 422, "damaged-image", lambda: raw(bad.png(0, 8, b""))),
    ("zero height", 422, "damaged-image", lambda: raw(bad.png(8, 0, b""))),
    ("400 megapixels in 50 kB", 422, "image-too-large", lambda: raw(bad.huge_png())),
    ("text bomb", 422, "damaged-image", lambda: raw(bad.text_bomb())),
    ("ICC bomb", 422, "damaged-image", lambda: raw(bad.icc_bomb())),
    ("10,000 frames", 422, "image-too-large", lambda: raw(bad.animation(10_000))),
    ("truncated TIFF", 422, "damaged-image", lambda: raw(bad.red_tiff()[:-40])),
    ("TIFF with a tag twice", 422, "damaged-image", lambda: raw(bad.tiff({256: 8, 257: 8}, b"", more=bytes(24)))),
    ("TIFF of two gigabytes in a strip", 422, "damaged-image", lambda: raw(bad.tiff({256: 8, 257: 8, 279: 2**31}, b""))),
    ("TIFF whose strips overlap", 422, "damaged-image", lambda: raw(bad.tiff({256: 8, 257: 900, 278: 1, 273: [8] * 900, 279: [9000] * 900}, b""))),
    ("TIFF of a million strips", 422, "image-too-large", lambda: raw(bad.tiff({256: 8, 257: 8, 273: [8] * 10**6}, b""))),
    ("TIFF that announces 400 megapixels", 422, "image-too-large", lambda: raw(bad.tiff({256: 20_000, 257: 20_000, 258: 8, 262: 1}, b""))),
    ("TIFF with a huge tile", 422, "image-too-large", lambda: raw(bad.tiled(26_000))),
    ("TIFF one pixel wide", 422, "image-too-large", lambda: raw(bad.tiff({256: 1, 257: 10**7, 258: 8, 262: 1}, b""))),
    ("TIFF with an EXIF of too many numbers", 422, "image-too-large", lambda: raw(bad.tiff({256: 8, 257: 8, 34665: 8, 700: [1] * 500_000}, b""))),
    *((name, 422, "too-costly", lambda make=make: raw(make())) for name, make in COSTLY.items()),
    ("top -1", 422, "bad-parameter", lambda: raw(red(), "?top=-1")),
    ("top 0", 422, "bad-parameter", lambda: raw(red(), "?top=0")),
    ("top 1e9", 422, "bad-parameter", lambda: raw(red(), "?top=1e9")),
    ("top a billion", 422, "bad-parameter", lambda: raw(red(), "?top=1000000000")),
    ("top abc", 422, "bad-parameter", lambda: raw(red(), "?top=abc")),
    ("top in other digits", 422, "bad-parameter", lambda: raw(red(), "?top=²")),
    ("sets 1", 422, "bad-parameter", lambda: raw(red(), "?sets=1")),
    ("sets nan", 422, "bad-parameter", lambda: raw(red(), "?sets=nan")),
    ("sets abc", 422, "bad-parameter", lambda: raw(red(), "?sets=abc")),
    ("sets of a model that has none", 422, "bad-parameter", lambda: raw(red(), "?sets=0.9")),
    ("top empty", 422, "bad-parameter", lambda: raw(red(), "?top=")),
]  # fmt: skip


@pytest.mark.parametrize(
    ("status", "code", "call"), [pytest.param(*case, id=name) for name, *case in CASES]
)
def test_bad_input(client: FlaskClient, status: int, code: str, call: Callable[[], Call]) -> None:
    arguments: Call = {"method": "POST"} | call()
    response = client.open(**arguments)
    assert (response.status_code, response.json and response.json["code"]) == (status, code)
    assert response.content_type == "application/problem+json"
    assert response.json is not None
    assert set(response.json) == {"type", "title", "status", "detail", "code", "request_id"}
    assert response.json["status"] == status
    assert PROBLEMS[code] == (status, response.json["title"])
    assert "Traceback" not in response.text


@pytest.mark.parametrize("key", ["", "Bearer ", "Bearer secre", "Bearer secret2", "Basic secret"])
def test_bad_keys(make_app: AppMaker, key: str) -> None:
    client = make_app(api_keys=("secret", "other")).test_client()
    response = client.post(API, data=red(), headers={"Authorization": key} if key else {})
    assert response.status_code == 401
    assert response.json is not None
    assert response.json["code"] == "bad-key"
    assert response.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("path", ["/", "/api/v1/model", "/docs", "/nowhere"])
def test_a_forged_host(make_app: AppMaker, path: str) -> None:
    app = make_app(trusted_hosts=("florist.example", ".example.org"))
    forged = app.test_client().get(path, headers={"Host": "evil.example"})
    assert forged.status_code == 400
    assert forged.json is not None
    assert forged.json["code"] == "bad-host"
    for host in ("florist.example", "a.example.org:8000"):
        assert app.test_client().get("/livez", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", ["a..b", "a" * 64])
def test_a_host_that_is_no_name(client: FlaskClient, host: str) -> None:
    response = client.get("/", headers={"Host": host, "Accept": "text/html"})
    assert response.status_code == 400
    assert response.json is not None
    assert response.json["code"] == "bad-host"


def test_parameters_that_are_no_text(client: FlaskClient) -> None:
    environ = {"QUERY_STRING": "before=\x92"}
    response = client.get("/history", environ_overrides=environ)
    assert response.status_code == 400
    assert response.json is not None
    assert response.json["code"] == "bad-request"


@pytest.mark.parametrize(
    ("setting", "limit", "call", "code"),
    [
        ("max_body_mib", 0.001, lambda: raw(bytes(2000)), "too-large"),
        ("max_body_mib", 0.001, lambda: chunked(raw(bytes(2000))), "too-large"),
        ("max_megapixels", 0.001, lambda: raw(red(48)), "image-too-large"),
        ("max_parts", 2, lambda: form((red(), "a.png"), b="", c=""), "too-large"),
        ("max_pictures", 1, lambda: form((red(), "a.png"), (red(), "b.png")), "too-large"),
    ],
)
def test_every_limit_is_a_setting(
    make_app: AppMaker, setting: str, limit: float, call: Callable[[], Call], code: str
) -> None:
    response = make_app(**{setting: limit}).test_client().post(**call())
    assert response.json is not None
    assert response.json["code"] == code
    assert make_app().test_client().post(**call()).status_code in {200, 415}


@pytest.mark.parametrize("text", ["[" + "{}," * 2_000_000 + "{}]", '{"image": [' + "[" * 6_000_000])
def test_json_made_to_cost_is_not_parsed(client: FlaskClient, text: str) -> None:
    status, peak = posted_with_peak(client, text)
    assert status == 400
    assert peak < 4 * len(text)


def test_large_base64_is_decoded_from_where_it_stands(client: FlaskClient) -> None:
    text = '{"image": "' + "A" * 8_000_000 + '"}'
    status, peak = posted_with_peak(client, text)
    assert status == 415
    assert peak < 4 * len(text)  # what the client holds, what came, and what it says


def posted_with_peak(client: FlaskClient, text: str) -> tuple[int, int]:
    """Return the status of an answer, and how many bytes more there were at a time."""
    call = json_body(text)
    tracemalloc.start()
    try:
        return client.post(**call).status_code, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
