"""A training from pictures to model folder, and everything that can happen on the way."""

import csv
import errno
import json
import math
import resource
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
import pytest

from florist.bundle import MANIFEST, Bundle, read_bundle
from florist.dataset import Dataset, scan
from florist.engine import ENGINES, load_engine
from florist.errors import BundleError, DatasetError, TrainingError
from florist.evaluation import evaluate, relabelled, unseen
from florist.prediction import load
from florist.progress import Listener
from florist.training import TrainingConfig, train
from florist.training.export import require_parity
from florist.training.failures import named_failures
from florist.training.fit import class_weights, require_numbers
from florist.training.network import build_network
from florist.training.run import dtype_policy, float32_model
from tests.conftest import write_colours
from tests.training.conftest import quick


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


class Recording(Listener):
    def __init__(self) -> None:
        self.said: list[str] = []
        self.epochs: list[int] = []

    def say(self, message: str) -> None:
        self.said.append(message)

    def epoch(self, number: int, epochs: int, logs: Mapping[str, float]) -> None:
        self.epochs.append(number)


def weights(bundle: Bundle) -> list[np.ndarray]:
    return keras.models.load_model(bundle.path / "model.keras").get_weights()  # type: ignore[no-any-return]


def assert_identical(first: Bundle, second: Bundle) -> None:
    assert (first.path / "history.csv").read_bytes() == (second.path / "history.csv").read_bytes()
    for one, other in zip(weights(first), weights(second), strict=True):
        assert np.array_equal(one, other)


def test_the_model_folder_is_whole(trained: Bundle, dataset: Dataset) -> None:
    names = {path.name for path in trained.path.iterdir()}
    assert names == {
        "manifest.json", "model.onnx", "model.keras", "labels.txt", "history.csv", "training.png",
        "confusion.png", "report.json", "README.md", "split.csv",
    }  # fmt: skip
    assert set(trained.manifest.files) == names - {MANIFEST}
    assert (trained.path / "labels.txt").read_text() == "blue\ngreen\nred\n"
    for plot in ("training.png", "confusion.png"):
        assert (trained.path / plot).read_bytes().startswith(b"\x89PNG")
    with (trained.path / "history.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["epoch", "loss", "accuracy", "val_loss", "val_accuracy"]
    best = trained.manifest.trained["best_epoch"]
    assert min(rows, key=lambda row: float(row["val_loss"]))["epoch"] == str(best)
    card = (trained.path / "README.md").read_text()
    assert card.startswith("---\npipeline_tag: image-classification\n")
    assert "| blue | 10 | 2 | 2 |" in card
    assert not list(trained.path.parent.glob("*.training"))
    assert str(dataset.root.parent) not in card + (trained.path / MANIFEST).read_text()


def test_the_network_is_as_promised(trained: Bundle) -> None:
    model = onnx.load(trained.model)
    assert model.opset_import[0].version >= 17
    (pictures,) = model.graph.input
    assert pictures.type.tensor_type.elem_type == onnx.TensorProto.UINT8
    batch, *shape = pictures.type.tensor_type.shape.dim
    assert [d.dim_value for d in shape] == [96, 96, 3]
    assert batch.dim_value == 0  # free


def test_both_engines_and_keras_agree(trained: Bundle, dataset: Dataset) -> None:
    spec = trained.manifest.spec
    pictures = np.stack([sample.load(spec) for sample in dataset.samples])
    expected = np.asarray(keras.models.load_model(trained.path / "model.keras")(pictures))
    answers = [load_engine(trained, name)(pictures) for name in ENGINES]
    np.testing.assert_allclose(answers[0], answers[1], atol=1e-4)
    for answer in answers:
        np.testing.assert_allclose(answer, expected, atol=1e-3)
        assert np.array_equal(answer.argmax(axis=1), expected.argmax(axis=1))


def test_it_learned_and_reported_what_it_measured(trained: Bundle, dataset: Dataset) -> None:
    report = json.loads((trained.path / "report.json").read_text())
    assert report["accuracy"] >= 0.8
    assert report["parity"]["pictures"] == len(dataset.val)
    again = evaluate(load(trained.path), dataset.test)
    assert json.loads(json.dumps(again.to_dict())).items() <= report.items()
    predictor = load(trained.path)
    kept = unseen(relabelled(dataset, predictor.classes), trained)
    assert [sample.name for sample in kept] == [sample.name for sample in dataset.test]
    with pytest.raises(DatasetError, match="--include-seen"):
        unseen(dataset.train, trained)
    with pytest.raises(DatasetError, match="no classes of the model: blue, green"):
        relabelled(dataset, ("red", "yellow"))
    with pytest.raises(DatasetError, match="no usable picture"):
        relabelled(replace(dataset, samples=()), predictor.classes)


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
            after += 1  # a little further each time
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
    best = straight.manifest.trained["best_epoch"]
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
    assert train(dataset, quick(epochs=1), output, force=True).manifest.trained["epochs"] == 1


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_loss_that_is_no_number_is_named(value: float) -> None:
    require_numbers({"loss": 1.0, "val_loss": 2.0}, 0, quick())
    with pytest.raises(TrainingError, match="no number any more in epoch 4.*0.001"):
        require_numbers({"loss": 1.0, "val_loss": value}, 3, quick())


def test_fewer_views_where_the_disk_is_small(
    dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard, train_pictures = Recording(), len(dataset.train)
    row = 6 * 6 * 96 * 2  # what the trunk of `quick` gives for a picture, in bytes
    usage = type("Usage", (), {})
    usage.free = 2**30 + row * (len(dataset.val) + 2 * train_pictures) + row  # type: ignore[attr-defined]
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage)
    train(dataset, quick(views=5, epochs=1), tmp_path / "output", listener=heard)
    assert any("room for 2 of 5 views" in line for line in heard.said)
    usage.free = 2**30 + row  # type: ignore[attr-defined]
    with pytest.raises(TrainingError, match="has only 1.1 GB free.*--views 0"):
        train(dataset, quick(), tmp_path / "other")
    with pytest.raises(TrainingError, match="has only 1.1 GB free"):
        train(dataset, quick(views=0), tmp_path / "third")


@pytest.fixture
def small_files() -> Any:
    """Let no file grow beyond 200 kB: what a full disk does, without filling one."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, ignored)


@pytest.mark.usefixtures("small_files")
def test_a_full_disk_while_features_are_written(dataset: Dataset, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"disk of .* is full.*--resume"):
        train(dataset, quick(), tmp_path / "output")
    assert not (tmp_path / "output").exists()


def test_a_full_disk_while_the_model_is_written(dataset: Dataset, tmp_path: Path) -> None:
    class FillDisk(Listener):
        def say(self, message: str) -> None:
            if "Exporting" in message:
                resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, before[1]))

    output = tmp_path / "output"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        with pytest.raises(TrainingError, match="is full"):
            train(dataset, quick(), output, listener=FillDisk())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    assert {path.name for path in tmp_path.iterdir()} == {"output.training"}
    train(dataset, quick(), output, resume=True)
    assert {path.name for path in tmp_path.iterdir()} == {"output"}


def test_too_large_a_batch_names_a_smaller_one(tmp_path: Path) -> None:
    with (
        pytest.raises(TrainingError, match="batches of 64.*--batch-size 32"),
        named_failures(quick(batch_size=64), tmp_path / "output"),
    ):
        np.empty((64, 2**20, 2**20))  # 512 TiB
    exhausted = type("ResourceExhaustedError", (Exception,), {})
    with (
        pytest.raises(TrainingError, match="smaller backbone"),
        named_failures(quick(), tmp_path / "output"),
    ):
        raise exhausted
    with pytest.raises(OSError, match="denied"), named_failures(quick(), tmp_path):
        raise PermissionError(errno.EACCES, "denied")


def test_a_model_that_export_changed_is_not_written(trained: Bundle, dataset: Dataset) -> None:
    keras.utils.set_random_seed(3)
    other = build_network(quick(), 3).whole()
    with pytest.raises(TrainingError, match="disagrees with the trained one"):
        require_parity(
            other, load_engine(trained), dataset.val, trained.manifest.spec, Listener().progress
        )


def test_rare_classes_count_more() -> None:
    labels = np.array([0] * 6 + [1] * 3)
    even = class_weights(labels, 2, quick())
    assert even.tolist() == [0.75, 1.5]
    assert math.isclose(even[labels].mean(), 1)
    assert class_weights(labels, 2, quick(class_weight="none")).tolist() == [1, 1]


def test_sixteen_bits_are_trained_and_thirty_two_served() -> None:
    config = quick(unfreeze=None)
    with dtype_policy("mixed_float16"):
        network = build_network(config, 3)
    assert network.backbone.layers[1].compute_dtype == "float16"
    model = float32_model(network, config, 3)
    assert {layer.compute_dtype for layer in model.layers[-2].layers} == {"float32"}
    pictures = np.random.default_rng(0).integers(0, 256, (4, 96, 96, 3), np.uint8)
    np.testing.assert_allclose(model(pictures), network.whole()(pictures), atol=5e-3)
    assert keras.config.dtype_policy().name == "float32"


def test_too_little_is_said_before_anything_is_written(tmp_path: Path) -> None:
    root = write_colours(tmp_path / "data", per_class=3)
    with pytest.raises(DatasetError, match="at least 5"):
        train(scan(root), quick(), tmp_path / "output")
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_without_keras_the_remedy_is_named(
    dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "keras", None)
    with pytest.raises(TrainingError, match=r"pip install 'florist\[train\]'"):
        train(dataset, TrainingConfig(), tmp_path / "output")
