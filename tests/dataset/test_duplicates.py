"""Which pictures belong together, and what is said of them."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import PngImagePlugin

from florist.dataset import Sample, scan
from florist.dataset.duplicates import (
    NEAR_BITS,
    Duplicates,
    describe_duplicates,
    first_of_group,
    group_duplicates,
)
from florist.errors import DatasetError
from florist.progress import silent
from tests.conftest import COLOURS, noisy_picture, write_colours

Hashes = NDArray[np.uint8]


def random_hashes(count: int, seed: int = 0) -> Hashes:
    return np.random.default_rng(seed).integers(0, 256, (count, 32), np.uint8)


def flipped(hash_: Hashes, bits: range) -> Hashes:
    """Return a hash that differs in these bits."""
    unpacked = np.unpackbits(hash_)
    unpacked[bits.start : bits.stop] ^= 1
    return np.packbits(unpacked)


def samples_of(hashes: Hashes) -> list[Sample]:
    return [
        Sample(
            path=Path("x"),
            name=str(number),
            label=0,
            sha256=hashlib.sha256(str(number).encode()).hexdigest(),
            fingerprint=fingerprint.tobytes(),
        )
        for number, fingerprint in enumerate(hashes)
    ]


def groups_of(hashes: Hashes, duplicates: Duplicates = "keep-together") -> list[list[int]]:
    groups = group_duplicates(samples_of(hashes), duplicates, silent)
    assert sorted(index for group in groups for index in group) == list(range(len(hashes)))
    return [group for group in groups if len(group) > 1]


@pytest.mark.parametrize("half", [range(0, NEAR_BITS), range(256 - NEAR_BITS, 256)])
def test_near_identity_is_found_among_many(half: range) -> None:
    hashes = random_hashes(3000)
    hashes[2600] = flipped(hashes[700], half)
    hashes[30] = flipped(hashes[20], range(half.start, half.stop + 1) if half.start == 0 else half)
    expected = [[700, 2600]] if half.start == 0 else [[20, 30], [700, 2600]]
    assert groups_of(hashes) == expected


def test_each_is_near_the_first_of_its_group() -> None:
    """Against the plain way: one hash after the other, each against every first one."""
    rng = np.random.default_rng(1)
    hashes = random_hashes(150).repeat(20, axis=0)
    noise = rng.random((len(hashes), 256)) < rng.uniform(0, 0.25, (len(hashes), 1))
    hashes ^= np.packbits(noise, axis=1)
    expected: list[int] = []
    for row, hash_ in enumerate(hashes):
        firsts = list(dict.fromkeys(expected))
        distances = np.bitwise_count(hashes[firsts] ^ hash_).sum(axis=1) if firsts else []
        near = [f for f, distance in zip(firsts, distances, strict=True) if distance <= NEAR_BITS]
        expected.append(near[0] if near else row)
    assert 150 < len(set(expected)) < 2800
    assert first_of_group(hashes, silent).tolist() == expected


def test_a_camera_that_pans_makes_many_groups() -> None:
    frames = [random_hashes(1)[0]]
    order = np.random.default_rng(2).permutation(256)
    for step in range(25):  # each frame differs from the one before in ten bits, never back
        bits = np.unpackbits(frames[-1])
        bits[order[step * 10 : step * 10 + 10]] ^= 1
        frames.append(np.packbits(bits))
    groups = groups_of(np.stack(frames))
    assert max(map(len, groups)) <= 9  # four frames on either side
    assert len(groups) >= 3


def test_copies_cost_neither_memory_nor_lines() -> None:
    hashes = random_hashes(1).repeat(4000, axis=0)
    (group,) = group_duplicates(samples_of(hashes), "keep-together", silent)
    (problem,) = describe_duplicates(samples_of(hashes), [group], ["a"])
    assert len(problem.files) == 3999
    assert problem.message == "nearly the same picture as 1, 2, 3 and 3996 more"


def test_a_burst_is_one_group_and_one_note() -> None:
    base = random_hashes(1)[0]
    hashes = np.stack([flipped(base, range(i % 40, i % 40 + i // 40)) for i in range(400)])
    groups = groups_of(hashes)
    assert [len(group) for group in groups] == [400]


def test_comparing_tells_how_far_it_is() -> None:
    steps: list[tuple[str, int, int]] = []
    first_of_group(random_hashes(2500), lambda *step: steps.append(step))
    assert {(stage, total) for stage, _, total in steps} == {("Comparing pictures", 2500)}
    done = [done for _, done, _ in steps]
    assert done == sorted(done)
    assert (len(done) > 2, done[-1]) == (True, 2500)


def fixed_camera(root: Path) -> Path:
    """Write what a fixed camera sees, with one file that is there twice."""
    write_colours(root, per_class=1)
    for name, colour in COLOURS.items():
        for number in range(12):
            taken = PngImagePlugin.PngInfo()
            taken.add_text("taken", str(number))
            noisy_picture(colour, 0).save(root / name / f"frame{number:02}.png", pnginfo=taken)
    (root / "red" / "copy.png").write_bytes((root / "red" / "frame03.png").read_bytes())
    return root


@pytest.mark.parametrize(
    ("duplicates", "grouped"), [("keep-together", [13, 13, 14]), ("exact", [2]), ("off", [])]
)
def test_a_fixed_camera_can_be_trained_with(
    tmp_path: Path, duplicates: Duplicates, grouped: list[int]
) -> None:
    dataset = scan(fixed_camera(tmp_path / "data"), duplicates=duplicates)
    found = [p for p in dataset.problems if "duplicate" in p.kind]
    assert sorted(1 + len(problem.files) for problem in found) == grouped
    whole = len(grouped) == 3
    assert bool(dataset.counts(dataset.test)["red"]) is not whole


def test_without_the_extra_nothing_is_read(colours: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "imagehash", None)
    steps: list[str] = []

    def heard(stage: str, done: int, total: int) -> None:
        steps.append(stage)

    with pytest.raises(DatasetError, match=r"florist\[train\].*--duplicates exact"):
        scan(colours, progress=heard)
    assert steps == []
    assert len(scan(colours, duplicates="exact").samples) == 30
