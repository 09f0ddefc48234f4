"""Surfaces: the petals, leaves and stems that a plant is made of, as grids of points in space."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

GOLDEN_ANGLE = np.pi * (3 - 5**0.5)


@dataclass(frozen=True, kw_only=True)
class Surface:
    """Patches of one kind: points (patches, rows, cols, 3), and a colour, 0 to 1, for every cell.

    x runs right, y down and z towards the viewer. Higher layers are painted over lower ones.
    """

    points: Array
    colours: Array
    layer: int = 0

    def placed(self, turn: Array, scale: float, centre: Array) -> "Surface":
        """Return this surface turned by a rotation matrix, seen from nearby, scaled and moved."""
        points = self.points @ turn.T
        points[..., :2] /= 1 - 0.13 * points[..., 2:]  # perspective: what is nearer looks larger
        return replace(self, points=points * scale + centre)

    def coarse(self) -> "Surface":
        """Return this surface with a quarter of the cells, if its grid is fine enough for that."""
        along, across = self.colours.shape[1:3]
        if along < 6 or across < 6:
            return self
        return replace(self, points=self.points[:, ::2, ::2], colours=self.colours[:, ::2, ::2])


@dataclass(frozen=True, kw_only=True)
class Ring:
    """Narrow petals that leave a circle of radius `inner`; angles in radians, the rest in radii."""

    count: int
    inner: float
    length: float
    width: float
    elevation: float  # angle of the base over the flower's plane
    bend: float  # added to the elevation between the base and the tip
    peak: float = 1.5  # over 1, the widest point moves towards the tip
    blunt: float = 0.5  # from 0.3, a square tip, to 1.2, a pointed one
    cells: tuple[int, int] = (4, 2)  # along, across
    layer: int = 0


@dataclass(frozen=True, kw_only=True)
class Cup:
    """Broad petals that wrap around the axis; one value a petal in every array."""

    angle: Array
    half_angle: Array
    radius: Array
    height: Array
    flare: Array  # how far the rim rolls outwards
    closing: float  # from 0.45, an open bowl, to 0.8, a closed egg
    shoulder: float  # how much lower the sides of the rim are than its middle
    pointed: float  # exponent of the rim's outline: 1 is a tip, 3 a flat curve
    cells: tuple[int, int]


def ramp(rng: np.random.Generator, surface_cells: tuple[int, int, int], *stops: Array) -> Array:
    """Return colours that run through the stops from base to tip, each patch a little different."""
    patches, along, across = surface_cells
    where = (np.arange(along) + 0.5) / along
    line = np.linspace(0, 1, len(stops))
    colour = np.stack([np.interp(where, line, [s[c] for s in stops]) for c in range(3)], axis=-1)
    tone = 1 + 0.06 * rng.standard_normal((patches, 1, 1, 1))
    streak = 1 + 0.03 * rng.standard_normal((patches, 1, across, 1))
    return np.asarray(colour[None, :, None, :] * tone * streak)


def ring_points(rng: np.random.Generator, ring: Ring) -> Array:
    """Return the points of a ring of narrow petals, no two alike."""
    along, across = ring.cells
    n = ring.count
    u = np.linspace(0, 1, along + 1)[None, :, None]
    v = np.linspace(-1, 1, across + 1)[None, None, :]
    wobble = rng.standard_normal((6, n, 1, 1))
    angle = (np.arange(n)[:, None, None] + 0.22 * wobble[0]) * 2 * np.pi / n
    angle = angle + rng.uniform(0, 2 * np.pi)
    length = ring.length * (1 + 0.07 * wobble[1])
    rise = ring.elevation + 0.09 * wobble[2] + (ring.bend + 0.15 * wobble[3]) * u
    outline = np.sin(np.pi * (0.06 + 0.92 * u**ring.peak)) ** ring.blunt
    half_width = ring.width * (1 + 0.08 * wobble[4]) * outline
    out = ring.inner + length * u * np.cos(rise)
    side = v * half_width + 0.12 * wobble[5] * length * u**2
    up = length * u * np.sin(rise) + 0.5 * np.abs(v) * half_width
    cos, sin = np.cos(angle), np.sin(angle)
    return np.stack([out * cos - side * sin, out * sin + side * cos, up], axis=-1)


def cup_points(rng: np.random.Generator, cup: Cup) -> Array:
    """Return the points of petals that form a cup, from the foot at z = 0 upwards."""
    along, across = cup.cells
    u = np.linspace(0, 1, along + 1)[None, :, None]
    v = np.linspace(-1, 1, across + 1)[None, None, :]
    angle, half_angle, radius, height, flare = (
        values[:, None, None]
        for values in (cup.angle, cup.half_angle, cup.radius, cup.height, cup.flare)
    )
    swing = rng.normal(0, (1, 2.5), (len(cup.angle), 2))[:, :, None, None]
    wave = 0.045 * np.sin(swing[:, 1] * v + 4 * swing[:, 0]) * u**2
    theta = angle + v * half_angle * (0.75 + 0.25 * np.sin(np.pi * u))
    rim = 1 - cup.shoulder * np.abs(v) ** cup.pointed
    distance = radius * np.sin(np.pi * (0.07 + cup.closing * u)) ** 0.8
    distance = distance + flare * u**3 + wave * radius
    up = height * (u * rim + 0.5 * wave) - 0.6 * flare * u**6
    shape = np.broadcast_shapes(theta.shape, distance.shape, up.shape)
    parts = (distance * np.cos(theta), distance * np.sin(theta), up)
    return np.stack([np.broadcast_to(part, shape) for part in parts], axis=-1)


def dome_points(radius: float, height: float, cells: tuple[int, int] = (4, 14)) -> Array:
    """Return one patch that covers a disc of this radius and rises to this height."""
    u = np.linspace(0, np.pi / 2, cells[0] + 1)[:, None]
    around = np.linspace(0, 2 * np.pi, cells[1] + 1)[None, :]
    out = radius * np.sin(u)
    up = height * np.cos(u) + 0 * around
    return np.stack([out * np.cos(around), out * np.sin(around), up], axis=-1)[None]


def floret_points(count: int, radius: float, height: float, dot: float) -> Array:
    """Return small diamonds on a dome, in the spiral in which a real flower sets its florets."""
    share = np.sqrt((np.arange(count) + 0.5) / count) * 0.97
    angle = np.arange(count) * GOLDEN_ANGLE
    height_here = height * np.sqrt(1 - share**2) + 0.02
    middle = np.stack(
        [radius * share * np.cos(angle), radius * share * np.sin(angle), height_here], axis=-1
    )
    corners = dot * np.array([[[-1, 0, 0], [0, -1, 0]], [[0, 1, 0], [1, 0, 0]]])
    return np.asarray(middle[:, None, None, :] + corners)


def blade_points(paths: Array, half_width: Array, fold: float) -> Array:
    """Return leaves or stems along paths (blades, rows, 2) in the picture's plane, each folded."""
    run = np.gradient(paths, axis=1)
    across = np.stack([-run[..., 1], run[..., 0]], axis=-1)
    across = across / (np.linalg.norm(across, axis=-1, keepdims=True) + 1e-9)
    side = np.array([-1.0, 0.0, 1.0])[:, None]
    width = half_width[:, :, None, None]
    flat = paths[:, :, None, :] + side * width * across[:, :, None, :]
    return np.concatenate([flat, fold * np.abs(side) * width], axis=-1)


def curve(start: Array, control: Array, end: Array, rows: int) -> Array:
    """Return points (..., rows, 2) on quadratic Bézier curves between points (..., 2)."""
    t = np.linspace(0, 1, rows)[:, None]
    first, middle, last = (point[..., None, :] for point in (start, control, end))
    return np.asarray((1 - t) ** 2 * first + 2 * t * (1 - t) * middle + t**2 * last)


def turned(tilt: float, roll: float) -> Array:
    """Return the rotation that tips the axis (towards the viewer) up by tilt, then rolls it."""
    c, s = np.cos(tilt), np.sin(tilt)
    tip = np.array([[1, 0, 0], [0, c, -s], [0, s, c]])
    c, s = np.cos(roll), np.sin(roll)
    return np.asarray(np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) @ tip)
