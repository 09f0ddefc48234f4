"""What an engine answers to several pictures."""

import numpy as np

from florist.engine import Engine, Outputs
from florist.images import RGB


def answers(engine: Engine, pictures: RGB) -> Outputs:
    """Return what a network answers to pictures (N, size, size, 3), each of shape (N, ...)."""
    rows = [engine.run(picture[np.newaxis]) for picture in pictures]
    return {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}
