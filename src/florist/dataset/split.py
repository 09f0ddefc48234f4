"""Which side each picture goes to: seeded, stratified, and blind to file order and file names."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from florist.dataset.model import SIDES, Sample, Side

SHARES: Final[dict[Side, float]] = {"train": 0.70, "val": 0.15, "test": 0.15}


def split(
    samples: Sequence[Sample],
    groups: Sequence[Sequence[int]],
    seed: int,
    sides: Sequence[Side] = SIDES,
) -> list[Sample]:
    """Return the samples with their sides, near each class' 70/15/15, no group on two sides.

    `groups` are indices of near-identical samples, `sides` those that pictures may go to. The
    outcome depends on the seed and the contents alone, so it is the same on every machine.
    """
    totals = Counter(sample.label for sample in samples)
    wanted = {label: _targets(total, sides) for label, total in totals.items()}
    result = list(samples)
    # The largest groups first: they are the hardest to place.
    for group in sorted(groups, key=lambda g: (-len(g), _draw(seed, [samples[i] for i in g]))):
        need: Counter[Side] = Counter()
        for index in group:
            need.update(wanted[samples[index].label])
        side = max(sides, key=lambda s: (need[s], -SIDES.index(s)))
        for index in group:
            wanted[samples[index].label][side] -= 1
            result[index] = replace(samples[index], side=side)
    return result


def _targets(total: int, sides: Sequence[Side]) -> Counter[Side]:
    """Return how many of a class' pictures each side should get, at least one for val and test."""
    whole = sum(SHARES[side] for side in sides)
    targets: Counter[Side] = Counter(
        {side: max(1, round(total * SHARES[side] / whole)) for side in sides if side != "train"}
    )
    targets["train"] = total - targets.total()
    return targets


def _draw(seed: int, group: Sequence[Sample]) -> str:
    """Return a pseudo-random sort key that only the seed and the contents decide."""
    first = min(sample.sha256 for sample in group)
    return hashlib.sha256(f"{seed}:{first}".encode()).hexdigest()
