"""Which labels are probably wrong: what all other pictures say of each one.

Two judges see the embeddings of a network that was trained on none of the labels, as one that was
has learned the wrong ones, too. A ridge regression to the classes tells of each picture what it
would say had it not been fitted to it, exactly and at no cost (Allen, "The Relationship between
Variable Selection and Data Augmentation and a Method for Prediction", 1974). The other judge asks
the nearest pictures (Wilson, "Asymptotic Properties of Nearest Neighbor Rules Using Edited Data",
1972).
"""

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from florist.confidence.bank import Floats, unit

Labels = NDArray[np.int64]

_NEIGHBOURS: Final = 20
_COMPONENTS: Final = 256
"""Principal components in which neighbours are looked for: all of them tell hardly more."""
_ROWS: Final = 1024
"""Pictures that are worked on at once, at most."""
_NUMBERS: Final = 2**22
"""How many numbers an array of them may hold: each is compared with all others."""
_PENALTIES: Final = (0.01, 0.1, 1.0, 10.0)
"""Of the ridge, in shares of the components' mean power."""


def second_opinions(embeddings: Floats, labels: Labels, classes: int) -> Floats:
    """Return how much the other pictures speak for each class, 0 to 1, (pictures, classes).

    `embeddings` is (pictures, channels), of two pictures or more.
    """
    components, powers = _principal(embeddings)
    truth = np.eye(classes, dtype=np.float32)[labels]
    near = components[:, -_COMPONENTS:]  # they ascend
    regressed = _regressed(components, powers, truth)
    return np.asarray((regressed + _neighbouring(near, truth)) / 2, np.float32)


def doubts(opinions: Floats, labels: Labels) -> tuple[Labels, Floats]:
    """Return for each picture the likeliest other class, and how much more speaks for it.

    That is from -1 to 1, and above 0 where it is likelier than the picture's own label.
    """
    rows = np.arange(len(labels))
    others = opinions.copy()
    others[rows, labels] = -np.inf
    likeliest = others.argmax(axis=1)
    return likeliest, others[rows, likeliest] - opinions[rows, labels]


def _principal(embeddings: Floats) -> tuple[Floats, Floats]:
    """Return the principal components, (pictures, components), and their powers, ascending."""
    points = np.empty_like(embeddings, np.float32)
    for rows in _blocks(len(points), points.shape[1]):
        points[rows] = unit(embeddings[rows])
    points -= points.mean(axis=0)
    powers, axes = np.linalg.eigh((points.T @ points).astype(np.float64))
    kept = powers > powers[-1] * 1e-6
    return points @ axes[:, kept].astype(np.float32), powers[kept].astype(np.float32)


def _regressed(components: Floats, powers: Floats, truth: Floats) -> Floats:
    """Return what a ridge regression says of each picture that was fitted to all others.

    Of the penalties, that with which it says so best.
    """
    mean = truth.mean(axis=0)
    towards = components.T @ (truth - mean)
    best, least = truth, np.inf
    for penalty in _PENALTIES:
        shrunk = 1 / (powers + penalty * max(powers.mean() if len(powers) else 0, 1e-12))
        said = mean + components @ (shrunk[:, None] * towards)
        own = np.einsum("nd,d,nd->n", components, shrunk, components) + 1 / len(truth)
        own = np.minimum(own, 1 - 1e-6)[:, None]  # its share in what is said of itself
        without = (said - own * truth) / (1 - own)
        error = ((without - truth) ** 2).mean()
        if error < least:
            best, least = without, error
    return np.clip(best, 0, 1).astype(np.float32)


def _neighbouring(components: Floats, truth: Floats) -> Floats:
    """Return the shares of the classes among the nearest pictures, by their angle."""
    pictures, classes = truth.shape
    # Of a class of ten pictures, no more than nine can be near one of them.
    nearest = max(1, min(_NEIGHBOURS, pictures // classes - 1))
    lengths = np.linalg.norm(components, axis=1, keepdims=True)
    points = components / np.maximum(lengths, np.finfo(np.float32).tiny)
    shares = np.empty_like(truth)
    for rows in _blocks(pictures, pictures):
        alike = points[rows] @ points.T
        alike[np.arange(len(alike)), rows.start + np.arange(len(alike))] = -np.inf
        found = np.argpartition(-alike, nearest - 1, axis=1)[:, :nearest]
        shares[rows] = truth[found].mean(axis=1)
    return shares


def _blocks(pictures: int, columns: int) -> Iterator[slice]:
    """Yield a few pictures after the other, of which each takes so many columns."""
    step = max(1, min(_ROWS, _NUMBERS // columns))
    return (slice(start, start + step) for start in range(0, pictures, step))
