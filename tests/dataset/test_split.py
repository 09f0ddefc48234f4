"""The split: stratified, without leaks, the same on every machine."""

import hashlib
from collections import Counter
from pathlib import Path

import pytest

from florist.dataset import Sample, Side, read_split
from florist.dataset.split import split
from florist.errors import DatasetError

ONE, OTHER = "1" * 64, "2" * 64
HEAD = "side,class,sha256,file"


def sample(label: int, number: int) -> Sample:
    digest = hashlib.sha256(f"{label}-{number}".encode()).hexdigest()
    return Sample(path=Path("x"), name=f"{label}/{number}", label=label, sha256=digest)


def alone(count: int) -> list[list[int]]:
    return [[index] for index in range(count)]


def moved(before: list[Sample], after: list[Sample]) -> list[tuple[str, str]]:
    """Return the old and the new side of each picture that changed it."""
    old = {s.sha256: s.side for s in before}
    return [(old[s.sha256], s.side) for s in after if old.get(s.sha256, s.side) != s.side]


@pytest.mark.parametrize("size", [5, 6, 9, 10, 20, 50, 100, 999])
def test_each_class_gives_each_side_about_its_share(size: int) -> None:
    samples = [sample(label, i) for label in range(5) for i in range(size)]
    for seed in range(4):
        placed = split(samples, alone(len(samples)), seed=seed)
        for label in range(5):
            count = Counter(s.side for s in placed if s.label == label)
            for side in ("val", "test"):
                assert max(1, 0.1 * size) <= count[side] <= max(1, 0.2 * size)
    assert size > 5 or count == {"train": 3, "val": 1, "test": 1}


def test_a_few_pictures_more_move_none_of_the_others() -> None:
    samples = [sample(label, i) for label in range(5) for i in range(601)]
    before = split(samples[:-5], alone(3000), seed=0)
    after = split(samples, alone(3005), seed=0)
    assert moved(before, after) == []


def test_pictures_keep_the_side_of_an_earlier_split() -> None:
    """Whatever comes with them: pictures that differ, and some that are nearly the same."""
    samples = [sample(label, i) for label in range(5) for i in range(620)]
    old = [s for s in samples if int(s.name.split("/")[1]) < 600]
    before = split(old, alone(3000), seed=0)
    previous = {s.sha256: s.side for s in before}
    groups = [[i, 3099 - i] if i < 40 else [i] for i in range(3060)]
    after = split(samples, groups, seed=0, previous=previous)
    assert moved(before, after) == []
    assert all(after[i].side == after[3099 - i].side for i in range(20))
    for label in range(5):
        count = Counter(s.side for s in after if s.label == label)
        assert 62 <= count["val"] <= 124
        assert 62 <= count["test"] <= 124
    assert split(samples, groups, seed=1, previous=previous) != split(samples, groups, seed=1)


def test_what_resembles_an_old_test_picture_does_not_go_to_training() -> None:
    samples = [sample(0, i) for i in range(10)]
    previous: dict[str, Side] = {samples[0].sha256: "train", samples[1].sha256: "test"}
    groups = [[0, 1, 2], *([i] for i in range(3, 10))]
    placed = split(samples, groups, seed=0, previous=previous)
    assert [s.side for s in placed[:3]] == ["train", "test", "test"]


def test_groups_stay_together_and_shares_hold() -> None:
    samples = [sample(label, i) for label in range(2) for i in range(100)]
    groups = [[*range(0, 30)], [*range(30, 38)], [99, 100], *([i] for i in range(38, 99))]
    groups += [[i] for i in range(101, 200)]
    for seed in range(10):
        placed = split(samples, groups, seed=seed)
        for group in groups:
            assert len({placed[i].side for i in group}) == 1
        assert placed[0].side == "train"  # 30 are too many to choose by, or to test with
        count = Counter(s.side for s in placed)
        assert 18 <= count["val"] <= 42
        assert 18 <= count["test"] <= 42


def test_every_side_has_a_group_where_there_are_three() -> None:
    samples = [sample(0, i) for i in range(40)]
    placed = split(samples, [[*range(20)], [*range(20, 31)], [*range(31, 40)]], seed=0)
    assert Counter(s.side for s in placed) == {"train": 20, "val": 11, "test": 9}


def test_the_same_on_every_machine() -> None:
    """Written down once: another outcome anywhere would be another split of everybody's data."""
    placed = split([sample(0, i) for i in range(12)], alone(12), seed=7)
    assert " ".join(s.side for s in placed) == (
        "test train train train train test train train val train train val"
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
    assert set(count) == {"train", "val"}
    assert 12 <= count["val"] <= 23


def test_the_split_of_a_model_is_read_back() -> None:
    rows = [f"test,a,{ONE},x.png", f"train,a,{OTHER},y.png", f"val,b,{OTHER},z.png"]
    assert read_split("\n".join([HEAD, *rows]).encode()) == {ONE: "test", OTHER: "train"}
    assert read_split("\n".join([HEAD, *reversed(rows)]).encode()) == {ONE: "test", OTHER: "train"}
    assert read_split(HEAD.encode()) == {}


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("", "line 0: the columns side and sha256 are missing"),
        ("a letter\nto nobody\n", "line 1: the columns side and sha256 are missing"),
        (f"{HEAD}\ntest,a,{ONE},x\nelse,a,{ONE},x\n", "line 3: 'else' is none of train, val, test"),
        (f"{HEAD}\ntest,a,12,x\n", "line 2: '12' is no SHA-256"),
        (f"{HEAD}\ntest\n", "line 2: '' is no SHA-256"),
        (f"{HEAD}\n\x1b[2J,a,{ONE},x\n", "line 2: '\\x1b[2J' is none of train, val, test"),
        (f"{HEAD}\n{'x' * 200_000},a,{ONE},x\n", "line 1: field larger than field limit (131072)"),
        (
            f"{HEAD}\n{'x' * 100_000},a,{ONE},x\n",
            f"line 2: '{'x' * 60}' is none of train, val, test",
        ),
    ],
)
def test_what_is_no_split_is_said_with_its_line(content: str, found: str) -> None:
    with pytest.raises(DatasetError) as raised:
        read_split(content.encode())
    assert str(raised.value) == found
