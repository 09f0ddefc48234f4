"""Backgrounds: what stands out of focus behind a flower."""

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw

from florist.demo.flowers import pick
from florist.demo.light import unfocused
from florist.demo.surface import Array

Painter = Callable[[np.random.Generator, int], Image.Image]


def background(rng: np.random.Generator, size: int) -> Image.Image:
    """Return one of the backgrounds, of size x size pixels; of fewer where it is out of focus."""
    painters: tuple[Painter, ...] = (_sky, _meadow, _meadow, _bokeh, _grass, _soil, _wall, _studio)
    return painters[rng.integers(len(painters))](rng, size)


def _as_image(pixels: Array, size: int) -> Image.Image:
    """Return a small grid of colours, 0 to 1, spread softly over size x size pixels."""
    small = Image.fromarray(np.clip(pixels * 255, 0, 255).astype(np.uint8))
    return small.resize((size, size), Image.Resampling.BICUBIC)


def _blend(rng: np.random.Generator, first: Array, second: Array, size: int) -> Image.Image:
    """Return a soft gradient between two colours, in any direction, with clouds in it."""
    y, x = np.mgrid[-1:1:12j, -1:1:12j]
    angle = rng.normal(np.pi / 2, 0.6)
    share = 0.5 + 0.45 * (x * np.cos(angle) + y * np.sin(angle)) + rng.normal(0, 0.07, x.shape)
    share = np.clip(share, 0, 1)[:, :, None]
    return _as_image(first * (1 - share) + second * share, size)


def _scatter(
    image: Image.Image, rng: np.random.Generator, colours: Array, radius: tuple[float, float]
) -> None:
    """Paint one translucent disc for each colour; radii are shares of the picture's width."""
    draw = ImageDraw.Draw(image, "RGBA")
    width = image.width
    for colour in colours:
        r = radius[0] * (radius[1] / radius[0]) ** rng.random() * width
        x, y = rng.uniform(-0.05, 1.05, 2) * width
        stretch = rng.uniform(0.7, 1.3)
        alpha = int(rng.integers(90, 230))
        red, green, blue = (int(v) for v in np.clip(colour * 255, 0, 255))
        draw.ellipse((x - r, y - r * stretch, x + r, y + r * stretch), (red, green, blue, alpha))


def _foliage(rng: np.random.Generator, count: int) -> Array:
    base = pick(rng, (1, "5a8a3a"), (1, "7a9a48"), (1, "3f6a3c"), (1, "8a9a5a"))
    return np.asarray(base * rng.uniform(0.45, 1.45, (count, 1)) + rng.normal(0, 0.03, (count, 3)))


def _petal_dots(rng: np.random.Generator, count: int) -> Array:
    codes = "d02030", "ec70a0", "f6d030", "f5f2ea", "8a50b0", "f09040", "5a70d0"
    colours = np.frombuffer(bytes.fromhex("".join(codes)), dtype=np.uint8).reshape(-1, 3) / 255
    return np.asarray(
        colours[rng.integers(len(codes), size=count)] + rng.normal(0, 0.03, (count, 3))
    )


def _sky(rng: np.random.Generator, size: int) -> Image.Image:
    blue = pick(rng, (2, "4a88d0"), (1, "7ab0e0"), (1, "a8b4c0"), (0.5, "e0a080"))
    image = _blend(rng, blue, blue * 0.45 + 0.53, size)
    clouds = np.ones((int(rng.integers(0, 14)), 3)) * rng.uniform(0.85, 1.0)
    _scatter(image, rng, clouds, (0.04, 0.16))
    if rng.random() < 0.6:
        horizon = rng.uniform(0.55, 0.95) * size
        for step, colour in enumerate(_foliage(rng, 3)):
            ridge = horizon + np.cumsum(rng.normal(0, 0.03 * size, 9)) + 0.05 * step * size
            line = list(zip(np.linspace(0, size, 9).tolist(), ridge.tolist(), strict=True))
            fill = tuple(int(v) for v in np.clip(colour * 255, 0, 255))
            ImageDraw.Draw(image).polygon([(0, size), *line, (size, size)], fill=fill)
    return unfocused(image, rng.uniform(0.01, 0.035))


def _meadow(rng: np.random.Generator, size: int) -> Image.Image:
    near, far = _foliage(rng, 2)
    image = _blend(rng, far, near * 0.7, size)
    _scatter(image, rng, _foliage(rng, 26), (0.03, 0.2))
    if rng.random() < 0.6:
        _scatter(image, rng, _petal_dots(rng, int(rng.integers(3, 16))), (0.015, 0.07))
    return unfocused(image, rng.uniform(0.008, 0.04))


def _bokeh(rng: np.random.Generator, size: int) -> Image.Image:
    dark = pick(rng, (1, "1c2a1c"), (1, "2a2420"), (1, "20283a"), (1, "3a4a2a"))
    image = _blend(rng, dark, dark * rng.uniform(1.2, 2.2), size)
    lights = np.concatenate([_foliage(rng, 12) * 1.2, _petal_dots(rng, int(rng.integers(2, 9)))])
    _scatter(image, rng, lights, (0.03, 0.11))
    return unfocused(image, rng.uniform(0.003, 0.012))


def _grass(rng: np.random.Generator, size: int) -> Image.Image:
    light, dark = _foliage(rng, 2) * 0.6
    image = _blend(rng, light, dark, size)
    draw = ImageDraw.Draw(image)
    greens = (np.clip(_foliage(rng, 130), 0, 1) * 255).astype(int).tolist()
    for green, (x, y, lean, tall) in zip(greens, rng.random((130, 4)).tolist(), strict=True):
        foot, tip = x * size, (x + 0.5 * (lean - 0.5)) * size
        ground = (0.25 + y) * size
        top = ground - (0.15 + 0.4 * tall) * size
        wide = 0.012 * size
        middle = (0.7 * foot + 0.3 * tip, (ground + top) / 2)
        blade = [(foot - wide, ground), middle, (tip, top), (middle[0] + wide, middle[1])]
        draw.polygon([*blade, (foot + wide, ground)], fill=tuple(green))
    return unfocused(image, rng.uniform(0.002, 0.015))


def _soil(rng: np.random.Generator, size: int) -> Image.Image:
    brown = pick(rng, (2, "6a4a30"), (1, "4a3426"), (1, "8a6e50"), (1, "786a5c"))
    cells = 48
    grain = rng.normal(1, 0.13, (cells, cells, 1)) * rng.normal(1, 0.03, (cells, cells, 3))
    image = _as_image(brown * grain, size)
    stones = brown * rng.uniform(0.5, 1.6, (40, 1))
    _scatter(image, rng, stones, (0.008, 0.04))
    if rng.random() < 0.5:
        _scatter(image, rng, _foliage(rng, 6), (0.02, 0.08))
    return unfocused(image, rng.uniform(0.003, 0.015))


def _wall(rng: np.random.Generator, size: int) -> Image.Image:
    stone = pick(rng, (2, "a05a40"), (1, "b8a88c"), (1, "8a9098"), (1, "d8d0c0"), (1, "7a5a40"))
    image = _blend(rng, stone * 0.75, stone * 0.55 + 0.1, size)
    draw = ImageDraw.Draw(image)
    planks = rng.random() < 0.4
    high = rng.uniform(0.08, 0.16) * size
    wide = high * (9 if planks else rng.uniform(1.8, 2.6))
    joint = max(1.0, 0.012 * size)
    for row in range(int(size / high) + 1):
        for column in range(-1, int(size / wide) + 1):
            x = (column + 0.5 * (row % 2)) * wide
            tone = stone * rng.normal(1, 0.09) + rng.normal(0, 0.015, 3)
            box = (x, row * high, x + wide - joint, (row + 1) * high - joint)
            draw.rectangle(box, fill=tuple(int(v) for v in np.clip(tone * 255, 0, 255)))
    if planks and rng.random() < 0.5:
        image = image.transpose(Image.Transpose.ROTATE_90)
    return unfocused(image, rng.uniform(0.003, 0.02))


def _studio(rng: np.random.Generator, size: int) -> Image.Image:
    cloth = pick(rng, (1, "20242a"), (1, "e4ddd0"), (1, "8a9a90"), (1, "c8b0a8"), (1, "6a7a98"))
    return _blend(rng, cloth, cloth * rng.uniform(0.5, 1.1), size)
