"""Pictures: flowers of one kind put before a background, under one light."""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from florist.demo.flowers import pick
from florist.demo.light import develop, paint, random_light, unfocused
from florist.demo.plants import SPECIES, Place, grow
from florist.demo.scenes import background

SUPERSAMPLING = 2


def draw_flower(name: str, rng: np.random.Generator, size: int = 160) -> Image.Image:
    """Return an RGB picture, size x size pixels, of one or a few flowers of a kind."""
    species = SPECIES[name]
    light = random_light(rng)
    picture = background(rng, size)
    if rng.random() < 0.35:
        for place in _places(rng, int(rng.integers(1, 4)), (0.07, 0.14)):
            paint(picture, grow(rng, species, place), light)
        picture = unfocused(picture, rng.uniform(0.008, 0.02))
    picture = picture.resize((size * SUPERSAMPLING,) * 2, Image.Resampling.BILINEAR)
    count = int(rng.choice([1, 2, 3, 4], p=[0.55, 0.22, 0.15, 0.08]))
    for place in _places(rng, count, (0.2, 0.46) if count == 1 else (0.13, 0.3)):
        paint(picture, grow(rng, species, place), light)
    if rng.random() < 0.25:
        _cover(picture, rng)
    return develop(picture.reduce(SUPERSAMPLING), rng, light)


def _places(rng: np.random.Generator, count: int, radii: tuple[float, float]) -> list[Place]:
    """Return places, small before large: what is nearer looks larger and is painted last."""
    smallest, largest = radii
    sizes = np.sort(smallest * (largest / smallest) ** rng.random(count))
    spread = 0.10 if count == 1 else 0.24
    spots: list[Place] = []
    for radius in sizes:
        # Of a few spots, the one farthest from the flowers that are there.
        tries = np.clip(rng.normal((0.5, 0.46), spread, (6, 2)), 0.1, 0.9)
        gaps = [min((np.hypot(x - s.x, y - s.y) for s in spots), default=0) for x, y in tries]
        x, y = tries[int(np.argmax(gaps))]
        spots.append(Place(x=float(x), y=float(y), radius=float(radius)))
    return spots


def _cover(picture: Image.Image, rng: np.random.Generator) -> None:
    """Paint blades, out of focus, before the flowers."""
    small = picture.width // 4
    mask = Image.new("L", (small, small))
    draw = ImageDraw.Draw(mask)
    for _ in range(int(rng.integers(1, 4))):
        foot, tip = rng.uniform(-0.1, 1.1, 2) * small
        wide = rng.uniform(0.02, 0.06) * small
        top = rng.uniform(0.1, 0.6) * small
        middle = (foot * 0.6 + tip * 0.4, (small + top) / 2)
        blade = [(foot - wide, small), (middle[0] - wide, middle[1]), (tip, top)]
        draw.polygon([*blade, (middle[0] + wide, middle[1]), (foot + wide, small)], fill=230)
    mask = mask.filter(ImageFilter.GaussianBlur(rng.uniform(0.005, 0.025) * small))
    colour = pick(rng, (2, "4f7f2e"), (2, "7a9a3c"), (1, "2c4b24"), (0.5, "b0a060"))
    fill = tuple(int(v) for v in colour * 255)
    picture.paste(fill, (0, 0), mask.resize(picture.size, Image.Resampling.BICUBIC))
