"""How good a model is, measured through the model that is served. NumPy only.

Terms: Sokolova & Lapalme, "A systematic analysis of performance measures for classification tasks"
(2009); the interval is Wilson's (1927).
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from florist.bundle import SPLIT, Bundle
from florist.confidence.reliability import reliability
from florist.confidence.verdict import Verdict, count_verdicts
from florist.dataset import Dataset, Sample, Side, read_split
from florist.engine import Probabilities
from florist.errors import BundleError, DatasetError, printable
from florist.prediction import Predictor
from florist.progress import Progress, silent
from florist.report import CHOICES, ClassScores, Confusion, Mistake, Report, most_frequent_first

_MISTAKES: Final = 20


def evaluate(
    predictor: Predictor, samples: Sequence[Sample], *, progress: Progress = silent
) -> Report:
    """Predict every sample and compare with its label.

    Sample labels are indices into `predictor.classes`.

    Raises `DatasetError` where a picture cannot be read any more.
    """
    probabilities, judged = predict_all(predictor, samples, progress=progress)
    return measure(probabilities, samples, predictor.classes, judged)


def relabelled(dataset: Dataset, classes: Sequence[str]) -> list[Sample]:
    """Return a data set's samples with the model's labels.

    Raises `DatasetError` where a folder is no class of the model, or there is no picture at all.
    """
    unknown = [name for name in dataset.classes if name not in classes]
    if unknown:
        raise DatasetError(
            f"{printable(dataset.root)} has folders that are no classes of the model: "
            f"{', '.join(unknown)}. The model knows: {', '.join(classes)}."
        )
    if not dataset.samples:
        raise DatasetError(f"{printable(dataset.root)} has no usable picture to measure on.")
    labels = [classes.index(name) for name in dataset.classes]
    return [replace(sample, label=labels[sample.label]) for sample in dataset.samples]


def unseen(samples: Sequence[Sample], bundle: Bundle) -> list[Sample]:
    """Return the samples whose files had no part in making the model, as its split lists them.

    Raises `DatasetError` where none is left, `BundleError` where the split cannot be read.
    """
    sides = sides_of(bundle)
    seen = {digest for digest, side in sides.items() if side != "test"}
    fresh = [sample for sample in samples if sample.sha256 not in seen]
    if not fresh:
        raise DatasetError(
            "The model was made with every one of these pictures, so they cannot measure it. Give "
            "others, or see how well it remembers them with --include-seen."
        )
    return fresh


def sides_of(bundle: Bundle) -> dict[str, Side]:
    """Return the side of each picture that a model was made with, by SHA-256, as its split says.

    Raises `BundleError` where the split cannot be read.
    """
    if SPLIT not in bundle.manifest.files:  # a model folder that somebody else's program made
        return {}
    try:
        return read_split(bundle.read(SPLIT))
    except DatasetError as error:
        raise BundleError(
            f"{printable(bundle.path / SPLIT)} is not what training writes, {error}. Copy the "
            "folder again from where it was trained, or train it again."
        ) from error


class Judged(NamedTuple):
    """What is made of a picture's answer, and how familiar it looks where that is known."""

    verdict: Verdict
    familiarity: float | None


def predict_all(
    predictor: Predictor, samples: Sequence[Sample], *, progress: Progress = silent
) -> tuple[Probabilities, list[Judged]]:
    """Return the probabilities of every sample, shape (samples, classes), and what to make of them.

    Raises `DatasetError` where a picture cannot be read any more.
    """
    found, judged = np.empty((len(samples), len(predictor.classes)), np.float32), []
    results = predictor.predict_many((sample.path for sample in samples), top=1)
    for index, (sample, result) in enumerate(zip(samples, results, strict=True)):
        if result.error is not None:
            raise sample.changed(result.error.detail)
        found[index] = result.probabilities
        judged.append(Judged(result.verdict, result.familiarity))
        progress("Predicting", index + 1, len(samples))
    return found, judged


def measure(
    probabilities: Probabilities,
    samples: Sequence[Sample],
    classes: Sequence[str],
    judged: Sequence[Judged] | None = None,
) -> Report:
    """Turn probabilities of shape (samples, classes), and verdicts, into a `Report`."""
    labels = np.array([sample.label for sample in samples], np.int64)
    predicted = probabilities.argmax(axis=1)
    verdicts = None if judged is None else [each.verdict for each in judged]
    # The rank of the true class: how many classes are thought more probable.
    of_label = probabilities[np.arange(len(labels)), labels]
    rank = (probabilities > of_label[:, None]).sum(axis=1)
    confusion = np.zeros((len(classes), len(classes)), np.int64)
    np.add.at(confusion, (labels, predicted), 1)
    scores = tuple(_class_scores(confusion, index, name) for index, name in enumerate(classes))
    correct = predicted == labels
    reliable = reliability(probabilities.max(axis=1), correct)
    return Report(
        pictures=len(labels),
        accuracy=float(correct.mean()),
        interval=wilson_interval(int(correct.sum()), len(labels)),
        top3=float((rank < CHOICES).mean()) if len(classes) > CHOICES else None,
        macro_f1=float(np.mean([s.f1 for s in scores if s.f1 is not None])),
        calibration_error=reliable.error,
        reliability=reliable,
        verdicts=None if verdicts is None else count_verdicts(verdicts, correct),
        classes=scores,
        confusions=_confusions(confusion, classes),
        mistakes=_mistakes(probabilities, samples, classes),
    )


def _class_scores(confusion: NDArray[np.int64], index: int, name: str) -> ClassScores:
    hits, support = int(confusion[index, index]), int(confusion[index].sum())
    predicted = int(confusion[:, index].sum())
    return ClassScores(
        label=name,
        precision=hits / predicted if predicted and support else None,
        recall=hits / support if support else None,
        f1=2 * hits / (predicted + support) if support else None,
        support=support,
    )


def _confusions(confusion: NDArray[np.int64], classes: Sequence[str]) -> tuple[Confusion, ...]:
    pairs = zip(*map(np.ndarray.tolist, np.nonzero(confusion)), strict=True)
    return most_frequent_first(
        {(classes[i], classes[j]): int(confusion[i, j]) for i, j in pairs if i != j}
    )


def wilson_interval(hits: int, total: int) -> tuple[float, float]:
    """Return Wilson's score interval at 95 %: unlike p ± 1.96 σ it is sensible near 0 and 1."""
    z = 1.959964
    centre = (hits + z * z / 2) / (total + z * z)
    half = z / (total + z * z) * math.sqrt(hits * (total - hits) / total + z * z / 4)
    return max(0.0, centre - half), min(1.0, centre + half)


def _mistakes(
    probabilities: Probabilities, samples: Sequence[Sample], classes: Sequence[str]
) -> tuple[Mistake, ...]:
    predicted, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    wrong = [i for i, sample in enumerate(samples) if predicted[i] != sample.label]
    wrong.sort(key=lambda i: (-confidence[i], samples[i].name))
    return tuple(
        Mistake(
            name=samples[i].name,
            label=classes[samples[i].label],
            predicted=classes[predicted[i]],
            score=float(confidence[i]),
        )
        for i in wrong[:_MISTAKES]
    )
