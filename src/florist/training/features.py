"""What the frozen trunk makes of each picture: computed once, kept on disk.

Where nothing is frozen, or fresh views are wanted in every epoch, what is kept is the decoded
picture itself: a trunk that does nothing.
"""

import shutil
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

import keras
import numpy as np

from florist.dataset import SIDES, Sample
from florist.errors import TrainingError, printable
from florist.images import RGB, ImageSpec
from florist.progress import Listener
from florist.system import cpu_limit, write_atomically
from florist.training.augment import augmented_views
from florist.training.config import Augmentation
from florist.training.shards import SAMPLES, Arrays, Shards, shards_of, sweep
from florist.training.sources import FeatureSource, PictureSource
from florist.training.trunk import Trunk, trunk_of, weights_digest
from florist.training.workspace import Job

_RESERVE: Final = 2**30  # bytes that stay free on the disk, for the model and for everybody else
_STAGES: Final = ("training", "validation", "test")


@dataclass(frozen=True, kw_only=True)
class Views:
    """What the trunk sees of a picture: `augmented` views of it, or where that is 0 itself."""

    spec: ImageSpec
    augmentation: Augmentation
    seed: int
    augmented: int

    @property
    def count(self) -> int:
        """How many rows a picture has."""
        return max(1, self.augmented)

    @property
    def at_once(self) -> int:
        """How many pictures the trunk is given at a time: about 32 views, whole parts of a shard.

        On a GPU a batch of the same pictures gives the same bits, another one need not.
        """
        return 1 << (max(1, SAMPLES // self.count).bit_length() - 1)

    @property
    def made_by(self) -> dict[str, Any]:
        """All that the pixels depend on beside the picture."""
        clean = {"spec": asdict(self.spec)}
        return clean | (asdict(self) if self.augmented else {})

    def of(self, sample: Sample) -> RGB:
        """Return pictures of shape (count, size, size, 3)."""
        pixels = sample.load(self.spec)
        if not self.augmented:
            return pixels[np.newaxis]
        numbers = range(self.augmented)
        return np.stack([*augmented_views(pixels, sample, numbers, self.augmentation, self.seed)])


def features_of(
    samples: Sequence[Sample], views: Views, trunk: Trunk
) -> Generator[Arrays, None, None]:
    """Yield what the trunk makes of the samples' views, `views.at_once` samples at a time.

    A pure function of pictures, views and trunk: whole shards may be computed in any order, by any
    number of processes. The next pictures are decoded and augmented while the trunk works.
    """
    step = views.at_once
    chunks = [samples[start : start + step] for start in range(0, len(samples), step)]
    with ThreadPoolExecutor(cpu_limit()) as pool:
        try:
            ahead = [pool.submit(views.of, sample) for sample in chunks[0]] if chunks else []
            for number in range(len(chunks)):
                pictures = np.concatenate([future.result() for future in ahead])
                following = chunks[number + 1] if number + 1 < len(chunks) else []
                ahead = [pool.submit(views.of, sample) for sample in following]
                yield trunk(pictures)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def picture_source(job: Job) -> PictureSource:
    """Decode every picture once, and keep them on disk.

    Raises `TrainingError` where they do not fit.
    """
    dataset, config, folder = job.dataset, job.config, job.workspace.features
    clean = _views(job, 0)
    size = config.spec.size
    row = np.dtype([("pixels", np.uint8, (size, size, 3))])
    sides = [
        shards_of(dataset.side(side), folder, made_by=clean.made_by, rows=1, row=row)
        for side in SIDES
    ]
    _require_space(folder, len(dataset.samples) * row.itemsize)
    sweep(folder, sides)
    for name, shards in zip(_STAGES, sides, strict=True):
        _fill(shards, clean, lambda pictures: [pictures], f"Decoding ({name})", job.listener)
    train, val, test = sides
    return PictureSource(train, val, test, config)


def feature_source(job: Job, frozen: keras.Model) -> FeatureSource:
    """Run every view of every picture through the frozen trunk once, and keep what comes out.

    What a folder has already is taken from there. Takes fewer views than the recipe says where the
    disk is too small.

    Raises `TrainingError` where not even one view fits.
    """
    dataset, config, folder = job.dataset, job.config, job.workspace.features
    row = np.dtype(
        [(str(n), np.float16, tuple(out.shape[1:])) for n, out in enumerate(frozen.outputs)]
    )
    views, clean = _views(job, _affordable_views(job, row.itemsize)), _views(job, 0)
    trunk = {
        "backbone": config.backbone,
        "unfreeze": config.trained_layers,
        "weights": weights_digest(frozen),
    }
    seen = (views, clean, clean)
    sides = [
        shards_of(
            dataset.side(side), folder, made_by=each.made_by | trunk, rows=each.count, row=row
        )
        for side, each in zip(SIDES, seen, strict=True)
    ]
    sweep(folder, sides)
    compute = trunk_of(frozen, job.workspace.trunk)
    for name, shards, each in zip(_STAGES, sides, seen, strict=True):
        _fill(shards, each, compute, f"Features ({name})", job.listener)
    train, val, test = sides
    return FeatureSource(train, val, test, config)


def _views(job: Job, augmented: int) -> Views:
    config = job.config
    return Views(
        spec=config.spec,
        augmentation=config.augmentation,
        seed=config.seed,
        augmented=augmented,
    )


def _fill(shards: Shards, views: Views, trunk: Trunk, stage: str, listener: Listener) -> None:
    """Compute and write the shards that are not there."""
    missing = shards.missing()
    samples = [sample for number in missing for sample in shards.part(number)]
    done = shards.row_count - len(samples) * shards.rows

    with closing(features_of(samples, views, trunk)) as computed:

        def heard() -> Iterator[Arrays]:
            nonlocal done
            for block in computed:
                done += len(block[0])
                listener.progress(stage, done, shards.row_count)
                yield block

        blocks = heard()
        for number in missing:
            steps = -(-len(shards.part(number)) // views.at_once)
            shards.write(number, islice(blocks, steps))


def _affordable_views(job: Job, row_bytes: int) -> int:
    """Return how many views fit on the disk, decided once, and say how much they take."""
    decided = job.workspace.views
    if decided.exists():
        return int(decided.read_text())
    config, dataset, say = job.config, job.dataset, job.listener.say
    folder, pictures = job.workspace.features, len(dataset.train)
    others = len(dataset.samples) - pictures
    views = min(config.augmented_views, (_room(folder) // row_bytes - others) // pictures)
    if views < 1:
        _require_space(folder, (others + pictures) * row_bytes)
    write_atomically(decided, str(views))
    if views < config.augmented_views:
        say(
            f"The disk has room for {views} of {config.augmented_views} views of each picture: "
            f"training goes on with {views}."
        )
    say(
        f"Features of {views} views of {pictures} training pictures and of {others} others take "
        f"{(views * pictures + others) * row_bytes / 1e9:.2f} GB on disk while training runs."
    )
    return views


def _require_space(folder: Path, needed: int) -> None:
    """Raise `TrainingError` where the disk has no room for so many bytes."""
    room = _room(folder)
    if needed > room:
        raise TrainingError(
            f"{printable(folder)} needs {needed / 1e9:.1f} GB, but its disk has only "
            f"{(room + _RESERVE) / 1e9:.1f} GB free (1 GB of it stays free). Make room, or put "
            "--output on another disk; `--views 0` keeps pictures in place of features and takes "
            "less."
        )


def _room(folder: Path) -> int:
    """Return how many bytes may lie in a folder: what is there is taken, or makes place."""
    folder.mkdir(parents=True, exist_ok=True)
    there = sum(path.stat().st_size for path in folder.iterdir())
    return there + shutil.disk_usage(folder).free - _RESERVE
