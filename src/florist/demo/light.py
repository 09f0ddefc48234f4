"""Light and camera: how a surface is shaded and painted, and what a lens and a sensor add."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter

from florist.demo.surface import Array, Surface


@dataclass(frozen=True, kw_only=True)
class Light:
    """One light: the unit vector towards it, and the shares that it and the sky give."""

    direction: Array
    ambient: float
    diffuse: float
    tint: Array  # gain of red, green and blue


def random_light(rng: np.random.Generator) -> Light:
    """Return anything from a flat grey noon to a low, warm sun."""
    azimuth = rng.uniform(0, 2 * np.pi)
    height = rng.uniform(0.5, 1.35)
    flat = np.cos(height)
    warmth = rng.normal(0, 0.06)
    ambient = rng.uniform(0.48, 0.8)
    return Light(
        direction=np.array([np.cos(azimuth) * flat, np.sin(azimuth) * flat, np.sin(height)]),
        ambient=ambient,
        diffuse=1.18 - ambient,
        tint=np.array([1 + warmth, 1 + rng.normal(0, 0.015), 1 - warmth]),
    )


def paint(image: Image.Image, surfaces: Sequence[Surface], light: Light) -> None:
    """Paint surfaces, given in units of the picture's width, from the farthest to the nearest."""
    corners, colours, orders = [], [], []
    for surface in surfaces:
        p = surface.points
        cells = np.stack([p[:, :-1, :-1], p[:, 1:, :-1], p[:, 1:, 1:], p[:, :-1, 1:]], axis=-2)
        depth = cells[..., 2].mean(axis=-1)
        # A petal is painted as a whole: sorting its cells among another's would weave the two.
        patch_depth = np.broadcast_to(depth.mean(axis=(1, 2), keepdims=True), depth.shape)
        layer = np.full(depth.shape, float(surface.layer))
        corners.append(cells.reshape(-1, 4, 3))
        colours.append(surface.colours.reshape(-1, 3))
        orders.append(np.stack([depth, patch_depth, layer]).reshape(3, -1))
    quads, order = np.concatenate(corners), np.lexsort(np.concatenate(orders, axis=1))
    low, high = quads[:, :, :2].min(axis=1), quads[:, :, :2].max(axis=1)
    order = order[((high > 0) & (low < 1)).all(axis=1)[order]]
    quads = quads[order]
    inks = _inks(quads, np.concatenate(colours)[order], light).tolist()
    draw = ImageDraw.Draw(image)
    outlines = (quads[:, :, :2] * image.width).reshape(-1, 8).tolist()
    for outline, ink in zip(outlines, inks, strict=True):
        draw.polygon(outline, fill=ink)


def _inks(quads: Array, colours: Array, light: Light) -> npt.NDArray[np.int64]:
    """Return the shaded colour of each quad as Pillow packs it: red in the lowest byte."""
    normal = np.cross(quads[:, 2] - quads[:, 0], quads[:, 3] - quads[:, 1])
    length = np.linalg.norm(normal, axis=-1) + 1e-12
    # Petals and leaves let light through, so both faces are lit alike.
    facing = np.abs(normal @ light.direction) / length
    value = colours * (light.ambient + light.diffuse * facing)[:, None]
    channels = np.clip(value * 255, 0, 255).astype(np.int64)
    return np.asarray(channels @ np.array([1, 1 << 8, 1 << 16]))


def unfocused(image: Image.Image, radius: float) -> Image.Image:
    """Return the picture blurred by a radius in shares of its width, with fewer pixels if it can.

    A soft picture holds no more than a smaller one does, and blurring that takes less time.
    """
    while radius * image.width > 2.5:
        image = image.reduce(2)
    return image.filter(ImageFilter.GaussianBlur(radius * image.width))


def develop(image: Image.Image, rng: np.random.Generator, light: Light) -> Image.Image:
    """Return the picture as a camera takes it: focus, uneven light, exposure, tint and noise."""
    size = image.width
    if rng.random() < 0.3:
        image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.0) * size / 160))
    contrast = rng.uniform(0.88, 1.12)
    gain = (np.exp(rng.normal(0.02, 0.11)) * contrast * light.tint).astype(np.float32)
    pixels = rng.standard_normal((size, size, 3), dtype=np.float32)
    pixels *= np.float32(rng.uniform(1.0, 7.0))
    pixels += np.asarray(image) * (_uneven(rng, size)[:, :, None] * gain)
    pixels += np.float32(118 * (1 - contrast))
    return Image.fromarray(np.clip(pixels, 0, 255, out=pixels).astype(np.uint8))


def _uneven(rng: np.random.Generator, size: int) -> npt.NDArray[np.float32]:
    """Return a gain for every pixel: a darker side, darker corners, and the shade of leaves."""
    y, x = np.mgrid[-1:1:8j, -1:1:8j]
    slope = rng.normal(0, 0.09, 2)
    shade = rng.normal(0, 0.09 if rng.random() < 0.3 else 0.02, x.shape)
    gain = 1 + slope[0] * x + slope[1] * y - rng.uniform(0, 0.1) * (x**2 + y**2) + shade
    small = Image.fromarray(gain.astype(np.float32))
    return np.asarray(small.resize((size, size), Image.Resampling.BICUBIC))
