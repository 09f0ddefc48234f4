"""Some training pictures as a few numbers each, and how far another picture is from them."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_COMPONENTS: Final = 64


@dataclass(frozen=True, kw_only=True, eq=False)
class Bank:
    """Embeddings of training pictures, as their principal components in 8 bits.

    `mean` has a number for each of the embedding's channels, `axes` is (channels, components),
    `steps` says what 1 in each component stands for, `pictures` is (pictures, components).
    """

    mean: NDArray[np.float32]
    axes: NDArray[np.float16]
    steps: NDArray[np.float32]
    pictures: NDArray[np.int8]

    def __post_init__(self) -> None:
        """Refuse arrays that do not belong together.

        Raises `ValueError`.
        """
        channels, components = self.axes.shape
        fits = self.mean.shape == (channels,) and self.steps.shape == (components,)
        if not (fits and self.pictures.shape[1] == components and len(self.pictures)):
            raise ValueError("a bank's arrays are of different sizes")
        if not all(np.isfinite(each).all() for each in (self.mean, self.axes, self.steps)):
            raise ValueError("a bank has numbers that are none")

    @cached_property
    def _unpacked(self) -> tuple[Floats, Floats, Floats]:
        """The axes, the pictures as (components, pictures), and their squared lengths."""
        pictures = np.ascontiguousarray((self.pictures * self.steps).T)
        return self.axes.astype(np.float32), pictures, (pictures**2).sum(axis=0)

    def distances(self, embeddings: Floats, neighbours: int) -> Floats:
        """Return how far embeddings (N, channels) are from the last of their neighbours, (N,).

        Sun et al., "Out-of-Distribution Detection with Deep Nearest Neighbors" (2022).
        """
        squares = self._squares(embeddings)
        place = min(neighbours, squares.shape[1]) - 1
        nearest = np.partition(squares, place, axis=1)[:, place]
        return np.sqrt(np.maximum(nearest, 0)).astype(np.float32)

    def similarities(self, embeddings: Floats) -> Floats:
        """Return the cosine of embeddings (N, channels) and each picture's, (N, pictures), 0 to 1.

        Of the signed roots, that is, which have length 1: |a - b|² = 2 - 2 a·b.
        """
        return np.clip(1 - self._squares(embeddings) / 2, 0, 1).astype(np.float32)

    def _squares(self, embeddings: Floats) -> Floats:
        """Return the squared distances of embeddings and pictures, (N, pictures)."""
        axes, pictures, lengths = self._unpacked
        components = (unit(embeddings) - self.mean) @ axes
        own = (components**2).sum(axis=1)[:, None]
        return np.asarray(own + lengths - 2 * components @ pictures)


def bank_of(embeddings: Floats) -> Bank:
    """Keep training pictures' embeddings, shape (pictures, channels)."""
    points = unit(embeddings)
    mean = points.mean(axis=0)
    _, _, axes = np.linalg.svd(points - mean, full_matrices=False)
    axes = np.ascontiguousarray(axes[:_COMPONENTS].T, np.float16)
    components = (points - mean) @ axes.astype(np.float32)
    steps = np.maximum(np.abs(components).max(axis=0) / 127, np.finfo(np.float32).tiny)
    return Bank(
        mean=mean.astype(np.float32),
        axes=axes,
        steps=steps.astype(np.float32),
        pictures=np.rint(components / steps).astype(np.int8),
    )


def unit(embeddings: Floats) -> Floats:
    """Return the signed root of each number, scaled to length 1.

    The root keeps a few strong channels from deciding alone; and how strong all of them are says
    more of light and contrast than of what is there.
    """
    roots = np.sign(embeddings) * np.sqrt(np.abs(embeddings))
    length = np.linalg.norm(roots, axis=1, keepdims=True)
    return np.asarray(roots / np.maximum(length, np.finfo(np.float32).tiny), np.float32)
