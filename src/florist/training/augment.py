"""Augmented views of a picture: one affine pass, and a little more or less light.

A view is a pure function of (seed, picture, number): it is the same whenever and wherever it is
made, which is what lets an interrupted training go on as if nothing had happened.
"""

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from florist.dataset import Sample
from florist.images import RGB
from florist.training.config import Augmentation


def view(pixels: RGB, sample: Sample, number: int, augmentation: Augmentation, seed: int) -> RGB:
    """Return augmented view `number` of a sample's picture, the same shape as `pixels`."""
    # 128 bits of the digest tell pictures apart, whatever their files are called.
    identity = int(sample.sha256[:32], 16)
    return augment(pixels, augmentation, np.random.default_rng([seed, identity, number]))


def augment(pixels: RGB, augmentation: Augmentation, rng: np.random.Generator) -> RGB:
    """Rotate, shear, zoom, flip, shift and light a square picture at random.

    What comes in from outside its edges is the picture mirrored, so no border is learned.
    """
    size = pixels.shape[0]
    gain = 1 + rng.uniform(-1, 1) * augmentation.brightness
    matrix, offset = _random_affine(size, augmentation, rng)
    corners = matrix @ [[0, size, 0, size], [0, 0, size, size]] + offset[:, None]
    margin = max(0, math.ceil(max(-corners.min(), corners.max() - size)))
    padded = np.pad(pixels, ((margin, margin), (margin, margin), (0, 0)), mode="reflect")
    (a, b), (d, e) = matrix.tolist()
    c, f = (offset + margin).tolist()
    moved = Image.fromarray(padded).transform(
        (size, size),
        Image.Transform.AFFINE,
        (a, b, c, d, e, f),
        resample=Image.Resampling.BILINEAR,
    )
    brighter = (np.arange(256) * gain).clip(0, 255).astype(np.uint8).tolist() * 3
    return np.asarray(moved.point(brighter))


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
