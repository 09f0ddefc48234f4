"""How well foreign pictures are told from familiar ones, by how familiar they look."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Shares = NDArray[np.float64]


@dataclass(frozen=True)
class ForeignSet:
    """One folder of foreign pictures.

    `auroc` is how often a familiar picture looks more familiar than one of these, `caught` the
    share that is taken for none of the classes.
    """

    name: str
    pictures: int
    auroc: float
    caught: float


@dataclass(frozen=True, kw_only=True)
class Foreign:
    """How foreign pictures compare with `familiar` ones, of which the share `kept` stays.

    `none` is below which familiarity a picture is taken for none of the classes. `all` are the
    foreign pictures together, `sets` each folder, and `histogram` counts both, in tenths of the
    familiarity.
    """

    familiar: int
    none: float
    kept: float
    all: ForeignSet
    sets: tuple[ForeignSet, ...]
    histogram: Mapping[str, tuple[int, ...]]

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON can hold."""
        return asdict(self)


def compare(familiar: Sequence[float], sets: Mapping[str, Sequence[float]], none: float) -> Foreign:
    """Compare the familiarity of one's own pictures with that of foreign ones, of one set or more.

    There is one picture or more of each.
    """
    own = np.array(familiar, np.float64)
    others = {name: np.array(found, np.float64) for name, found in sets.items()}
    every = np.concatenate([*others.values()])
    return Foreign(
        familiar=len(own),
        none=none,
        kept=float((own >= none).mean()),
        all=_set("all", own, every, none),
        sets=tuple(_set(name, own, found, none) for name, found in others.items()),
        histogram={"familiar": _tenths(own), "foreign": _tenths(every)},
    )


def auroc(familiar: Shares, foreign: Shares) -> float:
    """Return how often a familiar picture is more familiar than a foreign one; a tie is half."""
    lower, upper = (np.searchsorted(np.sort(foreign), familiar, side) for side in ("left", "right"))
    return float((lower + upper).mean() / 2 / len(foreign))


def _set(name: str, familiar: Shares, foreign: Shares, none: float) -> ForeignSet:
    return ForeignSet(name, len(foreign), auroc(familiar, foreign), float((foreign < none).mean()))


def _tenths(found: Shares) -> tuple[int, ...]:
    return tuple(np.histogram(found, 10, (0, 1))[0].tolist())
