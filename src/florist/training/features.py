"""What the frozen trunk makes of each picture: computed once, kept on disk.

Where nothing is frozen, or fresh views are wanted in every epoch, what is kept is the decoded
picture itself. Either way an epoch reads its batches through a `Source`.
"""

import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, Protocol

import keras
import numpy as np
from numpy.typing import NDArray

from florist.dataset import Sample
from florist.errors import TrainingError, printable
from florist.images import RGB
from florist.progress import Listener
from florist.system import cpu_limit
from florist.training.augment import augmented_views
from florist.training.config import TrainingConfig
from florist.training.store import ArrayStore
from florist.training.trunk import Trunk, trunk_of
from florist.training.workspace import Job

_CHUNK: Final = 32
_RESERVE: Final = 2**30  # bytes that stay free on the disk, for the model and for everybody else
_LARGEST_HALF: Final = float(np.finfo(np.float16).max)

Indices = NDArray[np.int64]


class Source(Protocol):
    """Where the inputs of a batch come from."""

    def train(self, indices: Indices, epoch: int) -> Any:
        """Return the inputs of some training samples, as this epoch sees them."""

    def val(self, indices: Indices) -> Any:
        """Return the inputs of some validation samples, unaugmented."""


class FeatureSource:
    """Features of `views` augmented views of each training picture, and of clean validation ones.

    Epochs take turns with the views: each sees every picture once.
    """

    def __init__(self, train: ArrayStore, val: ArrayStore, views: int) -> None:
        self._train, self._val, self._views = train, val, views

    def train(self, indices: Indices, epoch: int) -> Any:
        """Return the features of one view of each sample."""
        return self._train.read(indices * self._views + (indices + epoch) % self._views)

    def val(self, indices: Indices) -> Any:
        """Return the features of each sample's clean view."""
        return self._val.read(indices)


class PictureSource:
    """Decoded pictures, augmented afresh in every epoch."""

    def __init__(
        self, train: ArrayStore, val: ArrayStore, samples: Sequence[Sample], config: TrainingConfig
    ) -> None:
        self._train, self._val, self._samples, self._config = train, val, samples, config
        self._pool = ThreadPoolExecutor(cpu_limit())

    def train(self, indices: Indices, epoch: int) -> Any:
        """Return augmented pictures, uint8, of shape (N, size, size, 3)."""
        (pictures,) = self._train.read(indices)
        config = self._config

        def augmented(pixels: RGB, index: int) -> RGB:
            sample = self._samples[index]
            return next(augmented_views(pixels, sample, [epoch], config.augmentation, config.seed))

        return np.stack(list(self._pool.map(augmented, pictures, indices)))

    def val(self, indices: Indices) -> Any:
        """Return pictures as they are."""
        return self._val.read(indices)[0]


def picture_source(job: Job) -> Source:
    """Decode every picture of the training and validation sides once, and keep them on disk.

    Raises `TrainingError` where they do not fit.
    """
    dataset, config, folder = job.dataset, job.config, job.workspace.features
    size = config.spec.size
    stores = []
    for side, samples in (("train", dataset.train), ("val", dataset.val)):
        store = ArrayStore(
            folder=folder, name=f"{side}-pictures", shapes=((size, size, 3),), dtype=np.uint8
        )
        require_space(folder, (len(samples) - store.rows()) * store.row_bytes)
        with ThreadPoolExecutor(cpu_limit()) as pool:
            for start, chunk in _missing_chunks(store, samples, 1):
                pixels = list(pool.map(lambda s: s.load(config.spec), chunk))
                store.append([np.stack(pixels)])
                job.listener.progress(f"Decoding ({side})", start + len(chunk), len(samples))
        stores.append(store)
    return PictureSource(stores[0], stores[1], dataset.train, config)


def feature_source(job: Job, frozen: keras.Model) -> Source:
    """Run every view of every picture through the frozen trunk once, and keep what comes out.

    Goes on after the last finished chunk where a folder has some. Takes fewer views where the disk
    is too small for the recipe says.

    Raises `TrainingError` where not even one view fits.
    """
    dataset, config, folder = job.dataset, job.config, job.workspace.features
    shapes = tuple(tuple(output.shape[1:]) for output in frozen.outputs)
    train = ArrayStore(folder=folder, name="train", shapes=shapes, dtype=np.float16)
    val = ArrayStore(folder=folder, name="val", shapes=shapes, dtype=np.float16)
    views = _affordable_views(job, train, val)
    trunk = trunk_of(frozen, folder)
    _compute(val, dataset.val, trunk, _Views(config, 0), job.listener)
    _compute(train, dataset.train, trunk, _Views(config, views), job.listener)
    return FeatureSource(train, val, views)


class _Views:
    """What the trunk sees of a sample: augmented pictures, or the clean one."""

    def __init__(self, config: TrainingConfig, augmented: int) -> None:
        self.config, self.augmented = config, augmented
        self.count = max(1, augmented)

    def __call__(self, sample: Sample) -> RGB:
        """Return pictures of shape (count, size, size, 3)."""
        config = self.config
        pixels = sample.load(config.spec)
        if not self.augmented:
            return pixels[np.newaxis]
        numbers = range(self.count)
        return np.stack(
            [*augmented_views(pixels, sample, numbers, config.augmentation, config.seed)]
        )


def _compute(
    store: ArrayStore,
    samples: Sequence[Sample],
    trunk: Trunk,
    views: _Views,
    listener: Listener,
) -> None:
    """Fill a store. The next chunk is decoded and augmented while the trunk works on this one."""
    chunks = list(_missing_chunks(store, samples, views.count))
    side = "training" if views.augmented else "validation"
    total = len(samples) * views.count
    with ThreadPoolExecutor(cpu_limit()) as pool:
        try:
            ahead = [pool.submit(views, sample) for sample in chunks[0][1]] if chunks else []
            for number, (start, chunk) in enumerate(chunks):
                pictures = np.concatenate([future.result() for future in ahead])
                following = chunks[number + 1][1] if number + 1 < len(chunks) else []
                ahead = [pool.submit(views, sample) for sample in following]
                outputs = trunk(pictures)
                store.append([np.clip(o, -_LARGEST_HALF, _LARGEST_HALF) for o in outputs])
                done = (start + len(chunk)) * views.count
                listener.progress(f"Features ({side})", done, total)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _missing_chunks(
    store: ArrayStore, samples: Sequence[Sample], views: int
) -> list[tuple[int, Sequence[Sample]]]:
    """Return (position, samples) of the chunks that are not stored yet, dropping half-written rows.

    Chunks always begin at the same samples: a batch of the same pictures gives the same bits.
    """
    step = max(1, _CHUNK // views)
    done = store.rows() // views
    done = done if done == len(samples) else done // step * step
    store.truncate(done * views)
    return [(start, samples[start : start + step]) for start in range(done, len(samples), step)]


def _affordable_views(job: Job, train: ArrayStore, val: ArrayStore) -> int:
    """Return how many views fit on the disk, decided once, and say how much they take."""
    decided = train.folder / "views"
    if decided.exists():
        return int(decided.read_text())
    config, dataset, say = job.config, job.dataset, job.listener.say
    pictures, side = len(dataset.train), len(dataset.val) * val.row_bytes
    room = _free(train.folder) - _RESERVE
    views = min(config.augmented_views, (room - side) // (pictures * train.row_bytes))
    if views < 1:
        require_space(train.folder, side + pictures * train.row_bytes)
    decided.write_text(str(views))
    if views < config.augmented_views:
        say(
            f"The disk has room for {views} of {config.augmented_views} views of each picture: "
            f"training goes on with {views}."
        )
    size = (views * pictures * train.row_bytes + side) / 1e9
    say(
        f"Features of {views} views of {pictures} training pictures and of {len(dataset.val)} "
        f"validation pictures take {size:.2f} GB on disk while training runs."
    )
    return views


def require_space(folder: Path, needed: int) -> None:
    """Raise `TrainingError` where the disk has no room for so many bytes."""
    free = _free(folder)
    if needed > free - _RESERVE:
        raise TrainingError(
            f"{printable(folder)} needs {needed / 1e9:.1f} GB, but its disk has only "
            f"{free / 1e9:.1f} GB free (1 GB of it stays free). Make room, or put --output on "
            "another disk; `--views 0` keeps pictures in place of features and takes less."
        )


def _free(folder: Path) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    return shutil.disk_usage(folder).free
