"""What is answered, and how seldom that is wrong: by hand, and on pictures never validated."""

from math import comb

import numpy as np
import pytest

from florist.confidence.refusal import (
    CONFIDENCE,
    Refusal,
    Validated,
    enough_for,
    refusal,
    upper_bound,
)
from florist.confidence.verdict import Judge


def validated(pictures: int, seed: int) -> Validated:
    """Return answers that are right as often as their score says, and the less familiar wrong."""
    rng = np.random.default_rng(seed)
    best = (1 - rng.beta(0.25, 2, pictures) * 2 / 3).astype(np.float32)
    right = rng.random(pictures) < best
    truth = np.where(right, best, (1 - best) / 2).astype(np.float32)
    return Validated(best=best, truth=truth, familiarity=rng.random(pictures).astype(np.float32))


@pytest.mark.parametrize(("wrong", "total"), [(0, 114), (1, 50), (3, 200), (40, 400), (399, 400)])
def test_at_its_bound_so_few_errors_are_a_matter_of_luck(wrong: int, total: int) -> None:
    rate = upper_bound(wrong, total)
    chance = sum(comb(total, k) * rate**k * (1 - rate) ** (total - k) for k in range(wrong + 1))
    assert chance == pytest.approx(1 - CONFIDENCE, rel=1e-4)
    assert rate > wrong / total


def test_all_wrong_has_no_lower_bound_than_all() -> None:
    assert upper_bound(7, 7) == 1


@pytest.mark.parametrize("share", [0.001, 0.005, 0.01, 0.02])
def test_so_many_right_ones_are_enough_and_one_less_is_not(share: float) -> None:
    needed = enough_for(share)
    assert upper_bound(0, needed) <= share < upper_bound(0, needed - 1)


def test_the_points_count_what_they_say() -> None:
    found = validated(500, 1)
    curve = refusal(found, none=0.1)
    known = found.familiarity >= 0.1
    assert curve.pictures == 500
    assert [each.answered for each in curve.points] == sorted(p.answered for p in curve.points)
    for point in curve.points:
        answers = known & (found.best >= point.least)
        assert point.answered == answers.sum() / 500
        assert point.error == (found.truth < found.best)[answers].mean()
        assert point.bound == upper_bound(round(point.error * answers.sum()), answers.sum())
    assert curve.points[-1].answered == pytest.approx(known.mean(), abs=0.011)


def test_equal_scores_are_answered_together() -> None:
    same = np.full(200, 0.9, np.float32)
    (point,) = refusal(Validated(best=same, truth=same, familiarity=same), 0.05).points
    assert (point.answered, point.error) == (1, 0)


def test_the_promise_is_kept_as_often_as_it_says() -> None:
    others = validated(20_000, 10_000)
    kept, answered = [], []
    for seed in range(60):
        point = refusal(validated(400, seed), none=0).keeping(0.05)
        assert point is not None
        answers = others.best >= point.least
        kept.append((others.truth < others.best)[answers].mean() <= 0.05)
        answered.append(answers.mean())
    assert np.mean(kept) >= CONFIDENCE - 0.05
    assert np.mean(answered) > 0.5


def test_a_judge_is_unsure_below_the_score_that_keeps_it() -> None:
    known = {"float32": validated(500, 1)}
    judge = Judge(validated=known, max_error=0.05, none=0)
    point = refusal(known["float32"], none=0).keeping(0.05)
    assert point is not None
    assert judge.least == point.least > 0.5
    for score, verdict in ((point.least, "answer"), (point.least - 1e-3, "unsure")):
        assert judge.judge(np.array([score, 1 - score], np.float32), {}) == (verdict, None)


@pytest.mark.parametrize("known", [{}, {"float32": validated(500, 1)}])
def test_what_cannot_be_promised_is_no_answer(known: dict[str, Validated]) -> None:
    judge = Judge(validated=known, max_error=0.001)
    assert judge.judge(np.array([1, 0], np.float32), {}) == ("unsure", None)


def test_whoever_allows_every_error_gets_every_answer() -> None:
    judge = Judge(validated={"float32": validated(500, 1)}, max_error=1, none=0)
    scores = np.full(3, 1 / 3, np.float32)
    assert judge.judge(np.maximum(scores, judge.least), {})[0] == "answer"


def test_the_reason_has_both_numbers() -> None:
    few = Refusal(pictures=150, points=()).shortfall(0.01)
    assert few == "230 validation pictures, all of them right, could; there are 150"
    wrong = np.zeros(300, np.float32)
    scores = np.linspace(0.6, 1, 300).astype(np.float32)
    curve = refusal(Validated(best=scores, truth=wrong, familiarity=scores), 0)
    assert curve.keeping(0.5) is None
    assert "300 validation pictures show" in curve.shortfall(0.5)
    assert curve.shortfall(0.5).endswith("at most 100.0% are wrong")


def test_there_are_only_promises_to_choose_from_that_differ() -> None:
    promises = refusal(validated(500, 1), none=0).promises
    points = [point for _, point in promises]
    assert len(promises) > 3
    assert [each.answered for each in points] == sorted({each.answered for each in points})
    assert all(point.bound <= level for level, point in promises)


def test_json_comes_back_and_what_it_cannot_be_is_refused() -> None:
    curve = refusal(validated(200, 1), 0.05)
    raw = {"pictures": 200, "points": [vars(each) for each in curve.points]}
    assert Refusal.from_dict(raw) == curve
    with pytest.raises(ValueError, match="share"):
        Refusal.from_dict(raw | {"points": [vars(curve.points[0]) | {"bound": 2}]})
