"""An interrupted training ends as if nothing had happened."""

import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from florist.bundle import NETWORKS, Bundle, Registry, read_bundle
from florist.dataset import Dataset, scan
from florist.errors import BundleError, TrainingError
from florist.progress import Listener
from florist.training import train
from florist.training.network import build_network
from florist.training.recipes import RecipeName
from tests.training.conftest import Recording, interrupt_at_epoch, quick


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
    "scratch": {"unfreeze": "all"},  # the classic recipe
}


@pytest.mark.once
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
import os, resource, signal, sys
from florist.dataset import scan
from florist.progress import Listener
from florist.training import TrainingConfig, train

how, what = sys.argv[3].split()

def at_a_rename(event, arguments):
    if how == "naming" and event == "os.rename" and what in os.path.basename(arguments[1]):
        os.kill(os.getpid(), signal.SIGKILL)  # all is written, and does not have its name yet

def let_no_file_grow(limit):
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)  # the kernel ends who writes on, inside a write
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

class Killer(Listener):
    def progress(self, stage, done, total):
        if (how, what) == ("inside", "features") and "training" in stage: let_no_file_grow(100_000)
    def epoch(self, number, epochs, logs):
        if (how, what) == ("inside", "weights"): let_no_file_grow(1_000_000)

sys.addaudithook(at_a_rename)
config = TrainingConfig(backbone="tiny", unfreeze=3, views=2, epochs=3, dense=8, batch_size=8)
train(scan(sys.argv[1]), config, sys.argv[2], listener=Killer(), resume=True)
"""

# The moments at which it is killed, one after the other, and what is then left half-written.
KILLS = {
    "naming training.json": (signal.SIGKILL, "training.json.*.partial"),
    "inside features": (signal.SIGXFSZ, "features/*.rows.*.partial"),
    "inside weights": (signal.SIGXFSZ, "fit/last-00001.npz.*.partial"),
    "naming fit.json": (signal.SIGKILL, "fit/fit.json.*.partial"),
}


@pytest.mark.once
def test_killed_inside_a_write_it_goes_on_to_the_same_bits(
    dataset: Dataset, tmp_path: Path
) -> None:
    straight = train(dataset, quick(), tmp_path / "straight")
    output, unfinished = tmp_path / "killed", tmp_path / "killed.training"

    def run(moment: str) -> int:
        command = [sys.executable, "-c", KILLED, str(dataset.root), str(output), moment]
        return subprocess.run(command, capture_output=True, check=False, timeout=300).returncode

    for moment, (killer, left) in KILLS.items():
        assert run(moment) == -killer
        assert not output.exists()
        assert [path.match(left) for path in unfinished.rglob("*.partial")] == [True]
    assert run("never killed") == 0
    assert_identical(straight, read_bundle(output))
    assert {path.name for path in tmp_path.iterdir()} == {"straight", "killed"}


@pytest.mark.parametrize("recipe", ["cosine", "classic"])
def test_patience_ends_a_training_and_is_remembered(
    dataset: Dataset, tmp_path: Path, recipe: RecipeName
) -> None:
    # A step this small changes nothing that validation could see getting better for long.
    config = quick(recipe=recipe, epochs=60, patience=2, learning_rate=1e-9)
    heard = Recording()
    straight = train(dataset, config, tmp_path / "straight", listener=heard)
    assert straight.manifest.trained is not None
    best = straight.manifest.trained.best_epoch
    assert heard.epochs[-1] == best + 2 < 60
    resumed = tmp_path / "resumed"
    with pytest.raises(KeyboardInterrupt):
        train(dataset, config, resumed, listener=interrupt_at_epoch(best + 1))
    assert_identical(straight, train(dataset, config, resumed, resume=True))


def test_what_stands_in_the_way_of_a_training(
    dataset: Dataset, trained: Bundle, tmp_path: Path
) -> None:
    output = tmp_path / "output"
    with pytest.raises(BundleError, match="already holds a model.*--force"):
        train(dataset, quick(), trained.path)
    with pytest.raises(KeyboardInterrupt):
        train(dataset, quick(), output, listener=interrupt_at_epoch(1))
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


def test_the_same_weights_file_with_other_weights(dataset: Dataset, tmp_path: Path) -> None:
    output, file = tmp_path / "output", tmp_path / "tiny.weights.h5"
    backbone = build_network(quick(), 3).backbone
    backbone.save_weights(file)
    config = quick(weights=str(file))
    with pytest.raises(KeyboardInterrupt):
        train(dataset, config, output, listener=interrupt_at_epoch(1))
    backbone.set_weights([weight + 1 for weight in backbone.get_weights()])
    backbone.save_weights(file)
    with pytest.raises(TrainingError, match="starting weights have changed.*--force"):
        train(dataset, config, output, resume=True)


@pytest.mark.parametrize("content", [b"", b'{"config": {"backb', b"{}", b"\xff"])
def test_nothing_is_taken_over_without_a_recipe(
    dataset: Dataset, tmp_path: Path, content: bytes
) -> None:
    output, other = tmp_path / "output", scan(dataset.root, seed=5)
    with pytest.raises(KeyboardInterrupt):
        train(dataset, quick(), output, listener=interrupt_at_epoch(1))
    (tmp_path / "output.training" / "training.json").write_bytes(content)
    assert_identical(train(other, quick(), tmp_path / "straight"), train(other, quick(), output))


def test_starting_over_takes_the_features_that_still_fit(dataset: Dataset, tmp_path: Path) -> None:
    output, changed = tmp_path / "output", quick(learning_rate=3e-3, epochs=2)
    with pytest.raises(KeyboardInterrupt):
        train(dataset, quick(), output, listener=interrupt_at_epoch(1))
    (tmp_path / "output.training" / "features" / "x.rows.0a1b.partial").write_bytes(b"x")
    heard = Recording()
    started_over = train(dataset, changed, output, listener=heard, force=True)
    assert not any(stage.startswith("Features") for stage in heard.stages)
    straight = train(dataset, changed, tmp_path / "straight", listener=heard)
    assert any(stage.startswith("Features") for stage in heard.stages)
    assert_identical(straight, started_over)


@pytest.mark.parametrize("registry", [False, True])
def test_killed_after_the_model_was_written_it_only_tidies_up(
    dataset: Dataset, tmp_path: Path, registry: bool
) -> None:
    output = tmp_path / "output"
    target = Registry(output) if registry else output
    with pytest.raises(KeyboardInterrupt):
        train(dataset, quick(), target, listener=interrupt_at_epoch(3))
    unfinished = shutil.copytree(tmp_path / "output.training", tmp_path / "kept")
    written = train(dataset, quick(), target, resume=True)
    unfinished.rename(tmp_path / "output.training")
    with (
        pytest.raises(TrainingError, match="epochs was 3, now 4")
        if registry
        else pytest.raises(BundleError, match="already holds a model")
    ):
        train(dataset, quick(epochs=4), target, resume=True)
    heard = Recording()
    assert train(dataset, quick(), target, listener=heard, resume=True) == written
    assert not heard.epochs
    assert not heard.stages
    assert {path.name for path in tmp_path.iterdir()} == {"output"}
