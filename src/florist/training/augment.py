"""Augmented views of a picture: one affine pass, and a little more or less light.

A view is a pure function of (seed, picture, number): it is the same whenever and wherever it is
made, which is what lets an interrupted training go on as if nothing had happened.
"""

import math
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from florist.dataset import Sample
from florist.images import RGB
from florist.training.config import Augmentation


def augmented_views(
    pixels: RGB, sample: Sample, numbers: Iterable[int], augmentation: Augmentation, seed: int
) -> Iterator[RGB]:
    """Yield augmented views of a sample's picture, by their numbers, each the shape of `pixels`."""
    augmenter = Augmenter(pixels, augmentation)
    # 128 bits of the digest tell pictures apart, whatever their files are called.
    identity = int(sample.sha256[:32], 16)
    for number in numbers:
        yield augmenter(np.random.default_rng([seed, identity, number]))


class Augmenter:
    """Rotates, shears, zooms, flips, shifts and lights a square picture at random.

    What comes in from outside its edges is the picture mirrored, so no border is learned.
    """

    def __init__(self, pixels: RGB, augmentation: Augmentation) -> None:
        self._augmentation, self._size = augmentation, pixels.shape[0]
        # As far as any view can look, so that a view never depends on which others are made.
        margin = self._margin = _margin(self._size, augmentation)
        mirrored = np.pad(pixels, ((margin, margin), (margin, margin), (0, 0)), mode="reflect")
        self._mirrored = Image.fromarray(mirrored)
        self._black = Image.new("RGB", (self._size, self._size))

    def __call__(self, rng: np.random.Generator) -> RGB:
        """Return a view of the picture, the same shape."""
        gain = 1 + rng.uniform(-1, 1) * self._augmentation.brightness
        matrix, offset = _random_affine(self._size, self._augmentation, rng)
        (a, b), (d, e) = matrix.tolist()
        c, f = (offset + self._margin).tolist()
        moved = self._mirrored.transform(
            (self._size, self._size),
            Image.Transform.AFFINE,
            (a, b, c, d, e, f),
            resample=Image.Resampling.BILINEAR,
        )
        return np.asarray(Image.blend(self._black, moved, gain))


def _margin(size: int, augmentation: Augmentation) -> int:
    """Return how many pixels beyond the edges the most extreme view of a picture looks."""
    shear = 1 + math.tan(math.radians(augmentation.shear))
    # A corner at (shear, 1) lies farthest to the side when it is turned by atan(1 / shear).
    angle = min(math.radians(augmentation.rotation), math.atan(1 / shear))
    reach = (1 + augmentation.zoom) * (shear * math.cos(angle) + math.sin(angle)) / 2
    return max(0, math.ceil(size * (reach + augmentation.shift - 0.5)))


def _random_affine(
    size: int, augmentation: Augmentation, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the matrix and offset that take a point of the view to where it lies in the picture.

    Everything turns about the middle.
    """
    angle = math.radians(rng.uniform(-1, 1) * augmentation.rotation)
    shear = math.tan(math.radians(rng.uniform(-1, 1) * augmentation.shear))
    zoom_x, zoom_y = 1 + rng.uniform(-1, 1, 2) * augmentation.zoom
    shift = rng.uniform(-1, 1, 2) * augmentation.shift * size
    mirror = -1.0 if augmentation.flip and rng.random() < 0.5 else 1.0
    rotate = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    matrix = rotate @ np.array([[1, shear], [0, 1]]) @ np.diag([mirror * zoom_x, zoom_y])
    middle = np.full(2, size / 2)
    return matrix, middle + shift - matrix @ middle
