"""What computes the features: Keras on a GPU, and on a CPU the engine that will serve the model.

An engine made for inference takes a fraction of the time that a training framework takes for the
same layers.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import keras
import numpy as np
from numpy.typing import NDArray

from florist.engine import load_layers
from florist.images import RGB
from florist.system import cpu_limit, replacing
from florist.training.backend import has_gpu
from florist.training.network import as_list
from florist.training.onnx_export import export_onnx

Features = list[NDArray[Any]]
Trunk = Callable[[RGB], Features]
"""uint8 pictures (N, size, size, 3) in, every output of the frozen layers (N, ...) out."""

_LARGEST_HALF: Final = float(np.finfo(np.float16).max)


def trunk_of(frozen: keras.Model, file: Path) -> Trunk:
    """Return what computes the frozen layers fastest, clipped to what float16 can hold.

    It may export them to `file`.
    """
    layers: Trunk
    if has_gpu():
        layers = lambda pictures: as_list(frozen.predict_on_batch(pictures))  # noqa: E731
    else:
        layers = ExportedTrunk(frozen, file)
    return lambda pictures: [
        np.clip(output, -_LARGEST_HALF, _LARGEST_HALF) for output in layers(pictures)
    ]


def weights_digest(model: keras.Model) -> str:
    """Return the SHA-256 of a model's weights, in their order, whatever they are called."""
    digest = sha256()
    for weight in model.weights:
        values = np.ascontiguousarray(keras.ops.convert_to_numpy(weight))
        digest.update(f"{values.dtype}{values.shape}".encode())
        digest.update(values.data)
    return digest.hexdigest()


class ExportedTrunk:
    """The frozen layers, exported when they are first needed and run by the default engine.

    Each picture goes through by itself, so its features do not depend on its neighbours; several
    threads keep all of the CPU's cores busy.
    """

    def __init__(self, frozen: keras.Model, file: Path) -> None:
        self._frozen, self._file = frozen, file
        self._layers: Trunk | None = None
        self._pool = ThreadPoolExecutor(cpu_limit())

    def __call__(self, pictures: RGB) -> Features:
        """Return the features of pictures of shape (N, size, size, 3)."""
        layers = self._layers = self._layers or self._load()
        rows = self._pool.map(layers, np.split(pictures, len(pictures)))
        return [np.concatenate(parts) for parts in zip(*rows, strict=True)]

    def _load(self) -> Trunk:
        if not self._file.exists():
            with replacing(self._file) as partial:
                export_onnx(self._frozen, partial)
        return load_layers(self._file, self._frozen.input_shape[1])
