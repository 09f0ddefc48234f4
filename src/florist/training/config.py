"""How to train, checked when it is made. Importing it imports no Keras."""

import difflib
from dataclasses import asdict, dataclass, field
from math import ceil
from pathlib import Path
from typing import Any, Final, Literal, Self, get_args

from florist.confidence.verdict import LEAST_MAX_ERROR, MOST_NONE, NONE
from florist.dataset import DUPLICATES, Duplicates
from florist.errors import TrainingError
from florist.images import DEFAULT_LIMITS, FITS, Fit, ImageSpec, Limits
from florist.training.backbones import BACKBONES, Backbone
from florist.training.recipes import RECIPE_NAMES, RECIPES, Recipe, RecipeName

ClassWeight = Literal["auto", "none"]
CLASS_WEIGHTS: Final[tuple[ClassWeight, ...]] = get_args(ClassWeight)
DEFAULT_BACKBONE: Final = "inceptionv3"


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """How far a training picture is moved at random, in either direction.

    `rotation` and `shear` are in degrees, `shift` and `zoom` in shares of the picture's side,
    `brightness` in shares of its brightness.
    """

    rotation: float = 20.0
    shift: float = 0.1
    shear: float = 8.0
    zoom: float = 0.15
    flip: bool = True
    brightness: float = 0.2

    def __post_init__(self) -> None:
        _check("rotation", self.rotation, 0, 180)
        _check("shift", self.shift, 0, 0.5)
        _check("shear", self.shear, 0, 45)
        _check("zoom", self.zoom, 0, 0.5)
        _check("brightness", self.brightness, 0, 0.9)


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """A recipe. The defaults are the ones that `florist train` has.

    `recipe` names one of `RECIPES`, which decides what is None: the number of epochs and of views
    (None: "cosine", and "classic" for a backbone that starts from nothing). `unfreeze` counts the
    backbone's last layers that are trained, or says "all" (None: as its row in the table); `views`
    is how many augmented views of each training picture the frozen layers see once, 0 for a fresh
    one through the whole network in every epoch. `weights` is "imagenet", "none" or the path of a
    weights file without top. `patience` is after how many epochs without a better validation loss
    training stops. `none` is the share of familiar pictures that the model may take for none of its
    classes, `max_error` that of its answers that may be wrong (None: it answers where the best
    class is more probable than all others together). `pictures` says whether small copies of some
    pictures go into the model folder.

    Raises `TrainingError` where a value makes no sense.
    """

    backbone: str = DEFAULT_BACKBONE
    weights: str = "imagenet"
    recipe: RecipeName | None = None
    unfreeze: int | Literal["all"] | None = None
    views: int | None = None
    epochs: int | None = None
    patience: int = 10
    batch_size: int = 32
    learning_rate: float = 1e-3
    dense: int = 512
    dropout: float = 0.5
    class_weight: ClassWeight = "auto"
    fit: Fit = "stretch"
    augmentation: Augmentation = field(default_factory=Augmentation)
    duplicates: Duplicates = "keep-together"
    max_megapixels: float = DEFAULT_LIMITS.max_pixels / 1e6
    none: float = NONE
    pictures: bool = True
    max_error: float | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        _choose("backbone", self.backbone, tuple(BACKBONES))
        _choose("class weight", self.class_weight, CLASS_WEIGHTS)
        _choose("fit", self.fit, FITS)
        _choose("duplicates", self.duplicates, DUPLICATES)
        _check("max megapixels", self.max_megapixels, 0.001, 100_000)
        if self.recipe is not None:
            _choose("recipe", self.recipe, RECIPE_NAMES)
        if self.trained_layers != "all":
            _check("unfreeze", self.trained_layers, 0, 10_000)
        _check("views", self.augmented_views, 0, 1000)
        if self.epochs is not None:
            _check("epochs", self.epochs, 1, 100_000)
        _check("patience", self.patience, 1, 100_000)
        _check("batch size", self.batch_size, 1, 65_536)
        _check("learning rate", self.learning_rate, 1e-9, 10)
        _check("dense", self.dense, 0, 65_536)
        _check("dropout", self.dropout, 0, 0.95)
        _check("none", self.none, 0, MOST_NONE)
        if self.max_error is not None:
            _check("max error", self.max_error, LEAST_MAX_ERROR, 1)
        _check("seed", self.seed, 0, 2**32 - 1)
        if self.weights == "imagenet" and not self.architecture.pretrained:
            # There is one way only to begin with such a backbone, so nobody need ask for it.
            object.__setattr__(self, "weights", "none")
        if self.weights not in {"imagenet", "none"} and not Path(self.weights).is_file():
            raise TrainingError(
                f"There is no weights file {self.weights}. Give the path of a weights file of "
                f"{self.backbone} without its top, `imagenet` or `none`."
            )

    @property
    def architecture(self) -> Backbone:
        """The backbone's row in the table."""
        return BACKBONES[self.backbone]

    @property
    def trained_layers(self) -> int | Literal["all"]:
        """How many of the backbone's last layers are trained."""
        return self.architecture.unfreeze if self.unfreeze is None else self.unfreeze

    @property
    def recipe_name(self) -> RecipeName:
        """The recipe. What starts from nothing needs the many epochs of the classic one."""
        from_nothing = self.weights == "none" and self.trained_layers == "all"
        return self.recipe or ("classic" if from_nothing else "cosine")

    @property
    def schedule(self) -> Recipe:
        """The recipe's row in the table."""
        return RECIPES[self.recipe_name]

    @property
    def augmented_views(self) -> int:
        """How many views of each training picture are computed once; 0: a fresh one every epoch."""
        return self.schedule.views if self.views is None else self.views

    def steps_per_epoch(self, pictures: int) -> int:
        """Return how many batches the training pictures make."""
        return ceil(pictures / self.batch_size)

    def epochs_for(self, pictures: int) -> int:
        """Return how many epochs there are at most, with so many training pictures."""
        return self.epochs or self.schedule.epochs_for(self.steps_per_epoch(pictures))

    def resolved(self, pictures: int) -> dict[str, Any]:
        """Return the recipe with all that it leaves to its defaults, for so many pictures."""
        return asdict(self) | {
            "recipe": self.recipe_name,
            "unfreeze": self.trained_layers,
            "views": self.augmented_views,
            "epochs": self.epochs_for(pictures),
        }

    @property
    def spec(self) -> ImageSpec:
        """What the trained model will want to see."""
        return ImageSpec(size=self.architecture.size, fit=self.fit)

    @property
    def limits(self) -> Limits:
        """What is read of a picture at most, when the folder is read and ever after."""
        return Limits(max_pixels=round(self.max_megapixels * 1e6))

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Make a recipe from what `dataclasses.asdict` made of one."""
        return cls(**values | {"augmentation": Augmentation(**values["augmentation"])})


def _check(name: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        raise TrainingError(f"The {name} must be from {least} to {most}; found {value}.")


def _choose(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        near = difflib.get_close_matches(value, choices, n=1, cutoff=0.4)
        guess = f" Did you mean {near[0]}?" if near else ""
        raise TrainingError(
            f"There is no {name} {value!r}.{guess} Choose one of: {', '.join(choices)}."
        )
