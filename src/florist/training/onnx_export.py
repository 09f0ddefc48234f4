"""A Keras model as an ONNX file.

Only with TensorFlow does Keras write one that all engines take, so another backend's model is
written by a process of its own, which computes with TensorFlow and takes its memory along.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import keras

from florist.errors import TrainingError, printable
from florist.system import PARTIAL


def export_onnx(model: keras.Model, path: Path, inner: Sequence[str] = ()) -> None:
    """Write a model that takes uint8 pictures (N, size, size, 3), with N free, as ONNX.

    Its `inner` outputs become tensors of that name inside the graph. The same model gives the same
    bytes, in every process and with every backend.

    Raises `TrainingError` where the process that writes it fails.
    """
    if keras.backend.backend() == "tensorflow":
        from florist.training.conversion import convert

        convert(model, path, inner)
        return
    # A process that is left over when this one is killed finds its folder gone, once a training
    # goes on, rather than writing into what that one makes.
    with TemporaryDirectory(dir=path.parent, suffix=PARTIAL) as folder:
        source, made = Path(folder) / "model.keras", Path(folder) / "model.onnx"
        model.save(source)
        convert_elsewhere(source, made, inner)
        made.replace(path)


def convert_elsewhere(source: Path, target: Path, inner: Sequence[str]) -> None:
    """Write a `.keras` file as ONNX, in a process that computes with TensorFlow.

    Raises `TrainingError` where it fails.
    """
    command = [sys.executable, "-m", "florist.training.conversion", str(source), str(target)]
    ended = subprocess.run(  # noqa: S603 - this Python, with our own code
        [*command, *inner],
        env=os.environ
        | {
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
            "PYTHONSAFEPATH": "1",  # the same modules as here, none from a working directory
            "KERAS_BACKEND": "tensorflow",
            "CUDA_VISIBLE_DEVICES": "-1",  # another backend has taken the GPU's memory
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        start_new_session=True,  # Ctrl-C is this process' to heed
    )
    if ended.returncode:
        reason = (ended.stderr.strip().splitlines() or [f"status {ended.returncode}"])[-1]
        raise TrainingError(
            f"The model could not be exported ({printable(reason)}). Make sure that TensorFlow "
            "and tf2onnx are there (pip install 'florist[train]'), and go on with --resume."
        )
