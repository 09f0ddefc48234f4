"""The engine alone, on decoded pictures, with as many threads as the server would use.

    python -m benchmarks.bare MODEL PICTURES SECONDS PRECISION

Prints pictures a second.
"""

import sys
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path
from typing import Any

from benchmarks.traffic import throughput
from florist import Runtime, load
from florist.images import RGB, load_rgb
from florist.prediction import Predictor
from florist.system import cpu_limit


def rate(predictor: Predictor, pictures: Sequence[RGB], threads: int, seconds: float) -> float:
    """Return how many pictures a second a predictor answers to threads that do not pause."""

    def work(number: int) -> Callable[[], Any]:
        turn = count(number)
        return lambda: predictor.probabilities(pictures[next(turn) % len(pictures)])

    return throughput(work, threads, seconds)


def main(model: str, folder: str, seconds: str, precision: str) -> None:
    """Load, decode, measure."""
    threads = cpu_limit()
    predictor = load(model, Runtime(at_once=threads, precision=precision))
    files = sorted(file for file in Path(folder).rglob("*") if file.is_file())[::7]
    pictures = [load_rgb(file, predictor.bundle.manifest.spec) for file in files]
    print(rate(predictor, pictures, threads, float(seconds)))


if __name__ == "__main__":
    main(*sys.argv[1:])
