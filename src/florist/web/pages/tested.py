"""Small copies of test pictures, by what they show and what they were taken for."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from florist.pictures import SmallPicture

_MOST_EXAMPLES: Final = 12


@dataclass(frozen=True)
class Tested:
    """A test picture and its number, which its address has."""

    number: int
    picture: SmallPicture


@dataclass(frozen=True)
class Gallery:
    """The test pictures among those of a model folder, whose order they keep."""

    pictures: Sequence[SmallPicture] = ()

    @cached_property
    def _cells(self) -> Mapping[tuple[str, str | None], Sequence[Tested]]:
        cells = defaultdict(list)
        for number, each in enumerate(self.pictures):
            if each.row is None:
                cells[each.label, each.predicted].append(Tested(number, each))
        return cells

    @cached_property
    def mistakes(self) -> Sequence[Tested]:
        """All mistakes, the most confident first."""
        numbered = enumerate(self.pictures)
        return [Tested(number, each) for number, each in numbered if each.is_mistake]

    @cached_property
    def examples(self) -> Sequence[Tested]:
        """One picture of a class that was taken for what it is, of so many classes."""
        right = [those[0] for (label, said), those in self._cells.items() if label == said]
        return sorted(right, key=lambda each: each.picture.label)[:_MOST_EXAMPLES]

    def cell(self, label: str, predicted: str) -> Sequence[Tested]:
        """Return the pictures of a class that were taken for a class."""
        return self._cells.get((label, predicted), ())

    def tested(self, number: int) -> SmallPicture | None:
        """Return the test picture of a number."""
        found = self.pictures[number] if number < len(self.pictures) else None
        return found if found is not None and found.row is None else None
