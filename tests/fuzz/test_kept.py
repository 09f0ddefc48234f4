"""What the fuzzer once found stays mended, and what it works with does what it says."""

import base64
import json

import pytest

from florist.errors import DamagedImageError
from florist.formats import formats
from florist.images import ImageSpec, load_picture
from tests.fuzz import seeds, targets
from tests.fuzz.mutations import mutate, with_checksums
from tests.fuzz.targets import TARGETS, FoundError, Target
from tests.web.door.bad_pictures import png

# (target, what was found), as the fuzzer prints it.
KEPT = [
    ("split", b"c2lkZSxjbGFzcwp0ZXN0LHJlZAo="),  # no column of digests
    ("request", b"R0VUIC8KQWNjZXB0OiB0ZXh0L2h0bWwKSG9zdDogYS4uYg=="),  # a host that is no name
    ("request", b"R0VUIC9oaXN0b3J5P2JlZm9yZT2S"),  # parameters that are not UTF-8
    (  # the same, where a browser is told so
        "request",
        b"R0VUIC8/YW5zd2VyPTAwMDAwMDAwMDAwMDAwMDAwMDAwMDAw0M/Pz83Pz9kwJmFuc3dlcj0wCkFjY2VwdDogdGV4"
        b"dC9odG1s",
    ),
    (  # a part of a form without a name
        "request",
        b"UE9TVCAvCkNvbnRlbnQtVHlwZTogbXVsdGlwYXJ0L2Zvcm0tZGF0YTsgYm91bmRhcnk9YgoKLS1iDQpDb250ZW50"
        b"LURpc3Bvc2l0aW9uOiBmb3JtLWRhdGENCg0KYQ0KLS1iLS0NCg==",
    ),
]


@pytest.mark.parametrize(("name", "content"), KEPT)
def test_what_was_found_is_answered(name: str, content: bytes) -> None:
    TARGETS[name].check(base64.b64decode(content, validate=True))


@pytest.mark.parametrize("name", TARGETS)
def test_what_a_fuzzer_begins_with_is_answered(name: str) -> None:
    for content in TARGETS[name].seeds():
        TARGETS[name].check(content)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_what_a_fuzzer_begins_with_is_mostly_right() -> None:
    """A fuzzer that begins with what is refused at the door gets no further."""
    for kind in formats():
        load_picture(seeds.pictures(kind)[0], ImageSpec(size=16))
    client = targets.app().test_client()
    for form in seeds.multipart():
        parameters, _, body = form.partition(b"\n")
        kind = f"multipart/form-data{parameters.decode()}"
        assert client.post(targets.API, data=body, content_type=kind).status_code == 200
    for text in seeds.json_bodies():
        kind = "application/json"
        assert client.post(targets.API, data=text, content_type=kind).status_code == 200


@pytest.mark.parametrize("limit", ["MOST_CPU_S", "MOST_MIB"])
def test_what_takes_too_much_is_found(limit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(targets, limit, -1)
    with pytest.raises(FoundError, match="3 bytes took"):
        Target(lambda _: None, list).check(b"abc")


def test_a_mutant_of_a_png_has_right_checksums() -> None:
    black = png(8, 8, bytes(200))
    at = black.index(b"IHDR") + 4
    narrow = black[:at] + (4).to_bytes(4, "big") + black[at + 4 :]
    with pytest.raises(DamagedImageError):
        load_picture(narrow, ImageSpec(size=16))
    assert load_picture(with_checksums(narrow), ImageSpec(size=16)).width == 4
    assert with_checksums(black) == black
    assert with_checksums(narrow[:40]) == with_checksums(narrow)[:40]  # a cut chunk is left alone


def test_a_mutant_of_json_is_json() -> None:
    begin = b'manifest.json\n{"classes": ["a", "b"], "spec": {"size": 16}}'
    found = {mutate(begin, bytes.upper, seed) for seed in range(400)}
    assert begin.upper() in found  # a quarter, by the bytes
    texts = [each.split(b"\n", 1)[1] for each in found if each.startswith(b"manifest.json\n")]
    assert len({json.dumps(json.loads(text)) for text in texts}) > 100


def test_what_is_no_json_is_mutated_by_its_bytes() -> None:
    assert {mutate(b"{" * 9, bytes.title, seed) for seed in range(40)} == {b"{" * 9}
    assert mutate(b"manifest.json\n\xff", bytes.upper, 1) == b"MANIFEST.JSON\n\xff"
