"""Doubtful labels as a list for a person."""

import csv
from pathlib import Path

import numpy as np

from florist.dataset import Sample
from florist.doubts import Doubt, find_doubts, write_doubts
from tests.confidence.test_doubts import CLASSES, clusters

NAMES = tuple("abcd")


def test_a_wrong_label_is_named_first() -> None:
    points, truth = clusters(40)
    samples = [Sample(path=Path("x"), name=f"{n}", label=c, sha256="") for n, c in enumerate(truth)]
    samples[7] = Sample(path=Path("x"), name="7", label=3, sha256="")
    found = find_doubts(samples, NAMES, points)
    assert (found.found[0].name, found.found[0].label, found.found[0].looks_like) == ("7", "d", "a")
    assert [each.sure for each in found.found] == sorted(
        (e.sure for e in found.found), reverse=True
    )
    assert found.found[-1].sure > 0
    assert found.reason.startswith(f"{len(found.found)} of 160 pictures look more like another")
    assert found.to_dict()["found"] == len(found.found)


def test_nothing_is_doubted_where_the_pictures_tell_nothing_of_each_other() -> None:
    noise = np.random.default_rng(0).random((160, 30), np.float32)
    samples = [
        Sample(path=Path("x"), name=f"{n}", label=n % CLASSES, sha256="") for n in range(160)
    ]
    found = find_doubts(samples, NAMES, noise)
    assert found.found == ()
    assert found.reason.startswith("No label was looked into: before training, the network puts")


def test_the_file_holds_no_formula(tmp_path: Path) -> None:
    doubt = Doubt("=a/1.png", "=a", "@b", 0.98765)
    write_doubts([doubt], tmp_path / "doubts.csv")
    with (tmp_path / "doubts.csv").open(newline="") as file:
        head, row = csv.reader(file)
    assert head == ["file", "label", "looks_like", "sure", "move_to"]
    assert row == ["'=a/1.png", "'=a", "'@b", "0.988", ""]
