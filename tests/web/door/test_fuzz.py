"""Real pictures with bytes changed, cut, repeated and mixed: only three answers are possible."""

import os
import secrets
from collections import Counter
from collections.abc import Callable
from typing import Final

import numpy as np
import pytest

from florist.formats import served_formats
from tests.fuzz.seeds import pictures
from tests.web.conftest import AppMaker

Rng = np.random.Generator

CASES_A_FORMAT: Final = 500
SEED: Final = int(os.environ.get("FUZZ_SEED") or secrets.randbits(32))
"""Fresh, so that each run tries others; a failure says which it was."""


def flip(rng: Rng, content: bytes) -> bytes:
    changed = np.frombuffer(content, np.uint8).copy()
    places = rng.integers(0, len(changed), rng.integers(1, 9))
    changed[places] ^= rng.integers(1, 256, len(places), np.uint8)
    return changed.tobytes()


def change_header(rng: Rng, content: bytes) -> bytes:
    return flip(rng, content[:64]) + content[64:]


def cut(rng: Rng, content: bytes) -> bytes:
    return content[: 1 + rng.integers(0, len(content))]


def remove(rng: Rng, content: bytes) -> bytes:
    start, end = sorted(rng.integers(0, len(content), 2))
    return content[: max(1, start)] + content[end:]


def repeat(rng: Rng, content: bytes) -> bytes:
    start, end = sorted(rng.integers(0, len(content), 2))
    return content[:end] + content[start:end] * int(rng.integers(1, 5)) + content[end:]


def insert(rng: Rng, content: bytes) -> bytes:
    at = rng.integers(0, len(content))
    return content[:at] + rng.bytes(int(rng.integers(1, 100))) + content[at:]


def extremes(rng: Rng, content: bytes) -> bytes:
    at = int(rng.integers(0, max(1, len(content) - 4)))
    word = [b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\0\0\0\x80"]
    return content[:at] + word[rng.integers(0, 4)] + content[at + 4 :]


MUTATIONS: Final[tuple[Callable[[Rng, bytes], bytes], ...]] = (
    flip,
    change_header,
    cut,
    remove,
    repeat,
    insert,
    extremes,
)


# What Pillow only warns of is no error in a server.
@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::RuntimeWarning")
@pytest.mark.parametrize("kind", served_formats())
def test_mutated_pictures(make_app: AppMaker, kind: str) -> None:
    print(f"This run is repeated with FUZZ_SEED={SEED}.")  # shown where it fails
    client = make_app(max_megapixels=1.0).test_client()
    rng = np.random.default_rng([SEED, *kind.encode()])
    originals = pictures(kind)
    seen: Counter[int] = Counter()
    for case in range(CASES_A_FORMAT):
        content = originals[rng.integers(0, len(originals))]
        if case % 10 == 9:  # the head of one and the tail of another
            other = originals[rng.integers(0, len(originals))]
            at = int(rng.integers(1, len(content)))
            content = content[:at] + other[at:]
        for _ in range(rng.integers(1, 3)):
            content = MUTATIONS[rng.integers(0, len(MUTATIONS))](rng, content)
        response = client.post("/api/v1/predictions", data=content, content_type="image/*")
        seen[response.status_code] += 1
        assert response.status_code in {200, 415, 422}, f"case {case}: {response.text}"
    assert seen.total() == CASES_A_FORMAT
    assert seen[415] + seen[422] > CASES_A_FORMAT / 10, seen  # the mutations do hurt
    if kind != "PNG":  # whose checksums leave nothing unnoticed
        assert seen[200] > 0, seen


def test_there_are_enough_cases() -> None:
    assert CASES_A_FORMAT * len(served_formats()) >= 2_000
