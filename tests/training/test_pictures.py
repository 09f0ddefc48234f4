"""Which small copies of pictures a model folder keeps."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from florist.bundle import PICTURES, Bundle
from florist.dataset import Dataset, Sample
from florist.pictures import MOST_BYTES, SIDE, SmallPicture, read_pictures
from florist.progress import Listener
from florist.training import pictures
from florist.training.pictures import write_pictures
from florist.training.trust import bank_samples
from florist.training.workspace import Job, Workspace
from tests.test_pictures import with_pictures
from tests.training.conftest import quick


def kept(dataset: Dataset, bundle: Bundle, folder: Path, wrong: int) -> tuple[SmallPicture, ...]:
    """Return the copies of a model that takes so many test pictures for the next class."""
    said = np.full((len(dataset.test), 3), 0.1, np.float32)
    for place, sample in enumerate(dataset.test):
        said[place, (sample.label + (place < wrong)) % 3] = 0.8 - 0.01 * place
    job = Job(
        dataset=dataset,
        config=quick(),
        workspace=Workspace.of(folder / "model"),
        listener=Listener(),
    )
    write_pictures(folder / PICTURES, job, said)
    return read_pictures(with_pictures(bundle, folder / "with", (folder / PICTURES).read_bytes()))


def test_mistakes_two_right_ones_of_a_class_and_what_was_trained_on(
    dataset: Dataset, bundle: Bundle, tmp_path: Path
) -> None:
    found = kept(dataset, bundle, tmp_path, wrong=1)
    mistakes = [each for each in found if each.is_mistake]
    assert [(each.name, each.label, each.predicted) for each in mistakes] == [
        (dataset.test[0].name, "blue", "green")
    ]
    assert mistakes[0].score == pytest.approx(0.8)
    right = [each.label for each in found if each.is_right]
    assert right == ["blue", "green", "red", "green", "red"]
    trained = [each for each in found if each.row is not None]
    bank = bank_samples(dataset.train, 3)
    assert [(each.row, each.name) for each in trained] == list(
        enumerate(sample.name for sample in bank)
    )


def test_large_pictures_become_small_ones_within_the_limit(
    dataset: Dataset, bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    samples: list[Sample] = []
    for sample in dataset.samples:
        path = tmp_path / f"{len(samples)}.jpg"
        Image.fromarray(rng.integers(0, 256, (300, 400, 3), np.uint8)).save(path)
        samples.append(replace(sample, path=path))
    large = replace(dataset, samples=tuple(samples))
    monkeypatch.setattr(pictures, "MOST_BYTES", 40_000)
    found = kept(large, bundle, tmp_path, wrong=6)
    assert (tmp_path / PICTURES).stat().st_size <= 40_000
    assert sum(each.is_mistake for each in found) in range(3, 6)  # four tenths
    assert sum(each.row is not None for each in found) in range(4, 20)
    assert max(len(each.content) for each in found) <= 4000


def test_a_training_keeps_them_unless_it_is_told_not_to(trained: Bundle) -> None:
    assert trained.manifest.trained is not None
    assert trained.manifest.trained.recipe["pictures"] is True
    found = read_pictures(trained)
    assert len(found) == 6 + 30
    assert (trained.path / PICTURES).stat().st_size < MOST_BYTES
    assert SIDE == 160
