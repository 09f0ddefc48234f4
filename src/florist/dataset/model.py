"""What a data set is: classes, samples on three sides, and what is wrong with it."""

import hashlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, get_args

from florist.errors import DatasetError, ImageError, printable
from florist.images import DEFAULT_LIMITS, RGB, ImageSpec, Limits, load_rgb

Side = Literal["train", "val", "test"]
SIDES: Final[tuple[Side, ...]] = get_args(Side)

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One usable picture.

    `name` is its path inside the data set with forward slashes, `label` its index in the classes,
    `sha256` the digest of the file, `fingerprint` a perceptual hash of 32 bytes (empty where none
    was asked for), `limits` what it was read within, and is read within again.
    """

    path: Path
    name: str
    label: int
    sha256: str
    fingerprint: bytes = b""
    side: Side = "train"
    limits: Limits = DEFAULT_LIMITS

    def load(self, spec: ImageSpec) -> RGB:
        """Return the picture as an upright RGB array, uint8, of shape (size, size, 3).

        Raises `DatasetError` where the file, good when the folder was read, is so no more.
        """
        try:
            return load_rgb(self.path, spec, self.limits)
        except (ImageError, OSError) as error:
            raise self.changed(str(error)) from error

    def changed(self, reason: str) -> DatasetError:
        """Return the error of a picture that was good when the folder was read."""
        return DatasetError(
            f"{printable(self.path)} could be read before, and cannot now: {reason}. "
            "Leave the pictures as they are while florist works on them."
        )


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One thing that is wrong with a data set.

    An "error" sets its file aside (or, without a file, stops training), a "warning" should be
    looked at, a "note" is only mentioned. `path` is the file or folder inside the data set, `files`
    the others where it concerns a group.
    """

    kind: str
    severity: Severity
    path: str
    message: str
    files: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """A folder of pictures, read once: classes in order, usable pictures, problems.

    `given` are the sides that have folders of their own.
    """

    root: Path
    classes: tuple[str, ...]
    samples: tuple[Sample, ...]
    problems: tuple[Problem, ...] = ()
    given: frozenset[Side] = frozenset()

    def side(self, side: Side) -> tuple[Sample, ...]:
        """Return the samples of one side, in a stable order."""
        return tuple(sample for sample in self.samples if sample.side == side)

    @property
    def train(self) -> tuple[Sample, ...]:
        """The samples that the weights are fitted to."""
        return self.side("train")

    @property
    def val(self) -> tuple[Sample, ...]:
        """The samples that choose the best epoch."""
        return self.side("val")

    @property
    def test(self) -> tuple[Sample, ...]:
        """The samples that nothing is chosen by: reported numbers come from these."""
        return self.side("test")

    def counts(self, samples: tuple[Sample, ...] | None = None) -> dict[str, int]:
        """Return how many samples each class has, in class order."""
        found = Counter(sample.label for sample in (self.samples if samples is None else samples))
        return {name: found[label] for label, name in enumerate(self.classes)}

    @property
    def leaks(self) -> int:
        """How many pictures are in groups of the same picture that stand on several sides."""
        return sum(1 + len(p.files) for p in self.problems if p.kind == "leak")

    @property
    def digest(self) -> str:
        """SHA-256 over classes, files and sides: equal when a training would see the same."""
        lines = [f"class\t{name}" for name in self.classes]
        lines += [f"{s.side}\t{s.label}\t{s.sha256}\t{s.name}" for s in self.samples]
        return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogateescape")).hexdigest()
