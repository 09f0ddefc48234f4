"""The recipes, as a table: how the epochs go. Importing it imports no Keras."""

from dataclasses import dataclass
from math import ceil
from typing import Final, Literal, get_args

RecipeName = Literal["cosine", "classic"]
RECIPE_NAMES: Final[tuple[RecipeName, ...]] = get_args(RecipeName)


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What a training does where its options do not say otherwise.

    `epochs` go over the pictures, and more over few of them: at least `steps` steps of the
    optimizer. `cosine`: the learning rate follows one (Loshchilov & Hutter, "SGDR", 2017), and the
    last epoch is kept; otherwise it stays, and the epoch with the lowest validation loss is kept.
    `views` are computed of each picture, and `averaged` is over how many epochs the kept weights
    are a running average.
    """

    epochs: int
    steps: int
    cosine: bool
    views: int
    averaged: int

    def epochs_for(self, steps_per_epoch: int) -> int:
        """Return how many epochs there are, of so many steps each."""
        return max(self.epochs, ceil(self.steps / steps_per_epoch))


RECIPES: Final[dict[RecipeName, Recipe]] = {
    "cosine": Recipe(epochs=8, steps=120, cosine=True, views=2, averaged=1),
    "classic": Recipe(epochs=50, steps=0, cosine=False, views=4, averaged=3),
}
