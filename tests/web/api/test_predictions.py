"""What the API answers, and what it keeps to itself."""

import base64
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient

from florist.bundle import Bundle
from florist.cli import cli
from florist.engine import PROBABILITIES, Outputs, Runtime
from florist.errors import EngineError, ImageError
from florist.images import RGB
from florist.prediction import Predictor
from florist.web import create_app
from florist.web.problems import PROBLEMS
from florist.web.settings import Settings
from tests.web.conftest import red
from tests.web.door.calls import Call, form, json_body, raw

SECRET = "/srv/models/secret/model.onnx cannot be run"


@pytest.mark.parametrize(
    "prefix", ["data:image/png;base64,", "DATA:;Base64,", "data:a;b=c;base64,"]
)
def test_base64_may_come_as_a_data_url(client: FlaskClient, prefix: str) -> None:
    text = prefix + base64.b64encode(red()).decode()
    response = client.post(**json_body(json.dumps({"image": text})))
    assert response.status_code == 200
    assert response.json is not None
    assert response.json["predictions"][0]["predictions"][0]["label"] == "red"


def test_base64_may_have_escaped_slashes(client: FlaskClient) -> None:
    text = json.dumps({"image": "data:image/png;base64," + base64.b64encode(red()).decode()})
    assert client.post(**json_body(text.replace("/", r"\/"))).status_code == 200


@pytest.mark.parametrize("text", ["data:image/svg+xml,<svg/>", "data:,", "data:base64,AAAA"])
def test_other_data_urls_are_no_base64(client: FlaskClient, text: str) -> None:
    response = client.post(**json_body(json.dumps({"image": text})))
    assert response.json is not None
    assert response.json["code"] == "bad-base64"


class BrokenEngine:
    """An engine that fails with a text that is for the log alone."""

    runtime = Runtime(precision="float32")
    names: Sequence[str] = (PROBABILITIES,)

    def run(self, pictures: RGB) -> Outputs:
        raise EngineError(SECRET)


@pytest.mark.parametrize("call", [raw(red()), form((red(), "a.png"), (red(), "b.png"))])
def test_an_error_of_the_server_stays_in_its_log(
    predictor: Predictor, caplog: pytest.LogCaptureFixture, call: Call
) -> None:
    broken = Predictor(predictor.bundle, BrokenEngine())
    client = create_app(broken, Settings(keep_uploads=False)).test_client()
    response = client.open(**{"method": "POST", **call})
    assert response.status_code == 500
    assert response.json is not None
    assert response.json["code"] == "internal"
    assert "/srv" not in response.text
    assert SECRET in caplog.text


def test_an_error_among_several_says_what_it_says_alone(client: FlaskClient) -> None:
    several = client.post(**form((red(), "a.png"), (b"text", "b.png"))).json
    alone = client.post(**raw(b"text")).json
    assert several is not None
    assert alone is not None
    error = several["predictions"][1]["error"]
    assert error == {name: alone[name] for name in ("code", "title", "detail")}


def test_every_error_of_a_picture_has_a_status_and_stands_in_the_description(
    client: FlaskClient,
) -> None:
    document = client.get("/api/openapi.json").json
    assert document is not None
    codes = {error.code for error in ImageError.__subclasses__()}
    assert codes <= PROBLEMS.keys()
    assert codes == set(document["components"]["schemas"]["Failure"]["properties"]["code"]["enum"])


def test_scores_are_those_of_the_predictor(client: FlaskClient, predictor: Predictor) -> None:
    response = client.post(**raw(red(), "?top=3"))
    assert response.json is not None
    answered = response.json["predictions"][0]["predictions"]
    result = predictor.result(red())
    assert [(each["label"], np.float32(each["score"])) for each in answered] == [
        (each.label, np.float32(each.score)) for each in result.predictions
    ]


def test_the_command_line_prints_what_the_api_answers(
    client: FlaskClient, bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    contents = {"good.png": red(), "damaged.png": red()[:-20], "empty.png": b""}
    for name, content in contents.items():
        Path(name).write_bytes(content)
    command = ["predict", *contents, "--json", "--model", str(bundle.path)]
    printed = json.loads(CliRunner().invoke(cli, command).stdout)
    answered: Any = client.post(
        **form(*((content, name) for name, content in contents.items()))
    ).json
    for entry in (printed["predictions"][0], answered["predictions"][0]):
        assert entry.pop("ms") > 0
    assert printed == answered
    codes = [entry.get("error", {}).get("code") for entry in printed["predictions"]]
    assert codes == [None, "damaged-image", "empty-picture"]
