"""Augmented views of a picture: one affine pass, and a little more or less light.

A view is a pure function of (seed, picture, number): it is the same whenever and wherever it is
made, which is what lets an interrupted training go on as if nothing had happened.
"""

import math

import numpy as np
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
    margin = size // 2
    padded = np.pad(pixels, ((margin, margin), (margin, margin), (0, 0)), mode="reflect")
    gain = 1 + rng.uniform(-1, 1) * augmentation.brightness
    brighter = (np.arange(256) * gain).clip(0, 255).astype(np.uint8).tolist() * 3
    moved = Image.fromarray(padded).transform(
        (size, size),
        Image.Transform.AFFINE,
        _random_affine(size, margin, augmentation, rng),
        resample=Image.Resampling.BILINEAR,
    )
    return np.asarray(moved.point(brighter))


def _random_affine(
    size: int, margin: int, augmentation: Augmentation, rng: np.random.Generator
) -> tuple[float, ...]:
    """Return the six numbers that take an output pixel to where it lies in the padded picture."""
    angle = math.radians(rng.uniform(-1, 1) * augmentation.rotation)
    shear = math.tan(math.radians(rng.uniform(-1, 1) * augmentation.shear))
    zoom_x, zoom_y = 1 + rng.uniform(-1, 1, 2) * augmentation.zoom
    shift_x, shift_y = rng.uniform(-1, 1, 2) * augmentation.shift * size
    mirror = -1.0 if rng.random() < 0.5 and augmentation.flip else 1.0
    rotate = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    matrix = rotate @ np.array([[1, shear], [0, 1]]) @ np.diag([mirror * zoom_x, zoom_y])
    # Pillow maps the centre of an output pixel, at + 0.5; everything turns about the middle.
    middle = size / 2
    offset = np.array([middle + shift_x, middle + shift_y]) + margin - matrix @ [middle, middle]
    (a, b), (d, e) = matrix.tolist()
    c, f = offset.tolist()
    return a, b, c, d, e, f
