"""How the results are read: a part of the benchmark by its name, what it found inside."""

from collections.abc import Iterator, Mapping
from typing import Any

Results = Mapping[str, Mapping[str, Any]]


def named(results: Results, kind: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Return what was measured with each backbone."""
    for name, found in results.items():
        if name.startswith(f"{kind} "):
            yield name.removeprefix(f"{kind} "), found


def rate(found: Mapping[str, Any]) -> float:
    """Return requests a second."""
    return float(found["requests_per_s"])
