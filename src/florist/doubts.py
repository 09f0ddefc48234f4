"""Labels that are worth a look, as training and `florist check` find them: `doubts.csv`."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from florist.confidence.bank import Floats
from florist.confidence.doubts import doubts, second_opinions
from florist.dataset import Sample
from florist.spreadsheet import defused

COLUMNS: Final = ("file", "label", "looks_like", "sure", "move_to")
SHOWN: Final = 20
"""How many a person is shown at once."""

_SKILL: Final = 0.5
"""What share of guessing's mistakes the pictures have to avoid when they tell of each other."""


@dataclass(frozen=True)
class Doubt:
    """A picture that looks more like another class than like its own.

    `sure` is how much more the other pictures speak for that class, 0 to 1; it is no probability.
    """

    name: str
    label: str
    looks_like: str
    sure: float


@dataclass(frozen=True, kw_only=True)
class Doubts:
    """The doubtful labels of `pictures` pictures, the surest first, and a sentence on them.

    `agreement` is the share of pictures of which the others tell the label that they have. Where it
    is hardly better than guessing, nothing is doubted.
    """

    pictures: int
    agreement: float
    found: tuple[Doubt, ...]
    reason: str

    def to_dict(self) -> dict[str, Any]:
        """Return what `report.json` says; the doubts have a file of their own."""
        return {
            "pictures": self.pictures,
            "agreement": self.agreement,
            "found": len(self.found),
            "reason": self.reason,
        }


def find_doubts(samples: Sequence[Sample], classes: Sequence[str], embeddings: Floats) -> Doubts:
    """Compare labels with what embeddings (samples, channels) of an untrained network say."""
    labels = np.array([sample.label for sample in samples], np.int64)
    opinions = second_opinions(embeddings, labels, len(classes))
    agreement = float((opinions.argmax(axis=1) == labels).mean())
    guessing = np.bincount(labels).max() / len(labels)
    if agreement < guessing + _SKILL * (1 - guessing):
        reason = (
            f"No label was looked into: before training, the network puts {agreement:.0%} of the "
            f"{len(labels)} pictures with their class, which is too few to doubt the others."
        )
        return Doubts(pictures=len(labels), agreement=agreement, found=(), reason=reason)
    looks_like, sure = doubts(opinions, labels)
    order = np.lexsort((np.arange(len(labels)), -sure))
    found = tuple(
        Doubt(samples[i].name, classes[labels[i]], classes[looks_like[i]], float(sure[i]))
        for i in order[: np.count_nonzero(sure > 0)]
    )
    reason = (
        f"{len(found)} of {len(labels)} pictures look more like another class than like their own "
        "to the network before training. The first of doubts.csv are worth a look."
    )
    return Doubts(pictures=len(labels), agreement=agreement, found=found, reason=reason)


def write_doubts(found: Sequence[Doubt], path: Path) -> None:
    """Write a row for each doubt. `move_to` is for whoever looks: empty means that all is well."""
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(COLUMNS)
        for each in found:
            names = map(defused, (each.name, each.label, each.looks_like))
            rows.writerow([*names, f"{each.sure:.3f}", ""])
