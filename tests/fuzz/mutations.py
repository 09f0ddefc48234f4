"""Mutations that get past a checksum or a parser, where single bytes would only break it."""

import json
import random
import zlib
from collections.abc import Callable
from typing import Any, Final

Mutate = Callable[[bytes], bytes]
"""What changes bytes without knowing what they are."""

_PNG: Final = b"\x89PNG\r\n\x1a\n"

_VALUES: Final[tuple[Any, ...]] = (
    *(None, True, -1, 0, 1, 2**53, 10**400, 0.5, float("nan"), float("-inf"), "", "\x1b[2J"),
    *("\ud800", "a" * 9999, "model.int8.onnx", [], {}, [[]], {"": {}}, [None] * 999),
)


def mutate(content: bytes, mutate_bytes: Mutate, seed: int) -> bytes:
    """Return a mutant of a PNG with right checksums, of JSON with another value, or of any bytes.

    Every fourth, by the seed, is one of bytes alone.
    """
    rng = random.Random(seed)
    plain = rng.randrange(4) == 0
    name, _, text = content.rpartition(b".json\n")
    if not plain and (name or text.startswith(b"{")):
        try:
            return content[: len(content) - len(text)] + _changed_json(text, rng)
        except (ValueError, RecursionError):
            pass
    mutant = mutate_bytes(content)
    return mutant if plain or not mutant.startswith(_PNG) else with_checksums(mutant)


def with_checksums(png: bytes) -> bytes:
    """Return a PNG whose chunks have right checksums, as far as they are whole."""
    done, place = bytearray(png), len(_PNG)
    while place + 12 <= len(done):
        end = place + 8 + int.from_bytes(done[place : place + 4], "big")
        if end + 4 > len(done):
            break
        done[end : end + 4] = zlib.crc32(done[place + 4 : end]).to_bytes(4, "big")
        place = end + 4
    return bytes(done)


def _changed_json(text: bytes, rng: random.Random) -> bytes:
    """Put another value, or another member's, into a place of some JSON, or take it away."""
    root = [json.loads(text)]
    places = list(_places(root))
    holder, key = rng.choice(places)
    match rng.randrange(4):
        case 0 if holder is not root:
            del holder[key]
        case 1:
            other, at = rng.choice(places)
            holder[key] = json.loads(json.dumps(other[at]))
        case 2 if isinstance(holder, dict):
            holder[str(rng.choice(_VALUES))] = holder.pop(key)
        case _:
            holder[key] = rng.choice(_VALUES)
    return json.dumps(root[0]).encode()


def _places(holder: Any) -> Any:
    """Yield each list or object with each of its keys."""
    for key in range(len(holder)) if isinstance(holder, list) else list(holder):
        yield holder, key
        if isinstance(holder[key], (list, dict)):
            yield from _places(holder[key])
