"""What a whole process takes: `florist --help`, `florist predict`."""

from typing import Any, Final

import numpy as np

from benchmarks.materials import Bench
from benchmarks.processes import python, run

_ROUNDS: Final = 9


def measure(bench: Bench) -> dict[str, Any]:
    """Return the median of the seconds of each command."""
    picture = next(file for file in sorted(bench.few().rglob("*")) if file.is_file())
    found = {"--help": seconds("--help")}
    for backbone in bench.backbones:
        model = str(bench.model(backbone))
        found[f"predict, {backbone}"] = seconds("predict", str(picture), "--model", model)
    return {"seconds": found}


def seconds(*arguments: str) -> float:
    """Return the median time of a command."""
    command = python("-m", "florist", *arguments)
    return float(np.median([run(command).seconds for _ in range(_ROUNDS)]))
