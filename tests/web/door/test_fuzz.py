"""Real pictures with bytes changed, cut, repeated and mixed: only three answers are possible."""

from collections import Counter
from collections.abc import Callable
from typing import Final

import numpy as np
import pytest

from florist.formats import served_formats
from tests.conftest import COLOURS, noisy_picture
from tests.costly_pictures import (
    gif,
    jpeg,
    png_of_pieces,
    png_with,
    run_length_bmp,
    segment,
    text,
    with_scans,
)
from tests.web.conftest import AppMaker, encoded
from tests.web.door.bad_pictures import oriented

Rng = np.random.Generator

CASES_A_FORMAT: Final = 500
SEED: Final = 20260117


def pictures(kind: str) -> list[bytes]:
    """Return a few small pictures of a format, in different modes and with metadata."""
    plain = noisy_picture(COLOURS["green"], 3, 40)
    found = [encoded(plain, kind), encoded(plain.resize((7, 13)), kind)]
    match kind:
        case "JPEG":
            found += [oriented(6), encoded(plain.convert("CMYK"), kind)]
            found += [encoded(plain, kind, progressive=True), encoded(plain.convert("L"), kind)]
            found += [with_scans(13), jpeg(segment(0xE1, b"Exif\0\0II*\0") * 15)]
        case "PNG":
            found += [encoded(plain.convert(mode), kind) for mode in ("RGBA", "P", "LA", "1")]
            found += [encoded(plain.convert("I;16"), kind), png_of_pieces(20)]
            found += [png_with(text(b"zTXt", 15, b"\0") + text(b"iTXt", 3, b"\0\0\0\0"))]
        case "WEBP":
            found += [encoded(plain, kind, lossless=True), encoded(plain.convert("RGBA"), kind)]
        case "TIFF":
            found += [
                encoded(plain.convert(mode), kind) for mode in ("L", "1", "P", "RGBA", "I;16")
            ]
            found += [
                encoded(plain, kind, compression=name)
                for name in ("tiff_lzw", "tiff_adobe_deflate", "jpeg", "packbits")
            ]
            found += [encoded(plain.convert("1"), kind, compression="group4")]
        case "GIF":
            found += [gif(b"!\xfe\3abc\0!\xf9\0" * 9)]
        case "BMP":
            found += [run_length_bmp(200, 20)]
        case "HEIF":
            return found[:1]
    if kind in {"GIF", "PNG", "WEBP", "TIFF"}:
        other = noisy_picture(COLOURS["blue"], 4, 40)
        found += [encoded(plain, kind, save_all=True, append_images=[other], duration=50)]
    return found


def flip(rng: Rng, content: bytes) -> bytes:
    changed = np.frombuffer(content, np.uint8).copy()
    places = rng.integers(0, len(changed), rng.integers(1, 9))
    changed[places] ^= rng.integers(1, 256, len(places), np.uint8)
    return changed.tobytes()


def change_header(rng: Rng, content: bytes) -> bytes:
    return flip(rng, content[:64]) + content[64:]


def cut(rng: Rng, content: bytes) -> bytes:
    return content[: rng.integers(1, len(content))]


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
