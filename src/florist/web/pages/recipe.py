"""How a model was made, as names and values that people read, in their language."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from florist.bundle import Provenance
from florist.web.language import gettext as _
from florist.web.language import number
from florist.web.pages.wording import percent

# What was noted → how it is called, and how its value is written.
NAMES: Final[dict[str, tuple[str, str]]] = {
    "backbone": ("Backbone", "{}"),
    "weights": ("Weights to begin with", "{}"),
    "recipe": ("How the epochs go", "{}"),
    "unfreeze": ("Layers of the backbone trained", "the last {}"),
    "views": ("Views of each picture", "{}"),
    "epochs": ("Epochs at most", "{}"),
    "patience": ("Epochs without progress until it stops", "{}"),
    "batch_size": ("Pictures in a batch", "{}"),
    "learning_rate": ("Learning rate", "{}"),
    "dense": ("Units of the dense layer", "{}"),
    "dropout": ("Dropout", "{:%}"),
    "class_weight": ("Weights of the classes", "{}"),
    "fit": ("Fitted into the input by", "{}"),
    "augmentation rotation": ("Turned by up to", "{}°"),
    "augmentation shift": ("Shifted by up to", "{:%}"),
    "augmentation shear": ("Sheared by up to", "{}°"),
    "augmentation zoom": ("Zoomed by up to", "{:%}"),
    "augmentation flip": ("Mirrored", "{}"),
    "augmentation brightness": ("Brightened or darkened by up to", "{:%}"),
    "duplicates": ("Near-identical pictures", "{}"),
    "pictures": ("Small copies of pictures kept", "{}"),
    "none": ("Familiar pictures that may be none of these", "{:%}"),
    "max_error": ("Answers that may be wrong", "{:%}"),
    "max_megapixels": ("Largest picture", "{} megapixels"),
    "seed": ("Seed", "{}"),
}


def recipe_of(trained: Provenance) -> tuple[tuple[str, str], ...]:
    """Return names and values, in the order in which they were noted."""
    return (
        *_lines(trained.recipe),
        (_("Accuracy on validation pictures"), percent(trained.val_accuracy)),
        (_("Pictures on both sides of the split"), f"{trained.dataset.leaks or _('none')}"),
        (_("Digest of the data set"), trained.dataset.digest),
        ("Keras", trained.keras),
    )


def _lines(part: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    for key, value in part.items():
        noted = f"{before}{key}"
        if isinstance(value, Mapping):
            yield from _lines(value, f"{noted} ")
            continue
        name, form = NAMES.get(noted, (noted.replace("_", " ").capitalize(), "{}"))
        # Models of before say null.
        whole = key == "unfreeze" and value in (None, "all")
        yield _(name), _("all") if whole else _text(value, _(form))


def _text(value: object, form: str = "{}") -> str:
    match value:
        case bool():
            return _("yes") if value else _("no")
        case None:
            return "–"
        case int() | float() if form == "{:%}":
            return number(f"{100 * value:g}\N{NO-BREAK SPACE}%")
        case float():
            return form.format(number(f"{value:g}"))
        case list() | tuple():
            return ", ".join(map(_text, value))
        case _:
            return form.replace("{:%}", "{}").format(value)
