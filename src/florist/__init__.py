"""florist turns a folder of pictures into an image classifier that people can use.

>>> import florist
>>> predictor = florist.load("output")
>>> predictor.predict("rose.jpg")[0].label
'rose'
"""

from typing import TYPE_CHECKING, Any

from florist.errors import FloristError

if TYPE_CHECKING:
    from florist.engine import Runtime
    from florist.prediction import Prediction, Predictor, load

__all__ = ["FloristError", "Prediction", "Predictor", "Runtime", "load"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Import what predicts when it is asked for (PEP 562): `florist --help` never does."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from florist import prediction

    return getattr(prediction, name)
