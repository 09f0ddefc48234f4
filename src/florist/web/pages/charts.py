"""Line charts as numbers: where a template draws which line of an SVG."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

WIDTH: Final = 440
HEIGHT: Final = 250
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 14, 14, 34


@dataclass(frozen=True)
class Tick:
    """A mark on an axis: where it is, and what is written beside it."""

    at: float
    text: str


@dataclass(frozen=True, kw_only=True)
class Chart:
    """Lines over epochs, in the coordinates of an SVG of `WIDTH` × `HEIGHT`.

    `lines` maps a name to the `points` of a polyline, `best` is where the best epoch's last line
    stands.
    """

    title: str
    lines: Mapping[str, str]
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]
    best: tuple[float, float]
    best_value: float
    width: int = WIDTH
    height: int = HEIGHT
    left: int = _LEFT
    right: int = WIDTH - _RIGHT
    top: int = _TOP
    bottom: int = HEIGHT - _BOTTOM


def line_chart(title: str, series: Mapping[str, Sequence[float]], best: int) -> Chart:
    """Lay out series of equal length, one value an epoch; `best` counts from 0."""
    epochs = len(next(iter(series.values())))
    ticks = _round_numbers([value for values in series.values() for value in values])
    low, high = ticks[0], ticks[-1]

    def x(epoch: int) -> float:
        share = epoch / (epochs - 1) if epochs > 1 else 0.5
        return round(_LEFT + share * (WIDTH - _LEFT - _RIGHT), 1)

    def y(value: float) -> float:
        return round(HEIGHT - _BOTTOM - (value - low) / (high - low) * (HEIGHT - _TOP - _BOTTOM), 1)

    last = list(series.values())[-1]
    step = max(1, math.ceil((epochs - 1) / 4))
    return Chart(
        title=title,
        lines={
            name: " ".join(f"{x(epoch)},{y(value)}" for epoch, value in enumerate(values))
            for name, values in series.items()
        },
        across=tuple(
            Tick(x(epoch), f"{epoch + 1}" if epoch else "epoch 1")
            for epoch in range(0, epochs, step)
        ),
        up=tuple(Tick(y(value), f"{value:g}") for value in ticks),
        best=(x(best), y(last[best])),
        best_value=last[best],
    )


def _round_numbers(values: Sequence[float]) -> list[float]:
    """Return four to nine round numbers, evenly spaced, that enclose all values."""
    low, high = min(values), max(values)
    span = max(high - low, 1e-3)
    power = 10 ** math.floor(math.log10(span / 4))
    step = next(power * factor for factor in (1, 2, 5, 10) if span / (power * factor) <= 6)
    first, last = math.floor(low / step), max(math.ceil(high / step), math.floor(low / step) + 1)
    return [round(index * step, 10) for index in range(first, last + 1)]
