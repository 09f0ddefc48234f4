"""What somebody chose, in a cookie."""

import pytest
from flask.testing import FlaskClient

from tests.web.conftest import AppMaker


def test_a_theme_is_in_the_first_byte_of_every_page(client: FlaskClient) -> None:
    assert 'data-theme=""' in client.get("/").text
    chosen = client.post("/preferences", data={"theme": "dark"})
    assert chosen.status_code == 303
    assert "HttpOnly" in chosen.headers["Set-Cookie"]
    for path in ("/", "/history", "/model", "/docs"):
        page = client.get(path).text
        assert '<html lang="en" data-theme="dark">' in page
        assert '<meta name="color-scheme" content="dark">' in page
    client.post("/preferences", data={"theme": ""})
    assert 'data-theme=""' in client.get("/").text


@pytest.mark.parametrize("theme", ["pink", '"><script>', "x" * 3_000])
def test_what_is_no_theme_is_none(client: FlaskClient, theme: str) -> None:
    client.post("/preferences", data={"theme": theme})
    assert client.get_cookie("theme") is None
    client.set_cookie("theme", theme)
    assert 'data-theme=""' in client.get("/").text


@pytest.mark.parametrize(
    ("before", "there"),
    [
        ("http://localhost/history?mine=1", "http://localhost/history?mine=1"),
        ("http://evil.example/", "/"),
        ("http://localhost@evil.example/", "/"),
        ("//evil.example/", "/"),
        ("http://localhost//evil.example/", "http://localhost//evil.example/"),  # on this host
        ("javascript:alert(1)", "/"),
        ("", "/"),
        (None, "/"),
    ],
)
def test_it_leads_back_and_nowhere_else(
    client: FlaskClient, before: str | None, there: str
) -> None:
    headers = {} if before is None else {"Referer": before}
    chosen = client.post("/preferences", data={"theme": "dark"}, headers=headers)
    assert chosen.headers["Location"] == there


def test_the_cookie_is_secure_where_the_page_is(make_app: AppMaker) -> None:
    client = make_app().test_client()
    chosen = client.post("/preferences", data={"theme": "dark"}, base_url="https://localhost")
    assert "Secure" in chosen.headers["Set-Cookie"]
