"""Training: `train(dataset, config)` writes a model folder. Keras is imported when it is called."""

import os
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Final

from florist.bundle import Bundle, Registry
from florist.dataset import Dataset
from florist.errors import TrainingError
from florist.progress import Listener, PrintingListener
from florist.system import stderr_silenced
from florist.training.config import Augmentation, TrainingConfig
from florist.training.workspace import Job, Workspace

__all__ = ["Augmentation", "TrainingConfig", "load_keras", "train"]


_BACKENDS: Final = {"tensorflow": "'florist[train]'", "jax": "jax"}
"""The backends of Keras that train, and what to install for each."""


def load_keras() -> None:
    """Import Keras and its backend, which takes seconds, without what TensorFlow says of itself.

    Raises `TrainingError` where one of them is not installed, or the backend is none that trains.
    """
    # TensorFlow reads this when it is imported; without it, it logs about the machine's CPU.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    _require_trains(os.environ.get("KERAS_BACKEND") or "tensorflow")
    try:
        with nullcontext() if "keras" in sys.modules else stderr_silenced():
            import keras

            # Without it there is no export, and no seed: Keras sets TensorFlow's whenever it can.
            import tensorflow  # noqa: F401
    except ModuleNotFoundError as error:
        missing = _BACKENDS.get(error.name or "", _BACKENDS["tensorflow"])
        raise TrainingError(f"Training needs Keras ({error}): pip install {missing}") from error
    _require_trains(keras.backend.backend())  # a file of Keras' may name it, too


def _require_trains(backend: str) -> None:
    if backend not in _BACKENDS:
        raise TrainingError(
            f"Training computes with {' or '.join(_BACKENDS)}, and Keras is set to {backend!r}. "
            "Set KERAS_BACKEND to one of them; without it, Keras takes TensorFlow."
        )


def train(
    dataset: Dataset,
    config: TrainingConfig,
    output: Path | str | Registry = "output",
    *,
    listener: Listener | None = None,
    resume: bool = False,
    force: bool = False,
) -> Bundle:
    """Train on a data set and write the model folder `output`, or a new one into a registry.

    While it runs, what it needs to go on after an interruption lies in the folder
    `<output>.training`; `resume` goes on from there. `force` replaces a finished model and drops
    an unfinished training. A `listener` hears how far it is; by default it is printed to standard
    error, and `Listener()` is silence.

    Raises `DatasetError` where there is too little to train on, `BundleError` where `output` is
    taken, `TrainingError` for everything else that stands in the way.
    """
    load_keras()
    from florist.training.run import run

    target = output if isinstance(output, Registry) else Path(output)
    job = Job(
        dataset=dataset,
        config=config,
        workspace=Workspace.of(target.path if isinstance(target, Registry) else target),
        listener=listener or PrintingListener(),
    )
    return run(job, target, resume=resume, force=force)
