"""The settings: read from the environment, described in the documentation."""

import dataclasses
import re
from pathlib import Path

import pytest

from florist.errors import SettingsError
from florist.web.settings import Settings, environment_name, from_environment, unknown_variables

DOCS = Path(__file__).parents[2] / "docs" / "serving.md"


def test_every_kind_of_setting_is_read() -> None:
    settings = from_environment(
        {
            "FLORIST_PORT": " 8000 ",
            "FLORIST_DEADLINE_S": "2.5",
            "FLORIST_KEEP_UPLOADS": "No",
            "FLORIST_API_KEYS": "one, two,",
            "FLORIST_MODEL": "",
            "FLORIST_NONE": "0.01",
            "PATH": "/bin",
        }
    )
    assert settings == Settings(
        port=8000, deadline_s=2.5, keep_uploads=False, api_keys=("one", "two"), none=0.01
    )
    assert settings.model == "output"


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("PORT", "http", "FLORIST_PORT is 'http'; expected a whole number"),
        ("DEADLINE_S", "soon", "expected a number"),
        ("DEADLINE_S", "nan", "at least 0.01"),
        ("KEEP_UPLOADS", "perhaps", "expected true or false"),
        ("WORKERS", "0", "FLORIST_WORKERS is 0; it must be at least 1"),
        ("UPLOADS_DAYS", "-1", "at least 0"),
        ("RATE_LIMIT", "often", "FLORIST_RATE_LIMIT is 'often'; write it like"),
        ("NONE", "5", "FLORIST_NONE is 5.0; it must be at most 0.5"),
        ("NONE", "-0.1", "at least 0"),
        ("NONE", "never", "expected a number"),
        ("ENGINE", "magic", "choose one of: openvino, onnxruntime"),
        (
            "FRAME_ANCESTORS",
            "https://a.example; script-src *",
            "has 'https://a.example; script-src",
        ),
        ("FRAME_ANCESTORS", "self,example.org", "has 'example.org'; write origins"),
        ("FRAME_ANCESTORS", "https://example.org/path", "write origins"),
        ("FRAME_ANCESTORS", "*", "write origins"),
        ("FRAME_ANCESTORS", "javascript://x", "write origins"),
        ("LOG", "xml", "choose one of: auto, plain, json"),
        (
            "TEMPLATES",
            "no/such/folder",
            "'no/such/folder', which is no folder",
        ),
    ],
)
def test_a_bad_setting_is_named(name: str, text: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        from_environment({f"FLORIST_{name}": text})


def test_a_variable_that_is_no_setting_is_named() -> None:
    environ = {"FLORIST_UPLOAD_DAYS": "1", "FLORIST_XYZZY": "1", "FLORIST_PORT": "1", "PATH": "/"}
    assert unknown_variables(environ) == [
        "FLORIST_UPLOAD_DAYS is no setting. Did you mean FLORIST_UPLOADS_DAYS?",
        "FLORIST_XYZZY is no setting. docs/serving.md lists them.",
    ]


def test_the_documentation_lists_every_setting_as_it_is() -> None:
    rows = dict(re.findall(r"^\| `(FLORIST_\w+)` \| (.*) \|$", DOCS.read_text(), re.MULTILINE))
    expected = {
        environment_name(each): f"{_default(each.default)} | {each.metadata['meaning']}"
        for each in dataclasses.fields(Settings)
    }
    assert rows == expected


def _default(value: object) -> str:
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value}`" if value not in {"", (), None} else ""
