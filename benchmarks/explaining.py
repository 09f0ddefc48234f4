"""What an explanation costs, and how much of its map lies on the flower where that is known."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops

from florist.bundle import NETWORKS
from florist.demo.light import develop, paint, random_light
from florist.demo.plants import SPECIES, Place, grow
from florist.demo.scenes import background
from florist.engine import Runtime
from florist.explaining import Explainer, Explanation
from florist.prediction import Predictor, load

_SIZE: Final = 160
_SCENES: Final = 30
"""Of each kind of flower."""
_SHOWN: Final = 0.2
"""The share of a place that the plant has to cover."""


def cost(model: Path, files: Sequence[Path]) -> dict[str, float]:
    """Return what an explanation with its overlay takes by precision, in predictions.

    CPU time of whole answers, from the file on, each picture predicted and explained in turn.
    """
    found: dict[str, float] = {}
    for precision in NETWORKS:
        predictor = load(model, Runtime(precision=precision, threads=1))
        explainer = Explainer(predictor)
        predicting = explaining = 0.0
        for file in files:
            start = time.process_time()
            predictor.result(file)
            predicted = time.process_time()
            _explained(explainer, file).overlay()
            predicting += predicted - start
            explaining += time.process_time() - predicted
        found[precision] = explaining / predicting
    return found


def on_the_flower(predictor: Predictor) -> dict[str, float]:
    """Return which share of the maps lies in places that show the plant, and what share those are.

    Of drawn flowers that are told from the others, one in each picture.
    """
    explainer, shares = Explainer(predictor), []
    for name in SPECIES:
        for seed in range(_SCENES):
            picture, plant = flower_scene(name, np.random.default_rng([7, seed]))
            found = _explained(explainer, picture)
            if found.predictions[0].label == name:
                heat = found.heat
                covered = Image.fromarray(plant.astype(np.float32))
                places = covered.resize(heat.shape[::-1], Image.Resampling.BOX)
                shown = np.asarray(places) > _SHOWN
                shares.append((heat[shown].sum() / heat.sum(), shown.mean()))
    of_map, of_places = np.mean(shares, axis=0)
    return {"pictures": len(shares), "map": float(of_map), "places": float(of_places)}


def flower_scene(name: str, rng: np.random.Generator) -> tuple[Image.Image, NDArray[np.bool_]]:
    """Return a picture of one flower, and where in it the plant is, (height, width)."""
    light = random_light(rng)
    x, y = rng.uniform(0.35, 0.65, 2)
    place = Place(x=float(x), y=float(y), radius=float(rng.uniform(0.2, 0.35)))
    behind = background(rng, _SIZE).resize((2 * _SIZE, 2 * _SIZE), Image.Resampling.BILINEAR)
    picture = behind.copy()
    paint(picture, grow(rng, SPECIES[name], place), light)
    plant = np.asarray(ImageChops.difference(behind, picture)).max(axis=2) > 0
    return develop(picture.reduce(2), rng, light), plant


def _explained(explainer: Explainer, source: Path | Image.Image) -> Explanation:
    result = explainer.result(source)
    if not isinstance(result, Explanation):
        raise TypeError(f"{source} cannot be explained: {result.error}")
    return result
