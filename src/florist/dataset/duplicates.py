"""Pictures that are the same, or nearly: found by digest and by perceptual hash."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final, Literal, TypeVar, get_args

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from florist.dataset.model import Problem, Sample, Severity
from florist.errors import DatasetError
from florist.images import RGB
from florist.progress import Progress

Duplicates = Literal["keep-together", "exact", "off"]
DUPLICATES: Final[tuple[Duplicates, ...]] = get_args(Duplicates)
"""What is kept on one side: nearly the same pictures, only identical files, or nothing."""

NEAR_BITS: Final = 48
"""Hashes of 256 bits that differ in no more than this many belong to near-identical pictures.

Measured on 3,226 photographs of flowers: the same picture scaled, recompressed, recoloured or taken
twice within a second differs in up to about 70 bits, pictures that only resemble each other from
about 80 on, and most pairs in 128.
"""

HASH_SIZE: Final = 16  # 16 × 16 = 256 bits
_BLOCK: Final = 512  # hashes that are compared with `_TILE` others at once: 8 MiB of products
_TILE: Final = 4096
_NAMED: Final = 3  # files of a group that its message names; `Problem.files` has all

Hashes = NDArray[np.uint8]
Key = TypeVar("Key", str, bytes)
Pairs = tuple[NDArray[np.int64], NDArray[np.int64]]


def require_fingerprints() -> None:
    """Raise `DatasetError` where the training extra, which computes fingerprints, is missing."""
    try:
        import imagehash  # noqa: F401
    except ImportError as error:
        raise DatasetError(
            "Looking for near-identical pictures needs the training extra: "
            "pip install 'florist[train]'. Without it, only identical files can be found: "
            "--duplicates exact."
        ) from error


def fingerprint(pixels: RGB) -> bytes:
    """Return the perceptual hash (pHash, by ImageHash) of a picture, 32 bytes."""
    import imagehash

    bits = imagehash.phash(Image.fromarray(pixels), hash_size=HASH_SIZE).hash
    return np.packbits(bits).tobytes()


def group_duplicates(
    samples: Sequence[Sample], duplicates: Duplicates, progress: Progress
) -> list[list[int]]:
    """Return groups of indices that belong together; every sample is in one.

    The near-identical pictures of a group all nearly agree with its first one: a camera that pans
    makes many groups, not one. Contents alone decide. Time grows with the square of the number of
    pictures that differ, memory does not.
    """
    if duplicates == "off":
        return [[index] for index in range(len(samples))]
    if duplicates == "exact":
        return list(_alike([sample.sha256 for sample in samples]).values())
    copies = [group for _, group in sorted(_alike([s.fingerprint for s in samples]).items())]
    if not copies:
        return []
    hashes = np.frombuffer(b"".join(samples[group[0]].fingerprint for group in copies), np.uint8)
    first = first_of_group(hashes.reshape(len(copies), -1), progress)
    groups: dict[int, list[int]] = defaultdict(list)
    for group, leader in zip(copies, first, strict=True):
        groups[int(leader)] += group
    return sorted(sorted(group) for group in groups.values())


def _alike(keys: Sequence[Key]) -> dict[Key, list[int]]:
    """Return the positions of each key."""
    positions: dict[Key, list[int]] = defaultdict(list)
    for position, key in enumerate(keys):
        positions[key].append(position)
    return positions


def first_of_group(hashes: Hashes, progress: Progress) -> NDArray[np.int64]:
    """Return for each hash, shape (N, 32), the row of its group's first one: its own for that one.

    Each joins the earliest first one that it nearly agrees with, or begins a group.
    """
    first = np.arange(len(hashes))
    compared = _Compared(hashes)
    leaders = np.empty(0, np.int64)
    for start in range(0, len(hashes), _BLOCK):
        block = np.arange(start, min(start + _BLOCK, len(hashes)))
        for tile in range(0, len(leaders), _TILE):
            earlier, later = compared.near(leaders[tile : tile + _TILE], block)
            np.minimum.at(first, later, earlier)
        free = block[first[block] == block]
        earlier, later = compared.near(free, free)
        earlier, later = earlier[earlier < later], later[earlier < later]
        begins = np.flatnonzero(np.diff(earlier, prepend=-1))
        for leader, joining in zip(earlier[begins], np.split(later, begins[1:]), strict=False):
            if first[leader] == leader:
                first[joining] = np.minimum(first[joining], leader)
        leaders = np.concatenate([leaders, free[first[free] == free]])
        progress("Comparing pictures", int(block[-1]) + 1, len(hashes))
    return first


class _Compared:
    """Hashes, ready to be compared by the block.

    Half of their bits become signs: two rows that differ in d of n bits have the product n − 2d,
    and a product of matrices is what a CPU does fastest. What it lets through, few, is counted.
    """

    def __init__(self, hashes: Hashes) -> None:
        self._words = np.ascontiguousarray(hashes).view(np.uint64)
        half = np.unpackbits(hashes[:, : hashes.shape[1] // 2], axis=1)
        self._signs = 2 * half.astype(np.float32) - 1

    def near(self, left: NDArray[np.int64], right: NDArray[np.int64]) -> Pairs:
        """Return the near-identical pairs of rows as two arrays, in the order of the left ones."""
        product = self._signs[left] @ self._signs[right].T
        perhaps = np.flatnonzero(product >= self._signs.shape[1] - 2 * NEAR_BITS)
        rows, columns = np.divmod(perhaps, len(right))
        rows, columns = left[rows], right[columns]
        differing = np.bitwise_count(self._words[rows] ^ self._words[columns]).sum(axis=1)
        return rows[differing <= NEAR_BITS], columns[differing <= NEAR_BITS]


def describe_duplicates(
    samples: Sequence[Sample], groups: Sequence[Sequence[int]], classes: Sequence[str]
) -> list[Problem]:
    """Return a problem for each group of pictures that repeat each other.

    What falsifies training (two classes) or its figures (two sides, a "leak") is a warning.
    """
    return [
        _describe([samples[index] for index in group], classes)
        for group in groups
        if len(group) > 1
    ]


def _describe(group: Sequence[Sample], classes: Sequence[str]) -> Problem:
    first, *others = group
    exact = len({sample.sha256 for sample in group}) == 1
    kind = "duplicate" if exact else "near duplicate"
    severity: Severity = "note"
    message = f"{'the same file as' if exact else 'nearly the same picture as'} {_names(others)}"
    sides = sorted({sample.side for sample in group})
    if len(sides) > 1:
        kind, severity = "leak", "warning"
        message += f", on different sides ({', '.join(sides)}); keep them on one"
    labels = sorted({sample.label for sample in group})
    if len(labels) > 1:
        severity = "warning"
        named = " and ".join(classes[label] for label in labels[:_NAMED])
        message += f", but filed under {named}; keep what is right"
    files = tuple(sample.name for sample in others)
    return Problem(kind=kind, severity=severity, path=first.name, message=message, files=files)


def _names(samples: Sequence[Sample]) -> str:
    named = [sample.name for sample in samples[:_NAMED]]
    more = len(samples) - len(named)
    return ", ".join(named) + (f" and {more} more" if more else "")
