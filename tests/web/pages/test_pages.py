"""The pages as the server draws them; tests/browser has what a browser makes of them."""

import gzip
import json
import re
from io import BytesIO
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from PIL import Image
from werkzeug.test import TestResponse

import florist
from florist.bundle import Bundle
from florist.web import create_app
from florist.web.settings import Settings
from tests.conftest import FOREIGN, noisy_picture
from tests.web.conftest import AppMaker, csrf_token, encoded, red

PERSON = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
SCRIPT = {"Accept": "application/json"}


def post(client: FlaskClient, *contents: bytes, **headers: str) -> TestResponse:
    files = [(BytesIO(content), f"{number}.png") for number, content in enumerate(contents)]
    form = {"csrf_token": csrf_token(client), "image": files}
    return client.post("/", data=form, headers=PERSON | headers, follow_redirects=True)


def upload(client: FlaskClient) -> str:
    """Send a picture, and return the address of the kept copy."""
    page = post(client, red()).text
    return page.partition('<img src="/uploads/')[2].partition("/")[0]


@pytest.mark.parametrize(
    ("contents", "status"),
    [([red()], 200), ([b"text"], 415), ([red()[:40]], 422), ([b"text", red()], 200)],
)
def test_a_page_has_the_status_of_its_pictures(
    make_app: AppMaker, contents: list[bytes], status: int
) -> None:
    response = post(make_app(keep_uploads=False).test_client(), *contents)
    assert response.status_code == status
    assert response.mimetype == "text/html"
    assert response.text.count('class="card sheet') == len(contents) + 1  # and the script's own


def test_what_a_form_sends_twice_is_kept_once(client: FlaskClient) -> None:
    """Also after it was deleted; what another form sends is another picture."""

    def send(name: str) -> str:
        files = [(BytesIO(red()), "rose.png")]
        form = {"csrf_token": csrf_token(client), "form": name, "image": files}
        return client.post("/", data=form, headers=PERSON).headers["Location"].partition("=")[2]

    drawn = re.findall('name="form" value="([0-9a-f]{32})"', client.get("/").text)
    first = send(drawn[0])
    assert send(drawn[0]) == first
    assert client.get("/history").text.count('alt="rose.png"') == 1
    client.post(f"/uploads/{first}/delete", data={"csrf_token": csrf_token(client)})
    assert client.get("/history").text.count('alt="rose.png"') == 0
    assert send(drawn[0]) == first
    assert send("another") != first
    assert client.get("/history").text.count('alt="rose.png"') == 2


def test_a_script_gets_the_cards_alone(client: FlaskClient) -> None:
    response = post(client, red(), b"text", **SCRIPT)
    assert response.status_code == 200
    assert response.json is not None
    good, bad = response.json["cards"]
    assert ">red<" in good
    assert "This is no picture that can be read" in bad
    assert "<form" not in good
    assert 'href="/answers/' in good


def test_a_form_without_a_picture_says_what_to_do(client: FlaskClient) -> None:
    response = post(client)
    assert response.status_code == 400
    assert "Choose a picture first." in response.text


def test_a_script_gets_a_problem_for_what_is_no_picture_at_all(client: FlaskClient) -> None:
    response = post(client, **SCRIPT)
    assert response.status_code == 400
    assert response.mimetype == "application/problem+json"


def test_a_camera_left_unused_is_no_second_picture(client: FlaskClient) -> None:
    files = [(BytesIO(red()), "rose.png"), (BytesIO(b""), "")]
    form = {"csrf_token": csrf_token(client), "image": files}
    page = client.post("/", data=form, headers=PERSON, follow_redirects=True).text
    assert page.count('data-state="done"') == 1


def test_an_unsure_answer_says_so(client: FlaskClient) -> None:
    grey = encoded(Image.new("RGB", (16, 16), (90, 90, 90)))
    page = post(client, grey).text
    assert ">Could be blue or green</h2>" in page
    assert 'data-news="0.png: Could be blue or green, 33.3' in page
    assert "Could be" not in post(client, red()).text


def test_a_foreign_picture_is_probably_none_of_these(trusted: Bundle, tmp_path: Path) -> None:
    settings = Settings(uploads=str(tmp_path))
    client = create_app(florist.load(trusted.path), settings).test_client()
    page = post(client, encoded(noisy_picture(FOREIGN, 0))).text
    assert re.search(
        ">Probably none of these <span class=.aside.>looks most like (red|blue)<", page
    )
    assert re.search("data-news=.0.png: Probably none of these, looks most like (red|blue), ", page)
    assert "card-none" in page
    assert ">red</h2>" in post(client, red()).text
    history = client.get("/history").text
    assert "<h2>Probably none of these <" in history
    assert re.search('class="aside">looks most like (red|blue)<', history)
    address = re.findall('href="(/answers/[^"]+)"', history)[1]
    assert "<h1>Probably none of these <" in client.get(address).text


def test_a_picture_that_cannot_be_kept_is_answered_and_shown(
    make_app: AppMaker, tmp_path: Path
) -> None:
    (tmp_path / "uploads").write_text("A file where a folder should be.")
    page = post(make_app().test_client(), red()).text
    assert "The picture waits to be kept: it is not in the history." in page
    assert 'src="data:image/jpeg;base64,' in page


def test_the_model_page_waits_for_the_model(tmp_path: Path) -> None:
    app = create_app(settings=Settings(model=str(tmp_path), uploads=str(tmp_path / "uploads")))
    client = app.test_client()
    assert client.get("/", headers=PERSON).status_code == 200
    assert client.get("/model", headers=PERSON).status_code == 503


def test_every_address_on_a_page_is_there(client: FlaskClient) -> None:
    """Follow every link, style and script, which all are our own."""
    upload(client)
    for path in ("/", "/history", "/history/delete", "/model", "/docs", "/none"):
        page = client.get(path, headers=PERSON).text
        assert "style=" not in page
        assert "<style" not in page
        for address in re.findall(r'(?:href|src|action)="([^"#]+)"', page):
            assert address.startswith("/"), address
            assert client.get(address, buffered=True).status_code in {200, 405}, address


def test_an_error_is_a_page_for_people(client: FlaskClient) -> None:
    response = client.get("/none", headers=PERSON)
    assert response.status_code == 404
    assert response.mimetype == "text/html"
    assert "<h1>There is nothing here</h1>" in response.text
    assert "No page or picture has this address." in response.text


def test_too_much_is_refused_in_our_own_words(make_app: AppMaker) -> None:
    """However a form exceeds what is taken: what may be sent is said, not what a library counts."""
    client = make_app(max_body_mib=0.1).test_client()
    many = post(client, *[red(8)] * 17)
    assert many.status_code == 413
    assert "17 pictures; at most 16 at a time." in many.text
    parts = post(client, *[red(8)] * 30)
    assert parts.status_code == 413
    assert "At most 16 pictures can be sent at once." in parts.text
    large = post(client, bytes(200_000))
    assert large.status_code == 413
    assert "The request has 0.2 MB, and may have at most 0.1 MB." in large.text


def test_who_asks_too_often_learns_how_often_is_allowed(make_app: AppMaker) -> None:
    client = make_app(rate_limit="2 per 5 minutes").test_client()
    assert [post(client, red()).status_code for _ in range(2)] == [200, 200]
    refused = post(client, red())
    assert refused.status_code == 429
    assert "more than 2 pictures per 5 minutes" in refused.text
    assert "Nothing is lost: reload this page" in refused.text


def test_a_page_that_waits_for_the_model_looks_again(tmp_path: Path) -> None:
    app = create_app(settings=Settings(model=str(tmp_path), uploads=str(tmp_path / "uploads")))
    page = app.test_client().get("/model", headers=PERSON)
    assert page.status_code == 503
    assert '<meta http-equiv="refresh" content="5">' in page.text
    assert '<meta http-equiv="refresh"' not in app.test_client().get("/x", headers=PERSON).text


def test_the_description_of_the_api_shows_code_as_code(client: FlaskClient) -> None:
    page = client.get("/docs").text
    assert "`" not in page
    assert "<code>Retry-After</code>" in page


def test_a_forged_host_gets_no_page(make_app: AppMaker) -> None:
    client = make_app(trusted_hosts=("localhost",)).test_client()
    response = client.get("/", headers=PERSON | {"Host": "evil.example"})
    assert response.status_code == 400
    assert json.loads(response.data)["code"] == "bad-host"


def test_without_pages_people_get_what_programs_get(make_app: AppMaker) -> None:
    response = make_app(pages=False).test_client().get("/", headers=PERSON)
    assert response.status_code == 404
    assert json.loads(response.data)["code"] == "not-found"


def test_who_takes_no_compression_gets_none(client: FlaskClient) -> None:
    address = re.findall(r'href="(/static/[^"]+\.css)"', client.get("/").text)[0]
    for path in ("/", address):
        plain = client.get(path, headers=PERSON)
        small = client.get(path, headers=PERSON | {"Accept-Encoding": "gzip, br"})
        assert "Content-Encoding" not in plain.headers
        assert small.headers["Content-Encoding"] == "gzip"
        assert "Accept-Encoding" in small.headers["Vary"]
        assert "Accept-Encoding" in plain.headers["Vary"]
        assert b"{" in gzip.decompress(small.data) or b"<main" in gzip.decompress(small.data)
        assert len(small.data) < len(plain.data) / 2
