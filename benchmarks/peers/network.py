"""What every peer serves: florist's decoder and florist's ONNX file, in ONNX Runtime."""

import os
from pathlib import Path

import numpy as np
import onnxruntime

from florist.bundle import read_bundle
from florist.images import load_rgb


class Classifier:
    """The network of the file that the environment names."""

    def __init__(self) -> None:
        network = Path(os.environ["NETWORK"])
        self._manifest = read_bundle(network.parent).manifest
        self._session = onnxruntime.InferenceSession(network, providers=["CPUExecutionProvider"])
        self._input = self._session.get_inputs()[0].name

    def decode(self, content: bytes) -> np.ndarray:
        """Return the pixels of a picture, shape (size, size, 3)."""
        return load_rgb(content, self._manifest.spec)

    def infer(self, pixels: np.ndarray) -> str:
        """Return the most probable label."""
        found = self.scores(pixels)
        return max(found, key=found.__getitem__)

    def scores(self, pixels: np.ndarray) -> dict[str, float]:
        """Return the probability of each label."""
        rows, *_ = self._session.run(["probabilities"], {self._input: pixels[np.newaxis]})
        return dict(zip(self._manifest.classes, map(float, rows[0]), strict=True))
