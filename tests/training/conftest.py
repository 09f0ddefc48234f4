"""One small training that many tests look at, and recipes that take a second."""

from collections.abc import Mapping
from typing import Any

import pytest

from florist.bundle import Bundle
from florist.dataset import Dataset, scan
from florist.progress import Listener
from florist.training import TrainingConfig, train
from tests.conftest import write_colours


def quick(**changes: Any) -> TrainingConfig:
    """Return a recipe of a second: a frozen trunk, and a tail of three layers."""
    settings: dict[str, Any] = {
        "backbone": "tiny",
        "unfreeze": 3,
        "views": 2,
        "epochs": 3,
        "dense": 8,
        "batch_size": 8,
    }
    return TrainingConfig(**settings | changes)


class Recording(Listener):
    def __init__(self) -> None:
        self.said: list[str] = []
        self.epochs: list[int] = []
        self.stages: list[str] = []

    def say(self, message: str) -> None:
        self.said.append(message)

    def progress(self, stage: str, done: int, total: int) -> None:
        self.stages.append(stage)

    def epoch(self, number: int, epochs: int, logs: Mapping[str, float]) -> None:
        self.epochs.append(number)


def interrupt_at_epoch(wanted: int) -> Listener:
    """Return what presses Ctrl-C after an epoch."""

    class AtEpoch(Listener):
        def epoch(self, number: int, epochs: int, logs: Mapping[str, float]) -> None:
            if number == wanted:
                raise KeyboardInterrupt

    return AtEpoch()


@pytest.fixture(scope="session")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return scan(write_colours(tmp_path_factory.mktemp("data") / "colours", per_class=14))


@pytest.fixture(scope="session")
def trained(dataset: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """Return a model that learned the colours well."""
    output = tmp_path_factory.mktemp("trained") / "output"
    config = quick(unfreeze="all", epochs=12, batch_size=4, dropout=0.0, learning_rate=3e-3)
    return train(dataset, config, output)
