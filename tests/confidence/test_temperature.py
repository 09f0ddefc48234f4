"""A temperature that was put in is found again, and kept only where others show that it helps."""

import numpy as np
import pytest

from florist.confidence.temperature import (
    ENOUGH,
    Labels,
    Logits,
    calibrate,
    fit_temperature,
    log_loss,
    softmax,
)


def answers(count: int, too_sure: float) -> tuple[Logits, Labels]:
    """Return logits that are `too_sure` times what is right, and labels drawn by what is right."""
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (count, 4)).astype(np.float32)
    draws = rng.random((count, 1))
    labels = (draws > softmax(logits).cumsum(axis=1)).sum(axis=1)
    return logits * np.float32(too_sure), labels.clip(0, 3)


@pytest.mark.parametrize("too_sure", [0.7, 1.0, 1.6, 8.0])
def test_it_is_found_again(too_sure: float) -> None:
    logits, labels = answers(20_000, too_sure)
    found = fit_temperature(logits, labels)
    assert found == pytest.approx(too_sure, rel=0.03)
    for other in (0.9 * found, 1.1 * found):
        assert log_loss(logits / found, labels) < log_loss(logits / other, labels)


def test_only_the_differences_of_logits_count() -> None:
    logits, labels = answers(1000, 2.0)
    moved = (logits + np.arange(1000)[:, None]).astype(np.float32)
    assert fit_temperature(moved, labels) == pytest.approx(fit_temperature(logits, labels), 1e-3)


def test_scores_that_were_too_sure_are_calibrated() -> None:
    found = calibrate(*answers(500, 2.0))
    assert found.temperature == pytest.approx(2, rel=0.2)
    assert found.calibrated is not None
    assert found.raw is not None
    assert found.calibrated < found.raw
    assert f"a temperature of {found.temperature:.2f}: on 500 validation" in found.reason


def test_scores_that_are_right_are_left_alone() -> None:
    logits, labels = answers(20_000, 1.0)
    parts = [slice(start, start + 200) for start in range(0, 20_000, 200)]
    kept = [calibrate(logits[part], labels[part]) for part in parts]
    alone = [each for each in kept if each.temperature == 1]
    # In most samples, what a part of them suggests does not help the rest.
    assert len(alone) > len(kept) / 2
    assert "as they are: on 200 validation" in alone[0].reason


def test_too_few_pictures_say_nothing() -> None:
    logits, labels = answers(ENOUGH, 3.0)
    few = calibrate(logits[1:], labels[1:])
    assert (few.temperature, few.raw, few.calibrated) == (1, None, None)
    assert "99 validation pictures cannot show" in few.reason
    assert calibrate(logits, labels).temperature > 1.5


def test_where_every_picture_is_right_scores_do_not_become_certain() -> None:
    logits = np.log(np.tile([[0.8, 0.2]], (200, 1))).astype(np.float32)
    assert calibrate(logits, np.zeros(200, np.int64)).temperature == pytest.approx(0.5)
    assert np.isfinite(log_loss(logits * 1000, np.ones(200, np.int64)))
