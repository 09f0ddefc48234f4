"""Test accuracy of florist's training and of the classic way, over several seeds.

No clock runs here, so as many trainings go on side by side as there are cores; how long one takes
by itself is measured by `benchmarks.training`.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from benchmarks.materials import Bench
from benchmarks.training import Recipe, classic, florist


def measure(bench: Bench, backbone: str) -> dict[str, Any]:
    """Return the accuracies of each way, a seed after the other."""
    recipes = [Recipe(bench, backbone, bench.epochs, seed) for seed in range(bench.seeds)]
    bench.split()  # which two trainings must not draw at once
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        ours = pool.map(florist, recipes)
        theirs = pool.map(classic, recipes)
        return {
            "florist": [run["test_accuracy"] for run in ours],
            "classic": [run["test_accuracy"] for run in theirs],
        }
