"""What a model needs to tell that a picture shows none of its classes: `trust.npz`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from florist.bundle import TRUST, Precision
from florist.confidence.bank import bank_of
from florist.confidence.familiarity import ENOUGH, Embeddings, Familiarity, familiarity_of
from florist.confidence.file import to_bytes
from florist.confidence.refusal import Validated
from florist.confidence.verdict import Judge
from florist.dataset import Sample
from florist.engine import EARLY_EMBEDDING, EMBEDDING, PROBABILITIES, Outputs
from florist.training.exported import answers_of
from florist.training.promise import Promise, promise_of
from florist.training.workspace import Job

_BANK: Final = 1000
"""Training pictures that are kept, of all classes alike: twice as many tell hardly more."""
_NAMES: Final = (EMBEDDING, EARLY_EMBEDDING)


@dataclass(frozen=True, kw_only=True)
class Trust:
    """Whether a model says "none of these", and what that is worth, as a sentence.

    `none` is the share of the `pictures` validation pictures that it may say it of, None where it
    never does.
    """

    none: float | None
    reason: str
    pictures: int


def write_trust(
    job: Job, val: Mapping[Precision, Outputs], precision: Precision
) -> tuple[Trust, Promise | None]:
    """Write the file beside the exported networks, from what each says of validation pictures.

    `precision` is the one that answers by default. With too few pictures there is no promise, and
    the file has only what similar pictures are found in, where copies of them are kept.
    """
    pictures, config = len(job.dataset.val), job.config
    enough = pictures >= ENOUGH
    if not enough and not config.pictures:
        return _without(pictures, len(job.dataset.classes)), None
    samples = bank_samples(job.dataset.train, len(job.dataset.classes))
    trained = answers_of(job, "float32", samples, "Embedding training pictures")
    if not enough:
        bank = {EMBEDDING: bank_of(trained[EMBEDDING])}
        _write(job, Judge(familiarity=Familiarity(banks=bank)))
        return _without(pictures, len(job.dataset.classes)), None
    others: dict[str, Embeddings] = {name: _embeddings(answers) for name, answers in val.items()}
    known = familiarity_of(_embeddings(trained), others)
    labels = np.array([sample.label for sample in job.dataset.val])
    judge = Judge(
        familiarity=known,
        validated={name: _validated(known, name, val[name], labels) for name in val},
        precision=precision,
        none=config.none,
        max_error=config.max_error,
    )
    _write(job, judge)
    return trust_of(config.none, pictures), promise_of(judge)


def _write(job: Job, judge: Judge) -> None:
    (job.workspace.exported / TRUST).write_bytes(to_bytes(judge))


def _without(pictures: int, classes: int) -> Trust:
    return Trust(
        none=None,
        pictures=pictures,
        reason=f"It answers with one of its {classes} classes whatever it is shown: {pictures} "
        f"validation pictures cannot show what is none of them, it takes {ENOUGH}.",
    )


def trust_of(none: float, pictures: int) -> Trust:
    """Return what is said of a level that enough pictures validate."""
    if not none:
        reason = (
            "It answers with one of its classes whatever it is shown, as it was trained with "
            "`--none 0`. Another level can be asked for when it predicts."
        )
        return Trust(none=None, pictures=pictures, reason=reason)
    return Trust(
        none=none,
        pictures=pictures,
        reason=f"It takes a picture for none of its classes where it looks stranger than all but "
        f"{none:.1%} of {pictures} validation pictures do. Some foreign pictures get an answer all "
        "the same, and most that show something much like one of its classes.",
    )


def _validated(
    known: Familiarity, precision: Precision, answers: Outputs, labels: NDArray[np.int64]
) -> Validated:
    probabilities = answers[PROBABILITIES]
    return Validated(
        best=probabilities.max(axis=1),
        truth=probabilities[np.arange(len(labels)), labels],
        familiarity=known.p_values(_embeddings(answers), precision).astype(np.float32),
    )


def bank_samples(samples: Sequence[Sample], classes: int) -> list[Sample]:
    """Return samples of all classes alike, whichever have the smallest digests."""
    left = [max(1, _BANK // classes)] * classes
    chosen = []
    for sample in sorted(samples, key=lambda each: each.sha256):
        if left[sample.label]:
            left[sample.label] -= 1
            chosen.append(sample)
    return chosen


def _embeddings(answers: Outputs) -> Embeddings:
    return {name: answers[name] for name in _NAMES}
