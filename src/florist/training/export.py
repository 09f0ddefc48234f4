"""The trained network as ONNX, and the proof that it answers as it did in training."""

import gc
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import keras
import numpy as np

from florist.dataset import Sample
from florist.engine import Engine
from florist.errors import TrainingError
from florist.images import ImageSpec
from florist.progress import Progress

OPSET: Final = 18
TOLERANCE: Final = 1e-3
"""The largest difference of a probability that export may make."""

_BATCH: Final = 32


@dataclass(frozen=True)
class Parity:
    """How the exported network compares with the Keras one on `pictures` pictures."""

    pictures: int
    largest_difference: float


def export_onnx(model: keras.Model, path: Path) -> None:
    """Write a model that takes uint8 pictures (N, size, size, 3), with N free, as ONNX."""
    signature = [keras.InputSpec(shape=(None, *model.input_shape[1:]), dtype="uint8")]
    with warnings.catch_warnings(), _frequent_collection():
        # Keras mends tf2onnx for NumPy 2, and trips over a warning of NumPy's while at it.
        warnings.filterwarnings("ignore", category=FutureWarning)
        model.export(
            path, format="onnx", verbose=False, input_signature=signature, opset_version=OPSET
        )


@contextmanager
def _frequent_collection() -> Iterator[None]:
    """Collect garbage often, of what is made in here.

    Each pass of tf2onnx copies the graph with its weights, and leaves the copies to the collector.
    Those are few objects, so it would come late: after 6 GB for the 88 MB of InceptionV3.
    """
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()  # what is there already stays, and need not be looked at each time
    gc.set_threshold(500, 1, 1)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
        gc.collect()


def require_parity(
    model: keras.Model,
    engine: Engine,
    samples: Sequence[Sample],
    spec: ImageSpec,
    progress: Progress,
) -> Parity:
    """Compare both networks on real pictures, which must get the same best class from each.

    Raises `TrainingError` where one does not, or a probability differs by more than `TOLERANCE`.
    """
    largest = 0.0
    for start in range(0, len(samples), _BATCH):
        chunk = samples[start : start + _BATCH]
        pictures = np.stack([sample.load(spec) for sample in chunk])
        expected = np.asarray(model.predict_on_batch(pictures))
        found = np.concatenate([engine(picture[np.newaxis]) for picture in pictures])
        largest = max(largest, float(np.abs(expected - found).max()))
        differing = np.nonzero(expected.argmax(axis=1) != found.argmax(axis=1))[0]
        if len(differing) or largest > TOLERANCE:
            name = chunk[int(differing[0]) if len(differing) else 0].name
            raise TrainingError(
                f"The exported model disagrees with the trained one (by {largest:.1e}, near "
                f"{name}), so it was not written. Please report this with the versions that "
                "`pip freeze` prints."
            )
        progress("Comparing the exported model", start + len(chunk), len(samples))
    return Parity(pictures=len(samples), largest_difference=largest)
