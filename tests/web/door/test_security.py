"""Keys, limits per client, other origins, proxies, cookies, headers, ids and logs."""

import json
import logging
import subprocess
import sys
from io import BytesIO
from queue import SimpleQueue

import pytest
from flask import session
from flask.sessions import NullSession
from flask.testing import FlaskClient

from florist.web.door.logs import JsonFormatter
from tests.web.conftest import AppMaker, csrf_token, red

API = "/api/v1/predictions"


@pytest.mark.parametrize(
    "headers",
    [{"Authorization": "Bearer other"}, {"X-API-Key": "schlüssel"}, {"Authorization": "bearer k"}],
)
def test_any_of_the_keys_opens_the_api(make_app: AppMaker, headers: dict[str, str]) -> None:
    client = make_app(api_keys=("k", "other", "schlüssel")).test_client()
    assert client.get("/api/v1/model", headers=headers).status_code == 200


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics", "/api/openapi.json", "/docs"])
def test_probes_and_descriptions_need_no_key(make_app: AppMaker, path: str) -> None:
    assert make_app(api_keys=("k",)).test_client().get(path).status_code == 200


def test_a_client_that_asks_too_often_waits(make_app: AppMaker) -> None:
    app = make_app(rate_limit="2 per minute", proxies=1)

    def send(client: str) -> int:
        headers = {"X-Forwarded-For": client}
        response = app.test_client().post(
            API, data=red(), content_type="image/png", headers=headers
        )
        if response.status_code == 429:
            assert response.json is not None
            assert response.json["code"] == "rate-limited"
            assert 0 < int(response.headers["Retry-After"]) <= 60
        return response.status_code

    assert [send("192.0.2.1") for _ in range(4)] == [200, 200, 429, 429]
    assert send("192.0.2.2") == 200
    client = app.test_client()
    assert [client.get("/livez").status_code for _ in range(9)] == [200] * 9


def test_pictures_are_counted_not_requests(make_app: AppMaker) -> None:
    client = make_app(rate_limit="5 per minute").test_client()

    def send(pictures: int) -> int:
        data = {"image": [(BytesIO(red()), f"{number}.png") for number in range(pictures)]}
        return client.post(API, data=data).status_code

    assert [send(3), send(3)] == [200, 429]
    assert send(1) == 429  # what was refused has been counted, too: asking again is no way around
    page = make_app(rate_limit="2 per minute").test_client()
    data = {"csrf_token": csrf_token(page)}
    three = data | {"image": [(BytesIO(red()), f"{number}.png") for number in range(3)]}
    assert page.post("/", data=three).status_code == 429


def test_wrong_keys_are_counted(make_app: AppMaker) -> None:
    client = make_app(api_keys=("k",), proxies=1).test_client()

    def ask(key: str, address: str = "192.0.2.1") -> int:
        headers = {"X-API-Key": key, "X-Forwarded-For": address}
        return client.get("/api/v1/model", headers=headers).status_code

    assert [ask("wrong") for _ in range(30)] == [401] * 30
    assert [ask("wrong"), ask("k")] == [429, 429]  # a guess that is right is no better
    assert ask("k", "192.0.2.2") == 200


def test_no_prefix_is_taken_from_a_header(make_app: AppMaker) -> None:
    """A proxy that does not set it hands on what a stranger sent."""
    client = make_app(proxies=1).test_client()
    assert "evil" not in client.get("/", headers={"X-Forwarded-Prefix": "//evil.example"}).text


def test_other_origins_only_where_they_are_listed(make_app: AppMaker) -> None:
    friend, stranger = {"Origin": "https://a.example"}, {"Origin": "https://b.example"}
    closed = make_app().test_client().get("/api/v1/model", headers=friend)
    assert "Access-Control-Allow-Origin" not in closed.headers
    client = make_app(cors_origins=("https://a.example",), api_keys=("k",)).test_client()
    asked = friend | {"Access-Control-Request-Method": "POST"}
    preflight = client.options(API, headers=asked)
    assert preflight.status_code == 200
    assert preflight.headers["Access-Control-Allow-Origin"] == "https://a.example"
    for path in ("/api/v1/model", "/api/openapi.json"):
        refused = client.get(path, headers=stranger)
        assert "Access-Control-Allow-Origin" not in refused.headers
    page = client.get("/", headers=friend)
    assert "Access-Control-Allow-Origin" not in page.headers


@pytest.mark.parametrize(("proxies", "secure"), [(0, False), (1, True)])
def test_cookies_follow_the_scheme(make_app: AppMaker, proxies: int, secure: bool) -> None:
    client = make_app(proxies=proxies).test_client()
    cookie = client.get("/", headers={"X-Forwarded-Proto": "https"}).headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert ("Secure" in cookie) is secure


@pytest.mark.parametrize("path", [API, "/"])
def test_only_pages_have_a_session(client: FlaskClient, path: str) -> None:
    with client:
        client.get(path)
        assert isinstance(session, NullSession) is (path == API)


def test_a_proxy_is_believed_only_where_there_is_one(
    make_app: AppMaker, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "florist.web.requests")
    for proxies in (0, 1):
        headers = {"X-Forwarded-For": "192.0.2.7"}
        make_app(proxies=proxies).test_client().get("/livez", headers=headers)
    asked = [record for record in caplog.records if record.name == "florist.web.requests"]
    clients = [record.fields["client"] for record in asked]  # type: ignore[attr-defined]
    assert clients == ["127.0.0.1", "192.0.2.7"]


@pytest.mark.parametrize("path", ["/", "/docs", "/livez", "/nowhere", API, "/static/0/base.css"])
def test_every_answer_has_the_headers(client: FlaskClient, path: str) -> None:
    response = client.get(path, headers={"Accept": "text/html"})
    response.close()
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert "frame-ancestors 'none'" in policy
    assert len({name for name, _ in response.headers}) == len(response.headers)
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["X-Request-ID"]


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html"),
        ("*/*", "application/problem+json"),
        ("", "application/problem+json"),
        ("application/json", "application/problem+json"),
    ],
)
def test_people_get_a_page_and_programs_a_problem(
    client: FlaskClient, accept: str, kind: str
) -> None:
    response = client.get("/nowhere", headers={"Accept": accept} if accept else {})
    assert response.status_code == 404
    assert response.mimetype == kind
    assert client.get("/api/x", headers={"Accept": accept}).mimetype == "application/problem+json"


def test_an_api_without_pages(make_app: AppMaker) -> None:
    client = make_app(pages=False).test_client()
    for path in ("/", "/docs", "/history"):
        response = client.get(path, headers={"Accept": "text/html"})
        assert (response.status_code, response.mimetype) == (404, "application/problem+json")
    assert client.post(API, data=red(), content_type="image/png").status_code == 200


def test_a_bug_shows_no_traceback(make_app: AppMaker, caplog: pytest.LogCaptureFixture) -> None:
    app = make_app()
    app.add_url_rule("/bug", "bug", lambda: str(1 / 0))
    response = app.test_client().get("/bug")
    assert response.status_code == 500
    assert response.json is not None
    assert response.json["code"] == "internal"
    assert "division" not in response.text
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize(
    ("given", "taken"),
    [("abc-1.2:3_4", True), ("", False), ("a b", False), ("x" * 65, False), ("é", False)],
)
def test_the_request_id_goes_in_and_out_and_into_the_log(
    client: FlaskClient, caplog: pytest.LogCaptureFixture, given: str, taken: bool
) -> None:
    caplog.set_level(logging.INFO, "florist")
    response = client.post(API, data=b"text", headers={"X-Request-ID": given})
    found = response.headers["X-Request-ID"]
    assert (found == given) is taken
    assert response.json is not None
    assert response.json["request_id"] == found
    line = json.loads(JsonFormatter().format(caplog.records[-1]))
    assert line["request_id"] == found
    assert (line["method"], line["path"], line["status"]) == ("POST", API, 415)
    assert line["ms"] >= 0


def test_a_thread_that_keeps_a_picture_logs_the_id_of_its_request(make_app: AppMaker) -> None:
    lines: SimpleQueue[str] = SimpleQueue()

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.put(JsonFormatter().format(record))

    keeping, handler = logging.getLogger("florist.web.uploads.keeping"), Handler()
    keeping.addHandler(handler)
    client = make_app(database_url="sqlite:////nowhere/at/all.db").test_client()
    token = csrf_token(client)
    form = {"csrf_token": token, "image": (BytesIO(red()), "b.png")}
    client.post("/", data=form, headers={"X-Request-ID": "mine"})
    line = lines.get(timeout=30)
    keeping.removeHandler(handler)
    assert json.loads(line)["request_id"] == "mine"
    assert "\n" not in line


def test_metrics_tell_what_happened(make_app: AppMaker) -> None:
    client = make_app().test_client()
    client.post(API, data=red(), content_type="image/png")
    client.post(API, data=b"text", content_type="image/png")
    client.open("/nowhere/1", method="BREW")
    text = client.get("/metrics").text
    for line in (
        f'florist_requests_total{{method="POST",route="{API}",status="200"}} 1.0',
        f'florist_requests_total{{method="POST",route="{API}",status="415"}} 1.0',
        'florist_requests_total{method="(other)",route="(none)",status="404"} 1.0',
        'florist_predictions_total{label="red"} 1.0',
        'florist_refused_total{code="unsupported-format"} 1.0',
        'florist_step_seconds_count{step="decode"} 1.0',
        'florist_step_seconds_count{step="inference"} 1.0',
        'florist_step_seconds_count{step="queue"} 1.0',
        f'florist_request_seconds_count{{route="{API}"}} 2.0',
        "florist_places_taken 0.0",
    ):
        assert line in text.splitlines(), text


def test_serving_imports_nothing_heavy() -> None:
    code = (
        "import sys, florist.web, florist.web.server.run, florist.cli.serve;"
        "heavy = {'tensorflow', 'keras', 'matplotlib', 'scipy', 'onnx', 'imagehash'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )
    assert run.stdout.strip() == "[]"


def test_only_the_form_may_be_framed_and_only_where_that_is_set(make_app: AppMaker) -> None:
    sites = ("https://example.org", "self")
    client = make_app(frame_ancestors=sites).test_client()
    for path in ("/", "/?view=compact"):
        headers = client.get(path).headers
        assert "frame-ancestors https://example.org 'self'" in headers["Content-Security-Policy"]
        assert "X-Frame-Options" not in headers
    refused = client.post("/", headers={"Accept": "text/html"})
    assert refused.status_code == 400
    assert "frame-ancestors https://example.org" in refused.headers["Content-Security-Policy"]
    for path in ("/history", "/history/delete", "/model", "/docs", "/none", "/api/v1/model"):
        headers = client.get(path).headers
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Frame-Options"] == "DENY"
    closed = make_app().test_client().get("/?view=compact").headers
    assert "frame-ancestors 'none'" in closed["Content-Security-Policy"]
    assert closed["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize(
    ("sites", "scheme", "attributes"),
    [
        (("https://example.org",), "https", "Secure; HttpOnly; Path=/; SameSite=None; Partitioned"),
        (("https://example.org",), "http", "HttpOnly; Path=/; SameSite=Lax"),
        (("self",), "https", "Secure; HttpOnly; Path=/; SameSite=Lax"),
        ((), "https", "Secure; HttpOnly; Path=/; SameSite=Lax"),
    ],
)
def test_a_frame_of_another_site_keeps_a_cookie_over_tls(
    make_app: AppMaker, sites: tuple[str, ...], scheme: str, attributes: str
) -> None:
    client = make_app(frame_ancestors=sites).test_client()
    cookie = client.get("/", base_url=f"{scheme}://localhost").headers["Set-Cookie"]
    assert cookie.endswith(attributes)
