"""What was measured: the figures of `report.json`, checked when they are read back."""

import json
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, TypeVar

from florist import checks
from florist.bundle import REPORT, Bundle
from florist.confidence.reliability import Reliability
from florist.confidence.verdict import Verdicts
from florist.errors import BundleError, printable

Checked = TypeVar("Checked")

LARGEST_MATRIX: Final = 30
"""Of so many classes people still read a table of what was taken for what."""
CHOICES: Final = 3
"""Among how many most probable classes the right one is looked for, where there are more."""


@dataclass(frozen=True)
class ClassScores:
    """One class' figures, None where they say nothing.

    A class without pictures has none; one that was never predicted has no precision.
    """

    label: str
    precision: float | None
    recall: float | None
    f1: float | None
    support: int

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> "ClassScores":
        """Check what JSON held; what schema 1 called 0 of an absent class is None."""
        support = checks.count(raw["support"])
        precision, recall, f1 = (
            _or_none(checks.share, raw[name]) if support else None
            for name in ("precision", "recall", "f1")
        )
        return cls(checks.text(raw["label"]), precision, recall, f1, support)


@dataclass(frozen=True)
class Confusion:
    """How many pictures of one class were taken for another."""

    label: str
    predicted: str
    count: int


@dataclass(frozen=True)
class Mistake:
    """A picture that the model got wrong, with the probability it gave its wrong answer."""

    name: str
    label: str
    predicted: str
    score: float


@dataclass(frozen=True, kw_only=True)
class Report:
    """What was measured on `pictures` pictures.

    `interval` is the 95 % interval of the accuracy, `top3` None with three classes or fewer.
    `confusions` come most frequent first, `mistakes` most confident first. `reliability`
    and `verdicts` are None where an older florist has measured.
    """

    pictures: int
    accuracy: float
    interval: tuple[float, float]
    top3: float | None
    macro_f1: float
    calibration_error: float
    classes: tuple[ClassScores, ...]
    confusions: tuple[Confusion, ...]
    mistakes: tuple[Mistake, ...]
    reliability: Reliability | None = None
    verdicts: Verdicts | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the classes, in order."""
        return tuple(scores.label for scores in self.classes)

    @property
    def largest(self) -> ClassScores:
        """The class with the most pictures."""
        return max(self.classes, key=lambda scores: scores.support)

    @property
    def guessing(self) -> float:
        """The accuracy of an answer that is always the largest class."""
        return self.largest.support / self.pictures

    @property
    def beats_guessing(self) -> bool:
        """Whether the whole interval lies above what guessing gives."""
        return self.interval[0] > self.guessing

    @property
    def calibration(self) -> str:
        """The calibration error, beside what luck alone makes of it."""
        said = f"calibration error {self.calibration_error:.3f}"
        if self.reliability is None:
            return said
        return f"{said} (with perfect scores it would be {self.reliability.floor:.3f})"

    @property
    def compared_with_guessing(self) -> str:
        """A sentence on what the accuracy is worth."""
        said = f"Always answering {self.largest.label} would be right on {self.guessing:.1%}"
        if self.beats_guessing:
            return f"{said}."
        if self.interval[1] < self.guessing:
            return f"{said}: the model does worse than that."
        return f"{said}, which the interval includes: no better than guessing, as far as shown."

    def weakest_first(self) -> list[ClassScores]:
        """Return the classes, those without pictures last."""
        return sorted(self.classes, key=lambda s: (s.f1 is None, s.f1 or 0.0, s.label))

    def matrix(self) -> list[list[int]]:
        """Return how many pictures of each class (rows) were taken for each class (columns)."""
        index = {label: place for place, label in enumerate(self.labels)}
        counts = [[0] * len(index) for _ in index]
        for place, scores in enumerate(self.classes):
            counts[place][place] = scores.support
        for each in self.confusions:
            actual = index[each.label]
            counts[actual][index[each.predicted]] = each.count
            counts[actual][actual] -= each.count
        return counts

    def to_dict(self) -> dict[str, Any]:
        """Return the report as what JSON can hold."""
        return asdict(self) | {"guessing": self.guessing}

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> "Report":
        """Check what JSON held, of any schema.

        Raises one of `checks.NOT_AS_EXPECTED`.
        """
        classes = tuple(ClassScores.from_dict(each) for each in raw["classes"])
        labels = [scores.label for scores in classes]
        low, high = (checks.share(each) for each in raw["interval"])
        report = cls(
            pictures=checks.count(raw["pictures"], 1),
            accuracy=checks.share(raw["accuracy"]),
            interval=(low, high),
            top3=_or_none(checks.share, raw["top3"]) if len(classes) > CHOICES else None,
            macro_f1=checks.share(raw["macro_f1"]),
            calibration_error=checks.share(raw["calibration_error"]),
            classes=classes,
            confusions=_confusions(raw, labels),
            mistakes=tuple(_mistake(each, labels) for each in raw["mistakes"]),
            reliability=_or_none(Reliability.from_dict, raw.get("reliability")),
            verdicts=_or_none(Verdicts.from_dict, raw.get("verdicts")),
        )
        _require_consistent(report)
        return report


def read_report(bundle: Bundle) -> Report:
    """Return what was measured when a model was made.

    Raises `BundleError` where the model folder has no report, or one that cannot be used.
    """
    where = printable(bundle.path / REPORT)
    if REPORT not in bundle.manifest.files:
        raise BundleError(f"{where} is not there. Measure the model with `florist evaluate`.")
    try:
        report = Report.from_dict(json.loads(bundle.read(REPORT)))
        if report.labels != bundle.manifest.classes:
            raise ValueError("it is about other classes")
    except checks.NOT_AS_EXPECTED as error:
        raise BundleError(f"{where} cannot be used: {error!r}.") from error
    return report


def figure(share: float | None) -> str:
    """Write a share with three digits; one that is not known is a dash."""
    return "–" if share is None else f"{share:.3f}"


def most_frequent_first(counts: Mapping[tuple[str, str], int]) -> tuple[Confusion, ...]:
    """Return (label, predicted) and how often as confusions."""
    found = [Confusion(label, predicted, n) for (label, predicted), n in counts.items()]
    return tuple(sorted(found, key=lambda each: (-each.count, each.label, each.predicted)))


def _confusions(raw: Mapping[str, Any], labels: Sequence[str]) -> tuple[Confusion, ...]:
    """Read pairs; or the matrix that schema 1 had, with as many rows and columns as classes."""
    if "confusions" in raw:
        counts = {
            (each["label"], each["predicted"]): checks.count(each["count"], 1)
            for each in raw["confusions"]
        }
        if len(counts) < len(raw["confusions"]):
            raise ValueError("a pair stands there twice")
    else:
        counts = {
            (label, predicted): checks.count(n)
            for label, row in zip(labels, raw["confusion"], strict=True)
            for predicted, n in zip(labels, row, strict=True)
            if label != predicted and n
        }
    if not {label for pair in counts for label in pair} <= {*labels}:
        raise ValueError("a confusion is about other classes")
    return most_frequent_first(counts)


def _mistake(raw: Mapping[str, Any], labels: Sequence[str]) -> Mistake:
    if not {raw["label"], raw["predicted"]} <= {*labels}:
        raise ValueError("a mistake is about other classes")
    name, score = checks.text(raw["name"]), checks.share(raw["score"])
    return Mistake(name, raw["label"], raw["predicted"], score)


def _require_consistent(report: Report) -> None:
    """Raise `ValueError` where figures contradict each other."""
    wrong: Counter[str] = Counter()
    for each in report.confusions:
        wrong[each.label] += each.count
    right = 1 - sum(wrong.values()) / report.pictures
    low, high = report.interval
    for what, holds in {
        "classes": len({*report.labels}) == len(report.classes) >= 2,
        "support": sum(scores.support for scores in report.classes) == report.pictures,
        "confusions": all(wrong[s.label] <= s.support for s in report.classes)
        and all(each.label != each.predicted for each in report.confusions),
        "accuracy": math.isclose(right, report.accuracy, abs_tol=1e-3),
        "reliability": report.reliability is None
        or sum(each.pictures for each in report.reliability.bins) == report.pictures,
        "verdicts": (found := report.verdicts) is None
        or found.right <= found.answer <= report.pictures == found.pictures,
        "interval": low - 1e-3 <= report.accuracy <= high + 1e-3,
    }.items():
        if not holds:
            raise ValueError(f"its {what} cannot be")


def _or_none(check: Callable[[Any], Checked], value: Any) -> Checked | None:
    return None if value is None else check(value)
