"""What stands in the way of a training is named, with what to do about it."""

import errno
import math
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest

from florist.dataset import Dataset, scan
from florist.errors import DatasetError, TrainingError
from florist.progress import Listener
from florist.training import TrainingConfig, load_keras, train
from florist.training.failures import named_failures
from florist.training.fit import require_numbers
from tests.conftest import write_colours
from tests.training.conftest import Recording, quick
from tests.training.test_resume import assert_identical


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
    usage.free = 2**30 + row * (len(dataset.samples) + train_pictures + 1)  # type: ignore[attr-defined]
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage)
    train(dataset, quick(views=5, epochs=1), tmp_path / "output", listener=heard)
    assert any("room for 2 of 5 views" in line for line in heard.said)
    usage.free = 2**30 + row  # type: ignore[attr-defined]
    with pytest.raises(TrainingError, match="has only 1.1 GB free.*--views 0"):
        train(dataset, quick(), tmp_path / "other")
    with pytest.raises(TrainingError, match="has only 1.1 GB free"):
        train(dataset, quick(views=0), tmp_path / "third")


class FullDisk(Listener):
    """Lets no file grow beyond a limit once a word is heard: a full disk, without filling one."""

    def __init__(self, word: str, limit: int) -> None:
        self._word, self._limit = word, limit

    def _hear(self, words: str) -> None:
        if self._word in words:
            hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
            resource.setrlimit(resource.RLIMIT_FSIZE, (self._limit, hard))

    def progress(self, stage: str, done: int, total: int) -> None:
        self._hear(stage)

    def epoch(self, number: int, epochs: int, logs: Mapping[str, float]) -> None:
        self._hear(f"epoch {number}")

    def say(self, message: str) -> None:
        self._hear(message)


@pytest.fixture
def _file_limit() -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, ignored)


@pytest.mark.usefixtures("_file_limit")
@pytest.mark.parametrize(
    ("moment", "limit"),
    [
        ("Features of", 100_000),  # the exported trunk
        ("Features (training)", 100_000),
        ("epoch 1", 1_000_000),  # the weights of epoch 2
        ("Exporting", 200_000),
    ],
)
def test_a_full_disk_leaves_what_is_finished(
    dataset: Dataset, tmp_path: Path, moment: str, limit: int
) -> None:
    straight, output = train(dataset, quick(), tmp_path / "straight"), tmp_path / "output"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with pytest.raises(TrainingError, match=r"disk of .* is full.*--resume"):
        train(dataset, quick(), output, listener=FullDisk(moment, limit))
    assert {path.name for path in tmp_path.iterdir()} == {"straight", "output.training"}
    assert not [*tmp_path.rglob("*.partial")]
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert_identical(straight, train(dataset, quick(), output, resume=True))


def test_too_large_a_batch_names_a_smaller_one(tmp_path: Path) -> None:
    with (
        pytest.raises(TrainingError, match="batches of 64.*--batch-size 32"),
        named_failures(quick(batch_size=64), tmp_path / "output"),
    ):
        np.empty((64, 2**20, 2**20))  # 512 TiB
    raised = {"ResourceExhaustedError": "OOM", "JaxRuntimeError": "RESOURCE_EXHAUSTED: of memory"}
    for name, text in raised.items():
        with (
            pytest.raises(TrainingError, match="smaller backbone"),
            named_failures(quick(), tmp_path / "output"),
        ):
            raise type(name, (Exception,), {})(text)
    with pytest.raises(OSError, match="denied"), named_failures(quick(), tmp_path):
        raise PermissionError(errno.EACCES, "denied")


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


def test_a_backend_that_cannot_train_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    with pytest.raises(TrainingError, match="tensorflow or jax, and Keras is set to 'torch'"):
        load_keras()


def test_without_jax_the_remedy_is_named() -> None:
    code = "import sys; sys.modules['jax'] = None; import florist.training as t; t.load_keras()"
    command, variables = [sys.executable, "-c", code], os.environ | {"KERAS_BACKEND": "jax"}
    ended = subprocess.run(
        command, env=variables, capture_output=True, text=True, check=False, timeout=300
    )
    assert ended.stderr.strip().endswith("pip install jax")
