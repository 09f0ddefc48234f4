"""How familiar something is: near what was trained on, and as rare as it was among others."""

import numpy as np
import pytest

from florist.confidence.bank import bank_of
from florist.confidence.familiarity import Embeddings, Familiarity, familiarity_of
from florist.confidence.verdict import Judge

CHANNELS = {"early": 40, "late": 150}


def drawn(pictures: int, seed: int, kind: int = 0) -> Embeddings:
    """Return embeddings of things of a kind: a few of the channels are stronger than the rest."""
    rng = np.random.default_rng(seed)
    found = {}
    for name, channels in CHANNELS.items():
        strong = np.random.default_rng(kind).permutation(channels)[: channels // 5]
        values = rng.gamma(1.0, 1.0, (pictures, channels))
        values[:, strong] *= 6
        found[name] = values.astype(np.float32)
    return found


@pytest.fixture(scope="module")
def known() -> Familiarity:
    others = {"float32": drawn(400, 2), "int8": drawn(50, 3)}
    return familiarity_of(drawn(300, 1), others)


def test_the_bank_tells_the_distance_to_the_last_of_its_neighbours() -> None:
    points = drawn(200, 1)["late"]
    near = bank_of(points[:, :40])  # no more channels than components: nothing is left out
    roots = np.sqrt(points[:, :40])
    unit = roots / np.linalg.norm(roots, axis=1, keepdims=True)
    apart = np.sort(np.linalg.norm(unit[:, None] - unit[None], axis=2), axis=1)
    for count in (1, 10):
        found = near.distances(points[:, :40], count)
        assert found == pytest.approx(apart[:, count - 1], abs=0.02)


def test_brightness_does_not_count() -> None:
    points = drawn(100, 1)["late"]
    bank = bank_of(points)
    assert bank.distances(3 * points, 10) == pytest.approx(bank.distances(points, 10), abs=1e-4)


def test_a_bank_of_fewer_than_ten_takes_the_farthest() -> None:
    points = drawn(3, 1)["early"]
    assert bank_of(points).distances(points, 10).shape == (3,)


def test_of_familiar_things_as_many_are_rejected_as_was_said(known: Familiarity) -> None:
    shares = [known.p_values(drawn(2000, seed), "float32") for seed in (7, 8, 9)]
    for level in (0.01, 0.05, 0.2):
        rejected = np.mean([share < level for share in shares])
        # 400 pictures know a share of 5 % to about 1 %.
        assert rejected == pytest.approx(level, abs=0.025)


def test_foreign_things_are_told(known: Familiarity) -> None:
    foreign = known.p_values(drawn(500, 7, kind=1), "float32")
    assert (foreign < 0.05).mean() > 0.95
    assert foreign.min() == pytest.approx(1 / 401)  # it is among them


def test_each_precision_has_a_scale_of_its_own(known: Familiarity) -> None:
    foreign = drawn(5, 7, kind=1)
    assert known.p_values(foreign, "int8").min() == pytest.approx(1 / 51)


def test_what_is_no_number_is_not_familiar(known: Familiarity) -> None:
    for value in (np.nan, np.inf, 0.0):
        broken = {name: np.full((1, n), value, np.float32) for name, n in CHANNELS.items()}
        with np.errstate(invalid="ignore"):
            assert known.p_values(broken, "float32")[0] < 0.01


@pytest.mark.parametrize(
    ("best", "kind", "none", "verdict"),
    [
        (0.9, 0, 0.05, "answer"),
        (0.4, 0, 0.05, "unsure"),
        (0.9, 1, 0.05, "none"),
        (0.4, 1, 0.05, "none"),
        (0.9, 1, 0.0, "answer"),
    ],
)
def test_the_verdict(known: Familiarity, best: float, kind: int, none: float, verdict: str) -> None:
    rest = (1 - best) / 3
    scores = np.array([rest, best, rest, rest], np.float32)
    found, familiarity = Judge(familiarity=known, none=none).judge(scores, drawn(1, 0, kind))
    assert found == verdict
    assert familiarity is not None
    assert (familiarity < 0.05) == (kind == 1)


def test_who_knows_nothing_answers() -> None:
    scores = np.array([0.9, 0.1], np.float32)
    assert Judge().judge(scores, {}) == ("answer", None)
