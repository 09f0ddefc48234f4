"""The trained network as ONNX in 32 and in 8 bits, and the proof of how each answers."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import keras
import numpy as np

from florist.bundle import NETWORKS, Precision
from florist.dataset import Sample
from florist.engine import FEATURE_MAP, PROBABILITIES, Outputs, Probabilities
from florist.errors import TrainingError
from florist.images import ImageSpec
from florist.progress import Progress
from florist.training.backend import all_of_32_bits
from florist.training.exported import answers_of
from florist.training.onnx_export import export_onnx
from florist.training.promise import Promise
from florist.training.quantize import (
    ENOUGH,
    SPARED,
    PrecisionChoice,
    calibration_samples,
    choose_precision,
    quantize,
    without_int8,
)
from florist.training.trust import Trust, write_trust
from florist.training.workspace import Job

TOLERANCE: Final = 1e-3
"""The largest difference of a probability that export may make."""

_COMPARED: Final = 64
"""How many pictures it is looked for on: what exporting breaks, it breaks for all of them."""

_BATCH: Final = 4
"""Few: TensorFlow keeps the memory of what lies between, and 32 took 150 MiB more."""


@dataclass(frozen=True)
class Parity:
    """How the exported network compares with the Keras one on `pictures` pictures."""

    pictures: int
    largest_difference: float


@dataclass(frozen=True)
class Networks:
    """A folder with a file for each precision, how they compare, and what they may be asked."""

    folder: Path
    parity: Parity
    choice: PrecisionChoice
    trust: Trust
    promise: Promise | None


def export_networks(model: keras.Model, job: Job) -> Networks:
    """Write the network in 32 and in 8 bits, and choose the one that answers.

    Raises `TrainingError` where the exported network disagrees with the trained one.
    """
    dataset, config, listener = job.dataset, job.config, job.listener
    folder = job.workspace.exported
    if folder.exists():  # a training was killed in here
        shutil.rmtree(folder)
    folder.mkdir()
    listener.say("Exporting the model.")
    export_onnx(model, folder / NETWORKS["float32"], inner=[FEATURE_MAP])
    answers: dict[Precision, Outputs] = {"float32": _predict(job, "float32")}
    some = slice(None, None, max(1, len(dataset.val) // _COMPARED))  # sorted by class, so of all
    before = answers["float32"][PROBABILITIES][some]
    parity = require_parity(model, before, dataset.val[some], config.spec, listener.progress)
    listener.say("Writing it in 8 bits, too.")
    choice = _in_8_bits(job, answers)
    listener.say(choice.reason)
    trust, promise = write_trust(job, answers, choice.precision)
    for each in (trust, promise):
        if each is not None:
            listener.say(each.reason)
    return Networks(folder, parity, choice, trust, promise)


def _in_8_bits(job: Job, answers: dict[Precision, Outputs]) -> PrecisionChoice:
    """Write the network in 8 bits, and compare what it says with the `answers` in 32 bits.

    What it says is added to them.

    An error here leaves a training that has ended well with its network in 32 bits. A disk that is
    full is told as one.
    """
    dataset, folder = job.dataset, job.workspace.exported
    labels = [sample.label for sample in dataset.val]
    pictures = [sample.load(job.config.spec) for sample in calibration_samples(dataset.train)]
    target, before = folder / NETWORKS["int8"], answers["float32"][PROBABILITIES]
    for spared in SPARED:
        try:
            quantize(folder / NETWORKS["float32"], target, pictures, spared)
            answers["int8"] = _predict(job, "int8")
            choice = choose_precision(before, answers["int8"][PROBABILITIES], labels)
        except OSError:
            raise
        except Exception as error:  # what quantizing raises is nowhere listed
            target.unlink(missing_ok=True)
            answers.pop("int8", None)
            return without_int8(before, labels, error)
        if choice.precision == "int8" or len(labels) < ENOUGH:
            break
    return choice


def _predict(job: Job, precision: Precision) -> Outputs:
    """Return what a network says of the validation pictures."""
    return answers_of(job, precision, job.dataset.val, f"Predicting ({precision})")


def require_parity(
    model: keras.Model,
    found: Probabilities,
    samples: Sequence[Sample],
    spec: ImageSpec,
    progress: Progress,
) -> Parity:
    """Compare what the exported network `found`, shape (samples, classes), with what Keras says.

    Raises `TrainingError` where a picture gets another best class from it, or a probability differs
    by more than `TOLERANCE`.
    """
    largest = 0.0
    for start in range(0, len(samples), _BATCH):
        chunk = samples[start : start + _BATCH]
        pictures = np.stack([sample.load(spec) for sample in chunk])
        with all_of_32_bits():
            expected = np.asarray(model.predict_on_batch(pictures)[PROBABILITIES])
        there = found[start : start + _BATCH]
        largest = max(largest, float(np.abs(expected - there).max()))
        differing = np.nonzero(expected.argmax(axis=1) != there.argmax(axis=1))[0]
        if len(differing) or largest > TOLERANCE:
            name = chunk[int(differing[0]) if len(differing) else 0].name
            raise TrainingError(
                f"The exported model disagrees with the trained one (by {largest:.1e}, near "
                f"{name}), so it was not written. Please report this with the versions that "
                "`pip freeze` prints."
            )
        progress("Comparing the exported model", start + len(chunk), len(samples))
    return Parity(pictures=len(samples), largest_difference=largest)
