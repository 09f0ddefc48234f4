"""The pages about kept pictures: the history, a page for each answer, the pictures themselves."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from PIL import Image
from werkzeug.http import parse_date

from tests.web.conftest import AppMaker, csrf_token, encoded, red
from tests.web.pages.test_pages import PERSON, post, upload


def test_answers_have_an_address_that_can_be_loaded_again(client: FlaskClient) -> None:
    there = post(client, red(), red(48))
    assert there.request.method == "GET"
    for page in (there.text, client.get(there.request.url, headers=PERSON).text):
        assert page.count('data-state="done"') == 2
        assert "0.png" in page
        assert "1.png" in page
    assert client.get("/history").text.count("<li class=") == 2


def test_what_had_no_answer_is_told_beside_the_answers(client: FlaskClient) -> None:
    page = post(client, red(), *[b"text"] * 10).text
    assert page.count('data-state="done"') == 1
    assert "1.png: This is no picture that can be read." in page
    assert page.count("This is no picture that can be read.") == 4
    assert "6\u00a0more pictures had no answer." in page


@pytest.mark.parametrize("name", ["", "0" * 32, "../etc", "\0", "x" * 3000])
def test_answers_that_are_none(client: FlaskClient, name: str) -> None:
    page = client.get("/", query_string={"answer": [name] * 100}, headers=PERSON)
    assert page.status_code == 200
    assert 'data-state="done"' not in page.text
    assert client.get(f"/answers/{name}", headers=PERSON).status_code in {404, 308}


def test_an_answer_has_a_page_of_its_own(make_app: AppMaker) -> None:
    client = make_app().test_client()
    older, newer = upload(client), upload(client)
    page = client.get(f"/answers/{older}", headers=PERSON).text
    assert "<h1>red</h1>" in page
    assert page.count('<span class="value">') == 3
    assert "32 × 32" in page
    assert re.search("<code>[0-9a-f]{64}</code>", page)
    assert f'rel="prev" href="/answers/{newer}"' in page
    assert 'rel="next"' not in page
    assert f'rel="next" href="/answers/{older}"' in client.get(f"/answers/{newer}").text
    form = {"csrf_token": csrf_token(client)}
    assert client.post(f"/uploads/{older}/delete", data=form).status_code == 303
    assert client.get(f"/answers/{older}", headers=PERSON).status_code == 404


def test_a_kept_picture_is_served_as_nothing_else(client: FlaskClient) -> None:
    response = client.get(f"/uploads/{upload(client)}")
    assert response.status_code == 200
    assert response.mimetype == "image/jpeg"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response.headers["Content-Security-Policy"]
    assert "script-src" not in response.headers["Content-Security-Policy"]
    assert response.headers["Cache-Control"] == "private, no-cache"
    same = {"If-None-Match": response.headers["ETag"]}
    assert client.get(f"/uploads/{upload(client)}", headers=same).status_code == 200
    assert client.get(response.request.path, headers=same).status_code == 304


def test_a_thumbnail_is_served_as_nothing_else(client: FlaskClient, tmp_path: Path) -> None:
    address = f"/uploads/{upload(client)}"
    small = client.get(f"{address}/240")
    assert small.status_code == 200
    assert small.mimetype == "image/webp"
    assert "sandbox" in small.headers["Content-Security-Policy"]
    same = {"If-None-Match": small.headers["ETag"]}
    assert client.get(f"{address}/240", headers=same).status_code == 304
    assert client.get(f"{address}/1600").status_code == 404
    for path in tmp_path.rglob("*.webp"):  # as an earlier version kept it
        path.unlink()
    assert client.get(f"{address}/240", follow_redirects=True).mimetype == "image/jpeg"


@pytest.mark.parametrize("name", ["0" * 32, "..%2f..%2fetc%2fpasswd", "uploads.sqlite3"])
def test_other_names_are_no_picture(client: FlaskClient, name: str) -> None:
    upload(client)
    assert client.get(f"/uploads/{name}").status_code == 404


def test_deleting_needs_the_token(client: FlaskClient) -> None:
    name = upload(client)
    assert client.post(f"/uploads/{name}/delete").status_code == 400
    assert client.post("/history/delete").status_code == 400
    assert client.get(f"/uploads/{name}").status_code == 200


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, 2),
        ({"show": "class:red"}, 1),
        ({"show": "unsure"}, 1),
        ({"show": "none"}, 0),
        ({"mine": "1"}, 1),
        ({"mine": "1", "show": "unsure"}, 0),
        ({"show": "class:"}, 0),
        ({"show": "class:\0red"}, 1),
        ({"show": "'; drop table uploads; --"}, 2),
        ({"show": "class:" + "x" * 3000}, 0),
    ],
)
def test_some_of_the_history(make_app: AppMaker, asked: dict[str, str], found: int) -> None:
    app = make_app()
    client = app.test_client()
    grey = encoded(Image.new("RGB", (16, 16), (90, 90, 90)))
    upload(client)
    post(app.test_client(), grey)  # another browser
    page = client.get("/history", query_string=asked).text
    assert page.count("<li class=") == found
    assert ("picture is like that" in page) == (not found)
    assert page.count('<option value="class:') == 2


def test_an_answer_leads_on_among_those_that_were_asked_for(client: FlaskClient) -> None:
    grey = encoded(Image.new("RGB", (16, 16), (90, 90, 90)))
    first = upload(client)
    post(client, grey)
    last = upload(client)
    page = client.get(f"/answers/{last}?show=class:red").text
    assert f'rel="next" href="/answers/{first}?show=class:red"' in page
    page = client.get(f"/answers/{last}").text
    assert f'rel="next" href="/answers/{first}"' not in page


def test_nothing_is_mine_for_a_browser_that_sent_nothing(make_app: AppMaker) -> None:
    app = make_app()
    upload(app.test_client())
    stranger = app.test_client()
    assert "picture is like that" in stranger.get("/history?mine=1").text
    stranger.set_cookie("session", "forged")
    assert "picture is like that" in stranger.get("/history?mine=1").text


def test_a_browser_stays_known_for_as_long_as_pictures_are_kept(make_app: AppMaker) -> None:
    response = make_app(uploads_days=90).test_client().get("/")
    expires = parse_date(response.headers["Set-Cookie"].partition("Expires=")[2].split(";")[0])
    assert expires is not None
    assert 89 <= (expires - datetime.now(UTC)).days <= 90
    assert "HttpOnly" in response.headers["Set-Cookie"]


def test_deleting_can_be_undone(client: FlaskClient) -> None:
    name, form = upload(client), {"csrf_token": csrf_token(client), "show": "class:red"}
    assert client.post(f"/uploads/{name}/restore").status_code == 400
    deleted = client.post(f"/uploads/{name}/delete", data=form, follow_redirects=True)
    assert deleted.request.args.to_dict() == {"show": "class:red"}
    assert f'action="/uploads/{name}/restore"' in deleted.text
    back = client.post(f"/uploads/{name}/restore", data=form, follow_redirects=True)
    assert back.request.path == f"/answers/{name}"
    assert "The picture is back." in back.text
    gone = client.post(f"/uploads/{'0' * 32}/restore", data=form, follow_redirects=True)
    assert "The picture is gone for good." in gone.text


def test_deleting_twice_is_no_mistake(client: FlaskClient) -> None:
    name, form = upload(client), {"csrf_token": csrf_token(client)}
    for said in ("The picture is deleted.", "had been deleted before"):
        response = client.post(f"/uploads/{name}/delete", data=form, follow_redirects=True)
        assert response.status_code == 200
        assert said in response.text
    assert client.get(f"/uploads/{name}").status_code == 404


def test_nothing_can_be_deleted_where_nothing_is_kept(make_app: AppMaker) -> None:
    client = make_app(keep_uploads=False).test_client()
    form = {"csrf_token": csrf_token(client)}
    assert client.post("/history/delete", data=form).status_code == 404
    assert client.get("/history").status_code == 200


@pytest.mark.parametrize("before", ["", "0" * 32, "'; drop table uploads; --", "\0"])
def test_the_history_begins_anew_at_an_unknown_place(client: FlaskClient, before: str) -> None:
    upload(client)
    response = client.get("/history", query_string={"before": before})
    assert response.status_code == 200
    assert "0.png" in response.text
