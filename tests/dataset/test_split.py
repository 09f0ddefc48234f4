"""The split: stratified, without leaks, the same on every machine."""

import hashlib
from collections import Counter
from pathlib import Path

import pytest

from florist.dataset import SIDES, Sample
from florist.dataset.split import split


def sample(label: int, number: int) -> Sample:
    digest = hashlib.sha256(f"{label}-{number}".encode()).hexdigest()
    return Sample(path=Path("x"), name=f"{label}/{number}", label=label, sha256=digest)


def alone(count: int) -> list[list[int]]:
    return [[index] for index in range(count)]


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (5, (3, 1, 1)),
        (10, (6, 2, 2)),
        (20, (14, 3, 3)),
        (100, (70, 15, 15)),
        (999, (699, 150, 150)),
    ],
)
def test_shares_of_each_class(size: int, expected: tuple[int, ...]) -> None:
    samples = [sample(label, i) for label in range(3) for i in range(size)]
    placed = split(samples, alone(len(samples)), seed=0)
    for label in range(3):
        count = Counter(s.side for s in placed if s.label == label)
        assert tuple(count[side] for side in SIDES) == expected


def test_groups_stay_together_and_shares_hold() -> None:
    samples = [sample(label, i) for label in range(2) for i in range(100)]
    groups = [[*range(0, 30)], [*range(30, 38)], [99, 100], *([i] for i in range(38, 99))]
    groups += [[i] for i in range(101, 200)]
    placed = split(samples, groups, seed=3)
    for group in groups:
        assert len({placed[i].side for i in group}) == 1
    count = Counter(s.side for s in placed)
    assert 138 <= count["train"] <= 142
    assert 28 <= count["val"] <= 32


def test_the_same_on_every_machine() -> None:
    """Written down once: another outcome anywhere would be another split of everybody's data."""
    placed = split([sample(0, i) for i in range(12)], alone(12), seed=7)
    assert " ".join(s.side for s in placed) == (
        "train val train val train train train test train train test train"
    )


def test_neither_order_nor_names_decide() -> None:
    samples = [sample(label, i) for label in range(2) for i in range(40)]
    sides = {s.sha256: s.side for s in split(samples, alone(80), seed=1)}
    renamed = [
        Sample(path=Path("y"), name=f"z{i}", label=s.label, sha256=s.sha256)
        for i, s in enumerate(reversed(samples))
    ]
    assert {s.sha256: s.side for s in split(renamed, alone(80), seed=1)} == sides
    other = {s.sha256: s.side for s in split(samples, alone(80), seed=2)}
    assert other != sides


def test_only_the_sides_that_are_asked_for() -> None:
    samples = [sample(0, i) for i in range(100)]
    count = Counter(s.side for s in split(samples, alone(100), seed=0, sides=("train", "val")))
    assert count == {"train": 82, "val": 18}
