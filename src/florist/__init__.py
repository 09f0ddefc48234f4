"""florist turns a folder of pictures into an image classifier that people can use.

>>> import florist
>>> predictor = florist.load("output")
>>> predictor.predict("rose.jpg")[0].label
'rose'
"""

from florist.errors import FloristError
from florist.prediction import Prediction, Predictor, load

__all__ = ["FloristError", "Prediction", "Predictor", "load"]
__version__ = "0.1.0"
