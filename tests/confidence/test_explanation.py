"""What each place of a feature map adds to the log-odds of a class."""

from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from florist.confidence.explanation import Floats, Head, heat_of

RNG = np.random.default_rng(0)
MAP = RNG.gamma(1.0, 1.0, (4, 5, 12)).astype(np.float32)


def head(*sizes: int) -> Head:
    rng = np.random.default_rng(1)
    return Head(
        layers=[
            (
                rng.normal(0, 1, (before, after)).astype(np.float32),
                rng.normal(0, 1, after).astype(np.float32),
            )
            for before, after in pairwise(sizes)
        ]
    )


def log_odds(feature_map: NDArray[np.floating], of: Head, chosen: int) -> float:
    """Compute in 64 bits, and by the definition."""
    values = feature_map.astype(np.float64).mean(axis=(0, 1))
    for number, (weights, biases) in enumerate(of.layers):
        values = (np.maximum(values, 0) if number else values) @ weights + biases
    powers = np.exp(values - values.max())
    share = powers[chosen] / powers.sum()
    return float(np.log(share / (1 - share)))


@pytest.mark.parametrize("sizes", [(12, 3), (12, 7, 3), (12, 7, 2)])
def test_it_is_the_gradient_times_what_is_there(sizes: tuple[int, ...]) -> None:
    of, step = head(*sizes), 1e-4
    for chosen in range(sizes[-1]):
        expected = np.zeros(MAP.shape[:2])
        for channel in range(12):
            more, less = MAP.astype(np.float64), MAP.astype(np.float64)
            more[1, 2, channel] += step
            less[1, 2, channel] -= step
            slope = (log_odds(more, of, chosen) - log_odds(less, of, chosen)) / (2 * step)
            expected += slope * MAP[..., channel]  # a mean has the same slope at every place
        expected = np.maximum(expected - expected.mean(), 0)
        assert heat_of(MAP, of, chosen) == pytest.approx(expected, abs=1e-5)


def test_what_all_places_have_in_common_speaks_of_none() -> None:
    of, rng = Head(layers=[(np.eye(2, dtype=np.float32), np.zeros(2, np.float32))]), RNG
    feature_map = rng.uniform(0.4, 0.6, (6, 6, 2)).astype(np.float32) * [[[1, 0]]]
    flower = np.s_[2:4, 2:5]
    feature_map[flower] += [0.8, 0]
    heat = heat_of(feature_map.astype(np.float32), of, 0)
    assert feature_map[flower].sum() < 0.5 * feature_map.sum()
    assert heat[flower].sum() > 0.9 * heat.sum()
    assert not heat_of(np.ones((6, 6, 2), np.float32), of, 0).any()


def test_it_does_not_go_blank_where_the_score_is_nearly_one() -> None:
    of = head(12, 3)
    weights, biases = of.layers[0]
    sure = Head(layers=[(weights * 8, biases * 8)])
    chosen = int((MAP.mean(axis=(0, 1)) @ weights + biases).argmax())
    assert log_odds(MAP, sure, chosen) > 17  # in 32 bits, 1 - p is 0
    assert heat_of(MAP, sure, chosen).max() > 1


@pytest.mark.parametrize(
    ("layers", "why"),
    [
        ([], "0 dense layers"),
        ([(np.ones((3, 4)), np.ones(4))] * 3, "3 dense layers"),
        ([(np.ones((3, 4)), np.ones(3))], "weights and biases"),
        ([(np.ones(3), np.ones(3))], "weights and biases"),
        ([(np.ones((3, 4)), np.ones(4)), (np.ones((5, 2)), np.ones(2))], "its layers are"),
        ([(np.full((3, 4), np.nan), np.ones(4))], "numbers that are none"),
    ],
)
def test_layers_that_do_not_belong_together_are_refused(
    layers: list[tuple[Floats, Floats]], why: str
) -> None:
    with pytest.raises(ValueError, match=why):
        Head(layers=layers)
