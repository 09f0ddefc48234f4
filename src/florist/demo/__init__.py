"""A demo data set: pictures of five flowers, drawn from code, to try florist with.

The folder imports nothing of florist but `errors` and `progress`.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from florist.demo.pictures import draw_flower
from florist.demo.plants import SPECIES
from florist.errors import DatasetError, printable
from florist.progress import Progress, silent

__all__ = ["FLOWERS", "draw_flower", "write_demo"]

FLOWERS: tuple[str, ...] = tuple(SPECIES)


def write_demo(
    root: Path,
    *,
    per_class: int = 200,
    size: int = 160,
    seed: int = 0,
    progress: Progress = silent,
) -> None:
    """Write root/<class>/<class>_0000.jpg and so on, all of them or nothing.

    A picture depends on the seed, its class and its number only.

    Raises `DatasetError` where `root` exists already.
    """
    if root.exists() or root.is_symlink():
        raise DatasetError(
            f"{printable(root)} is already there. Remove it, or name a folder that is still free."
        )
    root.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=f".{root.name}-", dir=root.parent) as workshop:
        # Renamed when complete: an interrupted run must not leave half a data set to train on.
        draft = Path(workshop) / root.name
        for class_index, name in enumerate(FLOWERS):
            folder = draft / name
            folder.mkdir(parents=True)
            for index in range(per_class):
                rng = np.random.default_rng([seed, class_index, index])
                picture = draw_flower(name, rng, size)
                picture.save(folder / f"{name}_{index:04d}.jpg", quality=90)
                progress(
                    "Drawing flowers", class_index * per_class + index + 1, per_class * len(FLOWERS)
                )
        draft.rename(root)
