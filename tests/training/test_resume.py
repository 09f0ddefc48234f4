"""An interrupted training ends as if nothing had happened."""

import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from florist.bundle import NETWORKS, Bundle, read_bundle
from florist.dataset import Dataset, scan
from florist.errors import BundleError, TrainingError
from florist.progress import Listener
from florist.training import train
from tests.training.conftest import Recording, quick


class Interrupting(Listener):
    """Presses Ctrl-C at the nth thing it hears."""

    def __init__(self, after: int) -> None:
        self.left = after

    def _hear(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise KeyboardInterrupt

    def progress(self, stage: str, done: int, total: int) -> None:
        self._hear()

    def epoch(self, number: int, epochs: int, logs: Mapping[str, float]) -> None:
        self._hear()


def weights(bundle: Bundle) -> list[np.ndarray]:
    return keras.models.load_model(bundle.path / "model.keras").get_weights()  # type: ignore[no-any-return]


def assert_identical(first: Bundle, second: Bundle) -> None:
    assert (first.path / "history.csv").read_bytes() == (second.path / "history.csv").read_bytes()
    for one, other in zip(weights(first), weights(second), strict=True):
        assert np.array_equal(one, other)
    for name in NETWORKS.values():
        assert (first.path / name).read_bytes() == (second.path / name).read_bytes()


RECIPES: dict[str, dict[str, Any]] = {
    "features": {},
    "frozen": {"unfreeze": 0, "views": 3},
    "streaming": {"views": 0},
    "scratch": {"unfreeze": None},
}


@pytest.mark.parametrize("recipe", RECIPES)
def test_interrupted_anywhere_it_ends_the_same(
    dataset: Dataset, tmp_path: Path, recipe: str
) -> None:
    config = quick(epochs=4, **RECIPES[recipe])
    straight = train(dataset, config, tmp_path / "straight")
    resumed, interruptions = tmp_path / "resumed", 0
    after = 1
    while not resumed.exists():
        try:
            train(dataset, config, resumed, listener=Interrupting(after), resume=True)
        except KeyboardInterrupt:
            interruptions += 1
            after += 1 + after // 4  # a little further each time
            assert not resumed.exists()
    assert interruptions >= 4
    assert_identical(straight, read_bundle(resumed))
    assert {path.name for path in tmp_path.iterdir()} == {"straight", "resumed"}


KILLED = """
import os, signal, sys
from florist.dataset import scan
from florist.progress import Listener
from florist.training import TrainingConfig, train

class Killer(Listener):
    def progress(self, stage, done, total):
        if sys.argv[3] in stage: os.kill(os.getpid(), signal.SIGKILL)
    def epoch(self, number, epochs, logs):
        if sys.argv[3] == str(number): os.kill(os.getpid(), signal.SIGKILL)

config = TrainingConfig(backbone="tiny", unfreeze=3, views=2, epochs=3, dense=8, batch_size=8)
train(scan(sys.argv[1]), config, sys.argv[2], listener=Killer(), resume=True)
"""


def test_killed_it_goes_on_to_the_same_bits(dataset: Dataset, tmp_path: Path) -> None:
    straight = train(dataset, quick(), tmp_path / "straight")
    output = tmp_path / "killed"
    for moment in ("training", "2", "nothing"):
        command = [sys.executable, "-c", KILLED, str(dataset.root), str(output), moment]
        code = subprocess.run(command, capture_output=True, check=False, timeout=300).returncode
        assert code == (0 if moment == "nothing" else -signal.SIGKILL)
        assert output.exists() == (moment == "nothing")
    assert_identical(straight, read_bundle(output))


def test_patience_ends_a_training_and_is_remembered(dataset: Dataset, tmp_path: Path) -> None:
    # A step this small changes nothing that validation could see getting better for long.
    config = quick(epochs=60, patience=2, learning_rate=1e-9)
    heard = Recording()
    straight = train(dataset, config, tmp_path / "straight", listener=heard)
    assert straight.manifest.trained is not None
    best = straight.manifest.trained.best_epoch
    assert heard.epochs[-1] == best + 2 < 60
    resumed = tmp_path / "resumed"
    with pytest.raises(KeyboardInterrupt):
        train(dataset, config, resumed, listener=_interrupt_at_epoch(best + 1))
    assert_identical(straight, train(dataset, config, resumed, resume=True))


def _interrupt_at_epoch(wanted: int) -> Listener:
    class AtEpoch(Listener):
        def epoch(self, number: int, epochs: int, logs: Mapping[str, float]) -> None:
            if number == wanted:
                raise KeyboardInterrupt

    return AtEpoch()


def test_what_stands_in_the_way_of_a_training(
    dataset: Dataset, trained: Bundle, tmp_path: Path
) -> None:
    output = tmp_path / "output"
    with pytest.raises(BundleError, match="already holds a model.*--force"):
        train(dataset, quick(), trained.path)
    with pytest.raises(KeyboardInterrupt):
        train(dataset, quick(), output, listener=_interrupt_at_epoch(1))
    with pytest.raises(TrainingError, match="unfinished training.*--resume.*--force"):
        train(dataset, quick(), output)
    with pytest.raises(TrainingError, match="epochs was 3, now 9"):
        train(dataset, quick(epochs=9), output, resume=True)
    other = scan(dataset.root, seed=5)
    with pytest.raises(TrainingError, match="pictures have changed"):
        train(other, quick(), output, resume=True)
    train(dataset, quick(epochs=2), output, force=True)
    again = train(dataset, quick(epochs=1), output, force=True).manifest.trained
    assert again is not None
    assert again.epochs == 1
