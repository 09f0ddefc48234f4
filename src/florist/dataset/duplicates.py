"""Pictures that are the same, or nearly: found by digest and by perceptual hash."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from florist.dataset.model import Problem, Sample, Severity
from florist.errors import DatasetError
from florist.images import RGB

NEAR_BITS: Final = 48
"""Hashes of 256 bits that differ in no more than this many belong to near-identical pictures.

Measured on 3,226 photographs of flowers: the same picture scaled, recompressed, recoloured or taken
twice within a second differs in up to about 70 bits, pictures that only resemble each other from
about 80 on, and most pairs in 128.
"""

HASH_SIZE: Final = 16  # 16 × 16 = 256 bits
_BLOCK: Final = 512


def fingerprint(pixels: RGB) -> bytes:
    """Return the perceptual hash (pHash, by ImageHash) of a picture, 32 bytes.

    Raises `DatasetError` where the training extra is not installed.
    """
    try:
        import imagehash
    except ImportError as error:
        raise DatasetError(
            "Looking for near-identical pictures needs the training extra: "
            "pip install 'florist[train]'"
        ) from error
    bits = imagehash.phash(Image.fromarray(pixels), hash_size=HASH_SIZE).hash
    return np.packbits(bits).tobytes()


def group_duplicates(samples: Sequence[Sample]) -> list[list[int]]:
    """Return groups of indices: two samples share one when a chain of near-identities joins them.

    Time grows with the square of the number of samples, memory does not: about 3 s for 20,000.
    """
    parents = list(range(len(samples)))

    def find(index: int) -> int:
        while parents[index] != index:
            parents[index] = parents[parents[index]]
            index = parents[index]
        return index

    for left, right in _pairs(samples):
        parents[find(right)] = find(left)
    groups: dict[int, list[int]] = defaultdict(list)
    for index in range(len(samples)):
        groups[find(index)].append(index)
    return list(groups.values())


def describe_duplicates(samples: Sequence[Sample], classes: Sequence[str]) -> list[Problem]:
    """Return a problem for each pair of pictures that repeat each other.

    What falsifies training (two classes) or its figures (two sides, a "leak") is a warning.
    """
    problems = []
    for left, right in _pairs(samples):
        first, second = samples[left], samples[right]
        exact = first.sha256 == second.sha256
        kind = "duplicate" if exact else "near duplicate"
        message = f"{'the same file as' if exact else 'nearly the same picture as'} {first.name}"
        severity: Severity = "note"
        if first.side != second.side:
            kind, severity = "leak", "warning"
            message += f", on two sides ({second.side} and {first.side}); keep it on one"
        if first.label != second.label:
            severity = "warning"
            message += (
                f", but one is filed under {classes[second.label]} and one under "
                f"{classes[first.label]}; keep the right one"
            )
        problems.append(Problem(kind=kind, severity=severity, path=second.name, message=message))
    return problems


def _pairs(samples: Sequence[Sample]) -> Iterable[tuple[int, int]]:
    """Yield each near-identical pair once, as (earlier, later)."""
    if not samples:
        return
    hashes = np.frombuffer(b"".join(s.fingerprint for s in samples), np.uint64)
    hashes = hashes.reshape(len(samples), -1)
    for start in range(0, len(samples), _BLOCK):
        block = hashes[start : start + _BLOCK]
        near = _near(block, hashes[: start + _BLOCK])
        pairs = np.tril(near, start - 1)
        yield from ((int(column), int(row) + start) for row, column in np.argwhere(pairs))


def _near(block: NDArray[np.uint64], others: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Return which pairs differ in at most `NEAR_BITS` bits, shape (len(block), len(others))."""
    distance = np.zeros((len(block), len(others)), np.uint16)
    for word in range(block.shape[1]):
        distance += np.bitwise_count(block[:, None, word] ^ others[None, :, word])
    return distance <= NEAR_BITS
