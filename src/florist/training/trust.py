"""What a model needs to tell that a picture shows none of its classes: `trust.npz`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from florist.bundle import TRUST, Precision
from florist.confidence.familiarity import ENOUGH, Embeddings, familiarity_of
from florist.confidence.file import to_bytes
from florist.dataset import Sample
from florist.engine import EARLY_EMBEDDING, EMBEDDING, Outputs
from florist.training.exported import answers_of
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


def write_trust(job: Job, val: Mapping[Precision, Outputs]) -> Trust:
    """Write the file beside the exported networks, from what each says of validation pictures."""
    pictures, none = len(job.dataset.val), job.config.none
    if pictures < ENOUGH:
        return Trust(
            none=None,
            pictures=pictures,
            reason=f"It answers with one of its {len(job.dataset.classes)} classes whatever it is "
            f"shown: {pictures} validation pictures cannot show what is none of them, it takes "
            f"{ENOUGH}.",
        )
    samples = bank_samples(job.dataset.train, len(job.dataset.classes))
    trained = answers_of(job, "float32", samples, "Embedding training pictures")
    others: dict[str, Embeddings] = {name: _embeddings(answers) for name, answers in val.items()}
    content = to_bytes(familiarity_of(_embeddings(trained), others), none)
    (job.workspace.exported / TRUST).write_bytes(content)
    return Trust(
        none=none,
        pictures=pictures,
        reason=f"It takes a picture for none of its classes where it looks stranger than all but "
        f"{none:.1%} of {pictures} validation pictures do. Some foreign pictures get an answer all "
        "the same, and most that show something much like one of its classes.",
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
