"""How the epochs go."""

import csv
from pathlib import Path

import numpy as np
import pytest

from florist.dataset import Dataset
from florist.training import TrainingConfig, train
from florist.training.optimizer import optimizer_of
from tests.training.conftest import quick


def test_the_learning_rate_follows_a_cosine() -> None:
    config = quick(recipe="cosine", batch_size=10, epochs=5, learning_rate=0.5)
    optimizer = optimizer_of(config, pictures=95)
    rates = [float(optimizer._learning_rate(step)) for step in range(51)]
    assert rates[:6] == pytest.approx([0, 0.1, 0.2, 0.3, 0.4, 0.5])
    assert (np.diff(rates[5:]) < 0).all()
    assert rates[50] == pytest.approx(0)
    assert optimizer.ema_momentum == pytest.approx(0.9)


def test_the_classic_rate_stays() -> None:
    optimizer = optimizer_of(TrainingConfig(recipe="classic", batch_size=10), pictures=95)
    assert float(optimizer.learning_rate) == pytest.approx(1e-3)
    assert optimizer.ema_momentum == pytest.approx(1 - 1 / 30)


@pytest.mark.parametrize("recipe", ["cosine", "classic"])
def test_what_is_kept(dataset: Dataset, tmp_path: Path, recipe: str) -> None:
    # Steps this large make nothing better.
    config = quick(recipe=recipe, epochs=4, learning_rate=0.3, dropout=0.0)
    bundle = train(dataset, config, tmp_path / "model")
    with (bundle.path / "history.csv").open() as file:
        losses = [float(row["val_loss"]) for row in csv.DictReader(file)]
    best = 1 + losses.index(min(losses))
    assert best < 4
    assert bundle.manifest.trained is not None
    assert bundle.manifest.trained.best_epoch == (4 if recipe == "cosine" else best)
    card = (bundle.path / "README.md").read_text()
    assert f"`{recipe}`: backbone tiny" in card
    assert ("The last of 4 epochs" in card) == (recipe == "cosine")
    assert ("which chose the epoch" in card) == (recipe == "classic")
