"""Test pictures of the model folder on its page, and on pages of their own."""

import html
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

import florist
from florist.bundle import MODEL, PICTURES, REPORT, Bundle, write_bundle
from florist.engine import Runtime
from florist.pictures import read_pictures, to_bytes
from florist.prediction import Predictor
from florist.web import create_app
from florist.web.settings import Settings
from tests.test_pictures import mistake, with_pictures
from tests.web.conftest import AppMaker, csrf_token
from tests.web.pages.test_model_page import reported


@pytest.fixture(scope="module")
def predictor(explained: Bundle) -> Predictor:
    return florist.load(explained.path, Runtime(threads=1))


def test_the_most_confident_mistakes_stand_on_the_model_page(make_app: AppMaker) -> None:
    client = make_app().test_client()
    page = client.get("/model").text
    section = page[page.index('id="mistakes"') :]
    addresses = re.findall(r'<img src="(/model/pictures/[^"]+)"', section)
    assert len(addresses) == 2
    response = client.get(addresses[0])
    assert response.mimetype == "image/webp"
    assert "immutable" in response.headers["Cache-Control"]
    assert "sandbox" in response.headers["Content-Security-Policy"]


def test_each_cell_of_the_matrix_opens_its_pictures(make_app: AppMaker) -> None:
    client = make_app().test_client()
    links = re.findall(r'href="(/model/pictures\?[^"]+)"', client.get("/model").text)
    assert len(links) == 4  # green taken for red, and three on the diagonal
    wrong = client.get("/model/pictures?shows=green&said=red").text
    assert "<h1>green taken for red</h1>" in wrong
    assert wrong.count("<img src=") == 3  # and that of the brand
    assert "Rightly taken for blue" in client.get("/model/pictures?shows=blue&said=blue").text
    assert "What it gets wrong" in client.get("/model/pictures").text
    for path in ("?shows=green&said=blue", "?shows=pink&said=<b>"):
        assert client.get(f"/model/pictures{path}").status_code == 404


def test_no_picture_that_was_trained_on_has_an_address(
    make_app: AppMaker, explained: Bundle
) -> None:
    client, digest = make_app().test_client(), explained.digest[:16]
    found = read_pictures(explained)
    for number, each in enumerate(found):
        status = client.get(f"/model/pictures/{digest}/{number}").status_code
        assert status == (404 if each.row is not None else 200)
    assert client.get(f"/model/pictures/{digest}/{len(found)}").status_code == 404
    assert client.get(f"/model/pictures/{'0' * 16}/0").status_code == 404


def test_an_example_is_answered_at_a_click(make_app: AppMaker) -> None:
    client = make_app().test_client()
    page = client.get("/").text
    numbers = re.findall(r'name="example" value="(\d+)"', page)
    assert len(numbers) == 3
    form = {"csrf_token": csrf_token(client), "example": numbers[1], "image": (b"", "")}
    accept = {"Accept": "text/html"}
    answered = client.post("/", data=form, headers=accept, follow_redirects=True)
    assert answered.status_code == 200
    assert "green.webp" in answered.text
    assert 'data-label="green"' in answered.text
    for wrong in ("0", "-1", "x"):  # a mistake is no example
        form = {"csrf_token": csrf_token(client), "example": wrong}
        assert client.post("/", data=form).status_code == 400


def test_many_classes_show_two_pictures_of_each_pair(predictor: Predictor, tmp_path: Path) -> None:
    names = [f"class {number:02}" for number in range(40)]
    report = reported(dict.fromkeys(names, 6))
    one = replace(mistake("red", "blue"), label=names[1], predicted=names[0])

    def write_files(folder: Path) -> None:
        (folder / MODEL).write_bytes(predictor.bundle.read(MODEL))
        (folder / REPORT).write_text(json.dumps(report), encoding="utf-8")
        (folder / PICTURES).write_bytes(to_bytes([one] * 3))

    manifest = replace(predictor.bundle.manifest, files={}, classes=tuple(names))
    written = write_bundle(tmp_path / "many", manifest, write_files)
    client = create_app(
        Predictor(written, predictor.engine), Settings(keep_uploads=False)
    ).test_client()
    page = client.get("/model").text
    pairs = page[page.index('class="pairs"') : page.index('id="mistakes"')].split("<li>")
    (entry,) = [each for each in pairs if "class 01 taken for class 00" in each]
    assert entry.count("<img") == 2
    (address,) = re.findall(r'href="([^"]+)"', entry)
    assert client.get(html.unescape(address)).text.count("<img src=") == 4


def test_a_file_that_cannot_be_used_is_left_out(bundle: Bundle, tmp_path: Path) -> None:
    spoiled = with_pictures(bundle, tmp_path / "model", b"no zip")
    predictor = florist.load(spoiled.path, Runtime(threads=1))
    client = create_app(predictor, Settings(keep_uploads=False)).test_client()
    assert 'id="mistakes"' not in client.get("/model").text
    assert 'name="example"' not in client.get("/").text
