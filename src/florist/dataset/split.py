"""Which side each picture goes to: seeded, stratified, and blind to file order and file names."""

import csv
import hashlib
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from io import StringIO
from typing import Final

from florist.dataset.model import SIDES, Sample, Side
from florist.errors import DatasetError, printable

# In the order in which they lie on the line that pictures are drawn onto.
SHARES: Final[dict[Side, float]] = {"test": 0.15, "val": 0.15, "train": 0.70}

_SLACK: Final = 1 / 3  # how far a class' pictures for val and test may be off their share of it

_DIGEST: Final = re.compile("[0-9a-f]{64}")
_SIDE_OF: Final[dict[str, Side]] = {side: side for side in SIDES}

Group = Sequence[int]
_Drawn = tuple[float, Group]


def split(
    samples: Sequence[Sample],
    groups: Sequence[Group],
    seed: int,
    sides: Sequence[Side] = SIDES,
    previous: Mapping[str, Side] | None = None,
) -> list[Sample]:
    """Return the samples with their sides, about 70/15/15 of each class, no group on two sides.

    `groups` are indices of near-identical samples, `sides` those that pictures may go to, train
    among them, `previous` the sides of an earlier split by SHA-256, which pictures keep.

    Seed and contents draw a point of a line for each group, and the stretch that it falls on is its
    side. So the outcome is the same on every machine, and a picture more moves no other one, except
    where a class would have too few or too many on a side: its points nearest to the end of the
    stretch make up for it.
    """
    kept = {digest: side for digest, side in (previous or {}).items() if side in sides}
    placed: dict[int, Side] = {}
    drawn: dict[int, list[_Drawn]] = defaultdict(list)
    for group in groups:
        earlier = [kept[samples[i].sha256] for i in group if samples[i].sha256 in kept]
        if earlier:
            # Never into training what resembles a picture that was tested with.
            joined = min(earlier, key=list(SHARES).index)
            placed |= {i: kept.get(samples[i].sha256, joined) for i in group}
        else:
            digest, label = min((samples[i].sha256, samples[i].label) for i in group)
            drawn[label].append((_point(seed, digest), group))
    totals = Counter(sample.label for sample in samples)
    taken = Counter((samples[i].label, side) for i, side in placed.items())
    for label, of_class in drawn.items():
        filled = {side: taken[label, side] for side in sides}
        for side, group in _fill(sorted(of_class, key=_by_point), totals[label], filled):
            placed |= dict.fromkeys(group, side)
    return [replace(sample, side=placed[index]) for index, sample in enumerate(samples)]


def read_split(content: bytes) -> dict[str, Side]:
    """Return the side of each SHA-256 in the content of a model's `split.csv`.

    A picture that stands on several sides has made the model, if one of them has.

    Raises `DatasetError` where a line is not as training writes it.
    """
    sides: dict[str, Side] = {}
    rows = csv.DictReader(StringIO(content.decode("utf-8", "replace"), newline=""))
    try:
        if not {"side", "sha256"} <= {*(rows.fieldnames or ())}:
            raise ValueError("the columns side and sha256 are missing")
        for row in rows:
            digest, side = row["sha256"] or "", _SIDE_OF.get(row["side"])
            if side is None:
                raise ValueError(f"{(row['side'] or '')[:60]!r} is none of {', '.join(SIDES)}")
            if not _DIGEST.fullmatch(digest):
                raise ValueError(f"{digest[:70]!r} is no SHA-256")
            sides[digest] = min(side, sides.get(digest, side), key=SIDES.index)
    except (ValueError, csv.Error) as error:
        raise DatasetError(f"line {rows.line_num}: {printable(error)}") from error
    return sides


def _fill(
    drawn: Sequence[_Drawn], total: int, filled: Mapping[Side, int]
) -> Iterator[tuple[Side, Group]]:
    """Yield the side of each group of a class, from those in the order of their points.

    `total` counts the pictures of the class, `filled` those that have their side already.
    """
    sides = [side for side in SHARES if side in filled]
    whole = sum(SHARES[side] for side in sides)
    end, waiting = 0.0, list(drawn)
    for position, side in enumerate(sides[:-1]):
        share = SHARES[side] / whole
        end += share
        least = max(1, math.ceil(total * share * (1 - _SLACK)))
        most = max(1, math.floor(total * share * (1 + _SLACK)))
        count, passed = filled[side], []
        for point, group in waiting:
            wanted = count < least or (point < end and count < most)
            if wanted and count + len(group) <= most:
                count += len(group)
                yield side, group
            else:
                passed.append((point, group))
        if not count and len(passed) >= len(sides) - position:
            # All groups are too large: better the smallest one than none.
            smallest = min(passed, key=lambda drawn: len(drawn[1]))
            passed.remove(smallest)
            yield side, smallest[1]
        waiting = passed
    for _, group in waiting:
        yield sides[-1], group


def _point(seed: int, digest: str) -> float:
    """Return the point from 0 to 1 that the seed and a group's contents draw."""
    drawn = hashlib.sha256(f"{seed}:{digest}".encode()).digest()
    return int.from_bytes(drawn[:7]) / 2**56


def _by_point(drawn: _Drawn) -> float:
    return drawn[0]
