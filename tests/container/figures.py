"""The table of docs/benchmarks.md that the container's tests fill in."""

from pathlib import Path
from typing import Final

_BEGIN: Final = "<!-- container: written by `make test-container FIGURES=--write-figures` -->"
_END: Final = "<!-- container: end -->"


class Figures:
    """What was measured, beside what it had to reach."""

    def __init__(self) -> None:
        self._rows: list[tuple[str, str, str]] = []

    def hold(self, what: str, measured: float, limit: float, unit: str) -> None:
        """Note a figure, and fail where it is beyond its limit."""
        self._rows.append((what, f"≤ {limit:g} {unit}", f"{measured:.3g} {unit}"))
        assert measured <= limit, f"{what}: {measured:g} {unit}, to reach: {limit:g} {unit}"

    def note(self, what: str, to_reach: str, measured: str) -> None:
        """Note what is no plain number."""
        self._rows.append((what, to_reach, measured))

    def write(self, file: Path) -> None:
        """Put the table between its marks, which are added at the end where they are not there."""
        head = "| | to reach | measured |\n| --- | ---: | ---: |\n"
        table = head + "".join(f"| {' | '.join(row)} |\n" for row in self._rows)
        text = file.read_text(encoding="utf-8") if file.exists() else "# Benchmarks\n"
        if _BEGIN not in text:
            text += f"\n## The container\n\n{_BEGIN}\n{_END}\n"
        before, rest = text.split(_BEGIN)
        after = rest.split(_END)[1]
        file.write_text(f"{before}{_BEGIN}\n\n{table}\n{_END}{after}", encoding="utf-8")
