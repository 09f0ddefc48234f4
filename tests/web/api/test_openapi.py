"""The app keeps what its own OpenAPI document promises."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode

import florist
from florist.bundle import Bundle
from florist.web import create_app
from florist.web.problems import PROBLEMS
from florist.web.settings import Settings
from tests.web.conftest import red

PICTURES = st.sampled_from([red(kind=kind) for kind in ("PNG", "JPEG", "WEBP", "GIF", "BMP")])

# JSON Schema cannot say what a picture is: where the document asks for one, a real one is sent.
schemathesis.openapi.format("binary", PICTURES)
schemathesis.openapi.format(
    "byte", PICTURES.map(lambda content: base64.b64encode(content).decode())
)
for kind in ("image/*", "image/png"):
    schemathesis.openapi.media_type(kind, PICTURES)


OPERATIONS = [
    ("POST", "/api/v1/predictions"),
    ("POST", "/api/v1/explanations"),
    ("GET", "/api/v1/model"),
    ("GET", "/livez"),
    ("GET", "/readyz"),
    ("GET", "/metrics"),
]


@pytest.mark.parametrize(
    ("mode", "method", "path"),
    [
        *((GenerationMode.POSITIVE, *operation) for operation in OPERATIONS),
        # The only ones with something to get wrong.
        (GenerationMode.NEGATIVE, *OPERATIONS[0]),
        (GenerationMode.NEGATIVE, *OPERATIONS[1]),
    ],
)
def test_the_app_does_what_its_description_says(
    explained: Bundle, mode: GenerationMode, method: str, path: str
) -> None:
    app = create_app(florist.load(explained.path), Settings(keep_uploads=False, threads=2))
    # What is too large is refused with 413, which schemathesis does not expect by itself.
    statuses = {
        "positive_data_acceptance": {"expected-statuses": ["2xx", "413"]},
        "negative_data_rejection": {"expected-statuses": ["400", "413", "415", "422"]},
    }
    config = schemathesis.Config.from_dict({"checks": statuses})
    schema = schemathesis.openapi.from_wsgi("/api/openapi.json", app, config=config)
    found = [each.ok() for each in schema.get_all_operations() if isinstance(each, Ok)]
    assert {(each.method.upper(), each.path) for each in found} == set(OPERATIONS)
    called = 0

    @settings(
        max_examples=100,
        database=None,
        derandomize=True,  # what is found by chance is a matter of `make fuzz`
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=schema[path][method].as_strategy(generation_mode=mode))
    def check(case: Any) -> None:
        nonlocal called
        called += 1
        case.call_and_validate()

    check()
    assert called


def test_the_document_names_this_version_and_every_problem(client: FlaskClient) -> None:
    document = client.get("/api/openapi.json").json
    assert document is not None
    assert document["info"]["version"] == florist.__version__
    codes = document["components"]["schemas"]["Problem"]["properties"]["code"]["enum"]
    assert codes == list(PROBLEMS)


def test_the_page_for_people_shows_every_operation(client: FlaskClient) -> None:
    document = client.get("/api/openapi.json").json
    page = client.get("/docs").text
    assert "; 3 by default." in page
    assert ";  by default" not in page  # of a parameter that has none
    assert document is not None
    for path in document["paths"]:
        assert path in page
    for code in PROBLEMS:
        assert f"<code>{code}</code>" in page
    assert "https://" not in page  # it works offline


def test_the_documented_addresses_are_those_of_the_app(client: FlaskClient) -> None:
    document = client.get("/api/openapi.json").json
    assert document is not None
    rules = {rule.rule for rule in client.application.url_map.iter_rules()}
    served = {path for path in rules if path.startswith("/api/v1/")}
    assert served <= set(document["paths"]) <= rules
    documentation = (Path(__file__).parents[3] / "docs" / "serving.md").read_text()
    for path in document["paths"]:
        assert path in documentation
    assert json.dumps(document)
