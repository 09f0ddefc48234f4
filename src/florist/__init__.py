"""florist turns a folder of pictures into an image classifier that people can use.

>>> import florist
>>> predictor = florist.load("output")
>>> predictor.predict("rose.jpg")[0].label
'rose'
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from florist.errors import FloristError, ImageError

if TYPE_CHECKING:
    from florist.dataset import Dataset
    from florist.dataset.scan import scan  # mypy would take it for the module of that name
    from florist.engine import Runtime
    from florist.evaluation import evaluate
    from florist.images import Limits
    from florist.prediction import Failure, Prediction, Predictor, Result, load
    from florist.progress import Listener
    from florist.report import Report
    from florist.training import Augmentation, TrainingConfig, train

__all__ = [
    "Augmentation",
    "Dataset",
    "Failure",
    "FloristError",
    "ImageError",
    "Limits",
    "Listener",
    "Prediction",
    "Predictor",
    "Report",
    "Result",
    "Runtime",
    "TrainingConfig",
    "evaluate",
    "load",
    "scan",
    "train",
]
__version__ = "0.1.0"

# Public name → the module it lives in, which is imported when the name is asked for (PEP 562):
# `florist --help` asks for none of them.
_HOMES: Final = {
    name: f"florist.{module}"
    for module, names in {
        "dataset": ("Dataset", "scan"),
        "engine": ("Runtime",),
        "evaluation": ("evaluate",),
        "images": ("Limits",),
        "prediction": ("Failure", "Prediction", "Predictor", "Result", "load"),
        "progress": ("Listener",),
        "report": ("Report",),
        "training": ("Augmentation", "TrainingConfig", "train"),
    }.items()
    for name in names
}


def __getattr__(name: str) -> Any:
    """Return a public name from the module it lives in."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    """List the public names, also those that nobody asked for yet."""
    return [*__all__, "__version__"]
