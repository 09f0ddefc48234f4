"""Blossoms: what makes a daisy a daisy, as surfaces of radius 1 or so that face the viewer."""

from dataclasses import dataclass, replace

import numpy as np

from florist.demo.surface import (
    GOLDEN_ANGLE,
    Array,
    Cup,
    Ring,
    Surface,
    cup_points,
    dome_points,
    floret_points,
    ramp,
    ring_points,
)

GREEN = np.array([0.36, 0.52, 0.20])
# Roses and tulips share their colours, and the others share yellow: colour alone must not tell.
CUP_COLOURS = (
    (3, "c81628"),
    (2, "ec6d98"),
    (1.5, "f5efe5"),
    (1.7, "f7ce40"),
    (1, "f08434"),
    (0.6, "a868b4"),
)


@dataclass(frozen=True, kw_only=True)
class Blossom:
    """One blossom, and the height on its axis at which the stem ends."""

    surfaces: tuple[Surface, ...]
    foot: float = 0.0


def pick(rng: np.random.Generator, *choices: tuple[float, str]) -> Array:
    """Return one colour, 0 to 1, from (weight, hex) choices, shifted a little."""
    sums = np.cumsum([weight for weight, _ in choices])
    _, code = choices[int(np.searchsorted(sums, rng.random() * sums[-1], side="right"))]
    colour = np.frombuffer(bytes.fromhex(code), dtype=np.uint8) / 255
    return np.asarray(np.clip(colour + rng.normal(0, 0.025, 3), 0.02, 1))


def _ring(rng: np.random.Generator, ring: Ring, *stops: Array) -> Surface:
    colours = ramp(rng, (ring.count, *ring.cells), *stops)
    return Surface(points=ring_points(rng, ring), colours=colours, layer=ring.layer)


def _cup(rng: np.random.Generator, cup: Cup, *stops: Array) -> Surface:
    colours = ramp(rng, (len(cup.angle), *cup.cells), *stops)
    return Surface(points=cup_points(rng, cup), colours=colours)


def _disc(
    rng: np.random.Generator, radius: float, height: float, florets: int, stops: tuple[Array, Array]
) -> tuple[Surface, Surface]:
    dome = dome_points(radius, height)
    base = np.asarray((stops[0] + stops[1]) / 2 * 0.8)
    dots = floret_points(florets, radius, height, 0.75 * radius / np.sqrt(florets))
    share = np.linspace(0, 1, florets)[:, None]
    colour = (stops[0] * (1 - share) + stops[1] * share) * rng.normal(1, 0.16, (florets, 1))
    return (
        Surface(points=dome, colours=ramp(rng, (1, 4, 14), base, base * 0.75), layer=2),
        Surface(points=dots, colours=colour[:, None, None, :], layer=3),
    )


def daisy(rng: np.random.Generator) -> Blossom:
    """Slim rounded petals, most often white, around a small yellow button."""
    colour = pick(
        rng, (5, "f7f5f2"), (1, "f0b8cc"), (0.7, "d8c0ea"), (2, "f6d030"), (0.8, "f4a820")
    )
    tip = np.asarray(np.clip(colour * rng.uniform(0.96, 1.04, 3), 0, 1))
    centre = rng.uniform(0.24, 0.34)
    count = int(rng.integers(13, 24))
    elevation, bend = rng.uniform(-0.1, 0.5), rng.uniform(-0.6, 0.1)
    blunt = rng.uniform(0.35, 0.6)
    width = rng.uniform(1.5, 2.2) / count
    rings = [
        Ring(
            count=count - 2 * layer,
            inner=centre * 0.8,
            length=1 - centre * 0.8 - 0.08 * layer,
            width=width,
            elevation=elevation + 0.12 * layer,
            bend=bend,
            blunt=blunt,
            layer=layer,
        )
        for layer in range(int(rng.integers(1, 3)))
    ]
    petals = [_ring(rng, ring, colour * 0.80, colour * 0.97, tip) for ring in rings]
    yellow = pick(rng, (1, "f2b91c"), (1, "f5cd30"), (0.5, "e09a18"))
    disc = _disc(rng, centre, centre * rng.uniform(0.3, 0.8), 60, (yellow * 0.85, yellow))
    return Blossom(surfaces=(*petals, *disc))


def sunflower(rng: np.random.Generator) -> Blossom:
    """Many pointed yellow petals around a large dark disc of seeds."""
    colour = pick(rng, (4, "f7c414"), (2, "f4a812"), (1, "fbdc4a"), (0.7, "c9611a"))
    centre = rng.uniform(0.42, 0.58)
    count = int(rng.integers(15, 24))
    elevation, bend = rng.uniform(-0.2, 0.5), rng.uniform(-0.5, 0.4)
    rings = [
        Ring(
            count=count,
            inner=centre * 0.85,
            length=1 - centre * 0.85 - 0.06 * layer,
            width=rng.uniform(1.7, 2.4) / count,
            elevation=elevation + 0.2 * layer,
            bend=bend,
            peak=rng.uniform(0.75, 1.0),
            blunt=rng.uniform(0.75, 1.0),
            layer=layer,
        )
        for layer in range(2)
    ]
    petals = [_ring(rng, ring, colour * (0.88, 0.72, 0.6), colour, colour) for ring in rings]
    dark = pick(rng, (3, "3a2010"), (2, "5a3416"), (1, "241812"))
    heart = pick(rng, (2, "4a2c14"), (1, "6b6a24"), (1, "7a4a1a"))
    disc = _disc(rng, centre, centre * rng.uniform(0.15, 0.4), 130, (heart, dark * 1.5))
    return Blossom(surfaces=(*petals, *disc))


def dandelion(rng: np.random.Generator) -> Blossom:
    """A brush of narrow yellow straps, or the white clock of seeds that follows it."""
    return _clock(rng) if rng.random() < 0.36 else _brush(rng)


def _brush(rng: np.random.Generator) -> Blossom:
    colour = pick(rng, (3, "fbd21c"), (2, "f8c010"), (1, "fce04a"))
    rings = []
    layers = int(rng.integers(6, 8))
    for step in np.linspace(0, 1, layers):
        ring = Ring(
            count=int(46 - 26 * step),
            inner=0.02,
            length=1 - 0.6 * step,
            width=0.05 - 0.015 * step,
            elevation=0.1 + 1.1 * step + rng.normal(0, 0.05),
            bend=rng.uniform(-0.5, 0.1),
            peak=2.0,
            blunt=0.3,
            cells=(2, 1),
        )
        deep = colour * (1 - 0.1 * step, 0.86 - 0.16 * step, 0.6)
        rings.append(_ring(rng, ring, deep * 0.6, deep, colour * (1, 1 - 0.1 * step, 1)))
    sepals = Ring(
        count=14, inner=0.05, length=0.5, width=0.07, elevation=-0.3, bend=-0.9, cells=(3, 1)
    )
    return Blossom(surfaces=(_ring(rng, sepals, GREEN * 0.7, GREEN), *rings), foot=-0.1)


def _clock(rng: np.random.Generator) -> Blossom:
    count, hairs = int(rng.integers(70, 100)), 7
    up = 1 - 2 * (np.arange(count) + 0.5) / count
    around = np.arange(count) * GOLDEN_ANGLE
    flat = np.sqrt(1 - up**2)
    out = np.stack([flat * np.cos(around), flat * np.sin(around), up], axis=-1)
    out = out + rng.normal(0, 0.05, out.shape)
    if rng.random() < 0.35:
        # Some seeds have flown: the wind takes them from one side.
        wind = rng.normal(size=3)
        out = out[out @ wind / np.linalg.norm(wind) < rng.uniform(0.3, 0.8)]
    stalk_end = out * 0.72
    # Each seed carries a parasol: hairs that leave its stalk to all sides, at right angles.
    spread = np.cross(out[:, None, :], rng.normal(size=(len(out), hairs, 3)))
    spread = spread / np.linalg.norm(spread, axis=-1, keepdims=True)
    tips = out[:, None, :] * 0.94 + rng.uniform(0.17, 0.24) * spread
    stalks = _threads(out * 0.1, stalk_end, 0.006)
    tufts = _threads(np.repeat(stalk_end, hairs, axis=0), tips.reshape(-1, 3), 0.004)
    white = pick(rng, (2, "f4f2ee"), (1, "e8e4da"))
    seed = pick(rng, (1, "8a7050"), (1, "6a6a40"))
    core = dome_points(0.14, 0.14)
    return Blossom(
        surfaces=(
            Surface(points=core, colours=ramp(rng, (1, 4, 14), seed * 0.8, seed * 0.6)),
            Surface(points=stalks, colours=ramp(rng, (len(stalks), 1, 1), white * 0.72)),
            Surface(points=tufts, colours=ramp(rng, (len(tufts), 1, 1), white)),
        )
    )


def _threads(start: Array, end: Array, half_width: float) -> Array:
    side = np.cross(end - start, np.array([0.3, 0.2, 1.0]))
    side = half_width * side / (np.linalg.norm(side, axis=-1, keepdims=True) + 1e-9)
    corners = [np.stack([point - side, point + side], axis=1) for point in (start, end)]
    return np.stack(corners, axis=1)


def rose(rng: np.random.Generator) -> Blossom:
    """Broad petals wound around each other, tight in the heart and rolled back outside."""
    colour = pick(rng, *CUP_COLOURS, (1, "f5a582"))
    count = int(rng.integers(15, 24))
    out = np.linspace(0, 1, count)
    opening = rng.uniform(0.2, 1.0)
    cup = Cup(
        angle=np.arange(count) * GOLDEN_ANGLE + rng.normal(0, 0.12, count),
        half_angle=1.9 - 0.9 * out,
        radius=0.10 + (0.40 + 0.22 * opening) * out,
        height=1.05 - (0.08 + 0.22 * opening) * out,
        flare=0.02 + (0.08 + 0.22 * opening) * out**2,
        closing=0.62 - 0.08 * opening,
        shoulder=0.22,
        pointed=2.5,
        cells=(6, 8),
    )
    petals = _cup(
        rng, cup, colour * 0.25, colour * (0.68, 0.62, 0.58), colour * 0.92, colour * 1.06
    )
    sepals = Ring(count=5, inner=0.05, length=0.7, width=0.12, elevation=-0.1, bend=0.4, blunt=0.9)
    return _lowered((petals, _ring(rng, sepals, GREEN * 0.8, GREEN)), 0.45)


def tulip(rng: np.random.Generator) -> Blossom:
    """Six broad petals that close to an egg, or open to a bowl with a dark star in it."""
    colour = pick(rng, *CUP_COLOURS, (0.7, "8a3a96"))
    edge = pick(rng, (1, "f8e070"), (1, "faf0e8")) if rng.random() < 0.3 else colour * 1.05
    outer = np.repeat([0.0, 1.0], 3)
    opening = rng.uniform(0, 1) ** 2
    cup = Cup(
        angle=np.arange(6) * 2 * np.pi / 3 + outer * np.pi / 3 + rng.uniform(0, 6.3),
        half_angle=np.full(6, 0.72),
        radius=0.50 + 0.06 * outer + 0.12 * opening,
        height=rng.uniform(1.3, 1.7) - 0.05 * outer + rng.normal(0, 0.03, 6),
        flare=np.full(6, 0.25 * opening) * (0.5 + outer),
        closing=0.78 - 0.2 * opening,
        shoulder=rng.uniform(0.3, 0.5),
        pointed=rng.uniform(1.0, 1.6),
        cells=(6, 6),
    )
    base = colour * 0.75 + GREEN * 0.12
    petals = _cup(rng, cup, base, colour * 0.9, colour, edge)
    star = pick(rng, (2, "2a2420"), (1, "d8b830"))
    floor = Surface(points=dome_points(0.16, 0.3), colours=ramp(rng, (1, 4, 14), star * 1.4, star))
    return _lowered((floor, petals), 0.75)


def _lowered(surfaces: tuple[Surface, ...], middle: float) -> Blossom:
    shift = np.array([0.0, 0.0, -middle])
    moved = tuple(replace(surface, points=surface.points + shift) for surface in surfaces)
    return Blossom(surfaces=moved, foot=-middle)
