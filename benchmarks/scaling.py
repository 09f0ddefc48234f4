"""Whether florist's rate holds: in two processes, with large photographs, over a folder."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Any, Final

from benchmarks.materials import Bench, phone_jpeg
from benchmarks.processes import python, run, serving
from benchmarks.serving import CLIENTS, FLORIST, first_labels, florist
from benchmarks.traffic import connect, throughput

PRECISION: Final = "int8"
"""The fastest: what does not grow with the network weighs most there."""
_LARGE: Final = (1600, 1200)
_PHOTOS: Final = 20
_BATCH: Final = 1000


def measure(bench: Bench) -> dict[str, Any]:
    """Return requests a second of each way to serve, and pictures a second of a batch."""
    model, small = bench.model(bench.backbones[0]), bench.jpegs()
    photos = [file for file in sorted(bench.few().rglob("*")) if file.is_file()][::7][:_PHOTOS]
    large = [phone_jpeg(photo, _LARGE) for photo in photos]
    half = {"FLORIST_THREADS": "1"}
    return {
        "requests_per_s": {
            "one": _rate(bench, model, small),
            "two workers": _rate(bench, model, small, {"FLORIST_WORKERS": "2"}),
            "two servers": _rate(bench, model, small, half, servers=2),
            "large": _rate(bench, model, large),
        },
        "batch": _batch(bench, model),
    }


def _rate(
    bench: Bench,
    model: Path,
    pictures: Sequence[bytes],
    env: Mapping[str, str] | None = None,
    *,
    servers: int = 1,
) -> float:
    """Return how many requests a second some servers answer together."""
    env = {"FLORIST_KEEP_UPLOADS": "false", **(env or {})}
    ports = []
    with ExitStack() as running:
        for _ in range(servers):
            each = florist(model, PRECISION)
            running.enter_context(serving(each.command, each.port, env))
            first_labels(each.port, FLORIST, pictures[:5])
            ports.append(each.port)

        def work(number: int) -> Callable[[], Any]:
            connection, turn = connect(ports[number % servers]), count(number)
            return lambda: FLORIST.ask(connection, pictures[next(turn) % len(pictures)])

        return throughput(work, CLIENTS, bench.seconds)


def _batch(bench: Bench, model: Path) -> dict[str, float]:
    """Return the pictures a second of the engine alone, and of `florist predict` as a process."""
    arguments = [str(model), str(bench.few()), str(bench.seconds), PRECISION]
    engine = run(python("-m", "benchmarks.bare", *arguments))
    files = [str(file) for file in sorted(bench.photos.rglob("*")) if file.is_file()][:_BATCH]
    options = ["--model", str(model), "--precision", PRECISION, "--json"]
    whole = run(python("-m", "florist", "predict", *files, *options)).seconds
    return {
        "pictures": len(files),
        "engine": float(engine.text.split()[-1]),
        "predict": len(files) / whole,
    }
