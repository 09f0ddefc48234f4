"""From a picture to an answer, through the page and the API."""

from io import BytesIO

from flask.testing import FlaskClient

from tests.web.conftest import csrf_token, red


def test_the_page_answers_under_the_form(client: FlaskClient) -> None:
    form = {"csrf_token": csrf_token(client), "image": (BytesIO(red()), "rose.png")}
    response = client.post("/", data=form)
    assert response.status_code == 200
    assert "rose.png" in response.text
    assert "red" in response.text


def test_the_api_answers_in_json(client: FlaskClient) -> None:
    response = client.post("/api/v1/predictions?top=2", data=red(), content_type="image/png")
    assert response.status_code == 200
    assert response.json is not None
    (entry,) = response.json["predictions"]
    assert entry["predictions"][0]["label"] == "red"
    assert len(entry["predictions"]) == 2
    assert (entry["width"], entry["height"]) == (32, 32)
