"""Plants: a blossom on its stem, with the leaves of its kind."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from florist.demo import flowers
from florist.demo.flowers import Blossom, pick
from florist.demo.surface import Array, Surface, blade_points, curve, ramp, turned


@dataclass(frozen=True, kw_only=True)
class Leaf:
    """The outline of a leaf: length in radii of the blossom, width as a share of the length."""

    length: float
    width: float
    peak: float = 1.0  # under 1, the widest point moves towards the stalk
    teeth: int = 0
    depth: float = 0.0  # of the teeth, as a share of the width
    leaflets: int = 1
    from_ground: bool = False  # else along the stem


@dataclass(frozen=True, kw_only=True)
class Species:
    """How one kind of flower grows."""

    blossom: Callable[[np.random.Generator], Blossom]
    leaf: Leaf
    tilts: tuple[float, float]  # of the blossom, in radians: 0 faces the viewer, 1.57 the sky
    size: float  # of the blossom, so that all kinds cover about as much of a picture
    stem: float  # half of its width, in radii of the blossom


SPECIES = {
    "daisy": Species(
        blossom=flowers.daisy,
        leaf=Leaf(length=0.9, width=0.22, peak=1.6, teeth=5, depth=0.2, from_ground=True),
        tilts=(-0.4, 1.15),
        size=1.0,
        stem=0.035,
    ),
    "dandelion": Species(
        blossom=flowers.dandelion,
        leaf=Leaf(length=1.8, width=0.16, peak=1.4, teeth=6, depth=0.75, from_ground=True),
        tilts=(-0.3, 1.35),
        size=0.95,
        stem=0.05,
    ),
    "rose": Species(
        blossom=flowers.rose,
        leaf=Leaf(length=0.75, width=0.32, teeth=6, depth=0.15, leaflets=3),
        tilts=(0.0, 1.4),
        size=1.3,
        stem=0.05,
    ),
    "sunflower": Species(
        blossom=flowers.sunflower,
        leaf=Leaf(length=1.0, width=0.42, peak=0.7, teeth=7, depth=0.08),
        tilts=(-0.5, 0.95),
        size=1.05,
        stem=0.075,
    ),
    "tulip": Species(
        blossom=flowers.tulip,
        leaf=Leaf(length=2.6, width=0.10, peak=0.8, from_ground=True),
        tilts=(0.65, 1.65),
        size=1.05,
        stem=0.06,
    ),
}


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a blossom is, and its radius, in widths of the picture."""

    x: float
    y: float
    radius: float


def grow(rng: np.random.Generator, species: Species, place: Place) -> tuple[Surface, ...]:
    """Return one plant: its leaves and stem, and its blossom over them."""
    radius = place.radius * species.size
    lean = float(np.clip(rng.normal(0, 0.28), -0.7, 0.7))
    turn = turned(rng.uniform(*species.tilts), lean)
    centre = np.array([place.x, place.y, 0.0])
    blossom = species.blossom(rng)
    foot = centre + turn @ np.array([0.0, 0.0, blossom.foot]) * radius
    green = pick(rng, (2, "4f7f2e"), (2, "6b9a3c"), (1, "3c6b34"), (1, "86a850"))
    ground = np.array([place.x + rng.normal(0, 0.12) - 0.5 * lean, max(1.1, place.y + 4 * radius)])
    bend = foot[:2] - turn[:2, 2] * radius * 1.2 + np.array([0.0, 0.25 * radius])
    path = curve(foot[:2], bend, ground, 9)
    stem = _blades(rng, path[None], np.full((1, 9), species.stem * radius), green * 1.05)
    if species.leaf.from_ground:
        starts, ends = _from_ground(rng, species.leaf, place)
    else:
        starts, ends = _along_stem(rng, species.leaf, path, radius)
    leaves = _leaves(rng, species.leaf, (starts, ends), green)
    layers = replace(stem, layer=-2), replace(leaves, layer=int(rng.choice([-3, -1])))
    # Painting takes most of the time, and nobody sees the cells of a small blossom.
    parts = blossom.surfaces if radius > 0.17 else [part.coarse() for part in blossom.surfaces]
    return (*layers, *(part.placed(turn, radius, centre) for part in parts))


def _blades(rng: np.random.Generator, paths: Array, half_width: Array, green: Array) -> Surface:
    points = blade_points(paths, half_width, rng.uniform(0.2, 0.9))
    colours = ramp(rng, (len(paths), paths.shape[1] - 1, 2), green * 0.85, green)
    return Surface(points=points, colours=colours)


def _leaves(
    rng: np.random.Generator, leaf: Leaf, span: tuple[Array, Array], green: Array
) -> Surface:
    """Return leaves from their starts (leaves, 2) to their ends, each bowed its own way."""
    starts, ends = span
    length = np.linalg.norm(ends - starts, axis=1)[:, None]
    control = (starts + ends) / 2 + rng.normal(0, 0.13, starts.shape) * length
    rows = 7 + 2 * leaf.teeth
    u = np.linspace(0, 1, rows)
    outline = np.sin(np.pi * np.clip(u, 0.02, 0.99) ** leaf.peak) ** 0.8
    outline = outline * (1 - leaf.depth * ((u * leaf.teeth) % 1.0))
    paths = curve(starts, control, ends, rows)
    return _blades(rng, paths, leaf.width * length * outline, green * rng.normal(1, 0.1))


def _from_ground(rng: np.random.Generator, leaf: Leaf, place: Place) -> tuple[Array, Array]:
    """Return the starts and ends of leaves that grow from the foot of the plant."""
    count = int(rng.integers(1, 5))
    length = leaf.length * place.radius * rng.uniform(0.7, 1.3, count)
    aim = rng.normal(0, 0.75, count)
    # A close-up does not show the ground: there the leaves rise from the lower edge.
    foot = min(1.05, place.y + 3.2 * place.radius)
    starts = np.stack([place.x + rng.normal(0, 0.1, count), np.full(count, foot)], axis=-1)
    return starts, starts + _steps(aim, length)


def _along_stem(
    rng: np.random.Generator, leaf: Leaf, path: Array, radius: float
) -> tuple[Array, Array]:
    """Return the starts and ends of leaves that leave the stem to the left and right in turn."""
    rows = np.arange(2, rng.integers(4, 8))
    length = np.repeat(leaf.length * radius * rng.uniform(0.7, 1.25, len(rows)), leaf.leaflets)
    side = rng.choice([-1, 1]) * (-1) ** rows
    aim = np.repeat(side * rng.uniform(0.7, 1.9, len(rows)), leaf.leaflets)
    # Leaflets fan out from the end of a stalk; a single leaf sits on the stem.
    fan = np.tile((np.arange(leaf.leaflets) - (leaf.leaflets - 1) / 2) * 0.95, len(rows))
    starts = np.repeat(path[rows], leaf.leaflets, axis=0)
    starts = starts + _steps(aim, length * (0.35 if leaf.leaflets > 1 else 0.0))
    return starts, starts + _steps(aim + fan, length * (1 - 0.2 * np.abs(fan)))


def _steps(aim: Array, length: Array) -> Array:
    """Return vectors (count, 2) of these lengths, at these angles from straight up."""
    return np.asarray(length[:, None] * np.stack([np.sin(aim), -np.cos(aim)], axis=-1))
