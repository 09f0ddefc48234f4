"""Pictures and names that are unusual and right: they get the right answer, whichever way."""

import base64
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from PIL import Image

from tests.conftest import COLOURS, noisy_picture
from tests.web.conftest import csrf_token, encoded, red
from tests.web.door import bad_pictures as bad
from tests.web.door.calls import Call, chunked, form, json_body, raw

KEPT = {".jpg", ".webp", ".sqlite3", ".sqlite3-wal", ".sqlite3-shm"}


def rgba() -> Image.Image:
    image = noisy_picture(COLOURS["red"], 1).convert("RGBA")
    image.putalpha(250)
    return image


GOOD: list[tuple[str, Callable[[], bytes], tuple[int, int]]] = [
    ("CMYK", lambda: encoded(noisy_picture(COLOURS["red"], 1).convert("CMYK"), "JPEG"), (32, 32)),
    ("16 bits", bad.red_with_16_bits, (8, 8)),
    ("palette", lambda: encoded(noisy_picture(COLOURS["red"], 1).quantize(16), "PNG"), (32, 32)),
    ("alpha", lambda: encoded(rgba(), "PNG"), (32, 32)),
    ("1 × 1", lambda: encoded(Image.new("RGB", (1, 1), COLOURS["red"]), "PNG"), (1, 1)),
    ("WebP", lambda: red(kind="WEBP"), (32, 32)),
    ("GIF", lambda: red(kind="GIF"), (32, 32)),
    ("BMP", lambda: red(kind="BMP"), (32, 32)),
    ("TIFF", bad.red_tiff, (32, 32)),
    ("TIFF with LZW", lambda: bad.red_tiff(compression="tiff_lzw"), (32, 32)),
    ("HEIC", lambda: red(kind="HEIF"), (32, 32)),
    *((f"EXIF {n}", lambda n=n: bad.oriented(n), (48, 32)) for n in range(1, 9)),
]


@pytest.mark.parametrize(
    ("content", "size"), [pytest.param(*case, id=name) for name, *case in GOOD]
)
def test_unusual_pictures_get_the_right_answer(
    client: FlaskClient, content: Callable[[], bytes], size: tuple[int, int]
) -> None:
    response = client.post(**raw(content()))
    assert response.status_code == 200, response.text
    assert response.json is not None
    (entry,) = response.json["predictions"]
    assert entry["predictions"][0]["label"] == "red"
    assert entry["predictions"][0]["score"] > 0.8
    assert (entry["width"], entry["height"]) == size


NAMES = [
    "<script>alert(1)</script>.png",
    "../../../etc/passwd",
    "$(reboot) `reboot` & %00.png",
    "'; DROP TABLE uploads; --.png",
    "rose\u202egnp.exe",
    "x" * 10_000,
    "🌹.png",
    "{{ 7 * 7 }}.png",
]


@pytest.mark.parametrize("name", NAMES)
def test_hostile_filenames_are_only_shown(client: FlaskClient, tmp_path: Path, name: str) -> None:
    response = client.post(**form((red(), name)))
    assert response.status_code == 200
    assert response.json is not None
    assert response.json["predictions"][0]["filename"] == name
    page = client.post(**form((red(), name), csrf_token=csrf_token(client)) | {"path": "/"})
    assert page.status_code == 200
    assert "<script>alert" not in page.text
    assert "49.png" not in page.text
    written = [path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()]
    assert {path.parts[0] for path in written} == {"uploads"}
    assert {path.suffix for path in written} <= KEPT


def test_a_bad_picture_among_several_gets_its_own_entry(client: FlaskClient) -> None:
    files = [(red(), "a.png"), (b"text", "b.png"), (b"", "c.png"), (red(kind="GIF"), "d.gif")]
    response = client.post(**form(*files))
    assert response.status_code == 200
    assert response.json is not None
    entries = response.json["predictions"]
    assert [entry["filename"] for entry in entries] == ["a.png", "b.png", "c.png", "d.gif"]
    assert [entry.get("error", {}).get("code") for entry in entries] == [
        None,
        "unsupported-format",
        "empty-picture",
        None,
    ]


def _escaped(text: str) -> str:
    """Return JSON with spaces and escapes where they are allowed, as some libraries write it."""
    characters = text.replace("/", "\\/").replace("+", "\\u002B")
    return f'\n{{ "image" :\t"{characters}" }}\n'


@pytest.mark.parametrize(
    "call",
    [
        lambda: raw(red()),
        lambda: form((red(), "rose.png")),
        lambda: json_body(json.dumps({"image": base64.b64encode(red()).decode()})),
        lambda: json_body(_escaped(base64.b64encode(red()).decode())),
        lambda: chunked(raw(red())),
    ],
)
def test_every_way_of_sending_gets_the_same_answer(
    client: FlaskClient, call: Callable[[], Call]
) -> None:
    response = client.post(**call())
    assert response.json is not None
    assert [each["label"] for each in response.json["predictions"][0]["predictions"]] == [
        "red",
        "green",
        "blue",
    ]
