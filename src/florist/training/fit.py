"""The epochs. After each one everything that the next depends on is on disk.

This is a loop of our own because Keras' callbacks forget on resume what was learned about the
epochs before: `EarlyStopping` its patience and best value, `BackupAndRestore` the history.
"""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import keras
import numpy as np
from numpy.typing import NDArray

from florist.confidence.temperature import Logits
from florist.dataset import Sample
from florist.errors import TrainingError
from florist.system import replacing, write_atomically
from florist.training.config import TrainingConfig
from florist.training.optimizer import optimizer_of
from florist.training.sources import BatchSource, Indices
from florist.training.workspace import Job

_STATE: Final = "fit.json"


@dataclass
class FitState:
    """Where the fit stands: the logs of each finished epoch, and which one would be kept.

    That is the one with the lowest validation loss, or the last one of a cosine. `best_epoch`
    counts from 0; `waited` is how many epochs have passed since without a better one.
    """

    history: list[dict[str, float]] = field(default_factory=list)
    best_epoch: int = -1
    best_loss: float = float("inf")
    waited: int = 0


def fit(classifier: keras.Model, source: BatchSource, job: Job) -> FitState:
    """Train until the epochs are over or patience is out, then put the kept epoch's weights back.

    Goes on after the last finished epoch where the workspace has one; on a CPU the outcome is then
    the same to the last bit.
    """
    config, folder = job.config, job.workspace.fit
    classifier.compile(
        optimizer=optimizer_of(config, len(job.dataset.train)),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    _build(classifier, source)
    state = _restore(classifier, folder)
    for epoch in range(len(state.history), job.epochs):
        if state.waited >= config.patience:
            break
        logs = _train_epoch(classifier, source, job, epoch)
        with _averaged(classifier):
            logs |= _validate(classifier, source, job)
            averaged = _values(classifier.variables)
        require_numbers(logs, epoch, config)
        ends_cosine = config.schedule.cosine and epoch + 1 == job.epochs
        _remember(state, logs, keep=ends_cosine)
        _save(classifier, averaged, state, folder)
        job.listener.epoch(epoch + 1, job.epochs, logs)
    _load(folder / _best_name(state), classifier.variables)
    return state


@contextmanager
def _averaged(classifier: keras.Model) -> Iterator[None]:
    """Put the averaged weights in place, and afterwards those that training goes on from."""
    variables = classifier.trainable_variables
    current = _values(variables)
    classifier.optimizer.finalize_variable_values(variables)
    # Copies: on JAX each step takes its variables' memory, and the optimizer's averages are in it.
    _assign(variables, _values(variables))
    yield
    _assign(variables, current)


def require_numbers(logs: dict[str, float], epoch: int, config: TrainingConfig) -> None:
    """Raise `TrainingError` where training has diverged to infinities."""
    if not np.isfinite([*logs.values()]).all():
        raise TrainingError(
            f"The loss is no number any more in epoch {epoch + 1}. Start over with --force and a "
            f"lower --learning-rate; it was {config.learning_rate}."
        )


def class_weights(
    labels: NDArray[np.int64], classes: int, config: TrainingConfig
) -> NDArray[np.float32]:
    """Return a weight for each class: the rarer it is, the more each of its pictures counts.

    The weights make every class count the same, and are 1 on average over the pictures.
    """
    if config.class_weight == "none":
        return np.ones(classes, np.float32)
    counts = np.bincount(labels, minlength=classes)
    return (len(labels) / (classes * np.maximum(counts, 1))).astype(np.float32)


def _train_epoch(
    classifier: keras.Model, source: BatchSource, job: Job, epoch: int
) -> dict[str, float]:
    config, labels = job.config, _labels(job.dataset.train)
    weights = class_weights(labels, len(job.dataset.classes), config)[labels]
    order = np.random.default_rng([config.seed, epoch]).permutation(len(labels))
    parts = []
    for indices, inputs in prefetched(lambda i: source.train(i, epoch), order, config.batch_size):
        logs = classifier.train_on_batch(
            inputs, labels[indices], sample_weight=weights[indices], return_dict=True
        )
        parts.append((len(indices), logs))
    return {"loss": _mean(parts, "loss"), "accuracy": _mean(parts, "accuracy")}


def _validate(classifier: keras.Model, source: BatchSource, job: Job) -> dict[str, float]:
    labels, batch_size = _labels(job.dataset.val), job.config.batch_size
    parts = []
    for indices, inputs in prefetched(source.val, np.arange(len(labels)), batch_size):
        logs = classifier.test_on_batch(inputs, labels[indices], return_dict=True)
        parts.append((len(indices), logs))
    return {"val_loss": _mean(parts, "loss"), "val_accuracy": _mean(parts, "accuracy")}


def validation_logits(
    classifier: keras.Model, source: BatchSource, job: Job
) -> tuple[Logits, NDArray[np.int64]]:
    """Return what the softmax makes its probabilities of, up to a constant, and the labels."""
    labels = _labels(job.dataset.val)
    batches = prefetched(source.val, np.arange(len(labels)), job.config.batch_size)
    parts = [classifier(inputs, training=False) for _, inputs in batches]
    probabilities = np.concatenate([keras.ops.convert_to_numpy(part) for part in parts])
    return np.log(np.maximum(probabilities, np.finfo(np.float32).tiny)), labels


def _mean(parts: list[tuple[int, dict[str, Any]]], name: str) -> float:
    """Return a metric's mean over pictures; Keras starts afresh with each batch given to it."""
    return float(np.average([logs[name] for _, logs in parts], weights=[n for n, _ in parts]))


def prefetched(read: Any, order: Indices, batch_size: int) -> Iterator[tuple[Indices, Any]]:
    """Yield (indices, inputs) batch by batch; the next one is read while this one is worked on."""
    batches = [order[start : start + batch_size] for start in range(0, len(order), batch_size)]
    with ThreadPoolExecutor(1) as reader:
        ahead = reader.submit(read, batches[0])
        for number, indices in enumerate(batches):
            inputs = ahead.result()
            if number + 1 < len(batches):
                ahead = reader.submit(read, batches[number + 1])
            yield indices, inputs


def _build(classifier: keras.Model, source: BatchSource) -> None:
    """Run one sample through, so that every variable is there to be restored."""
    classifier(source.val(np.array([0])), training=False)
    classifier.optimizer.build(classifier.trainable_variables)


def _remember(state: FitState, logs: dict[str, float], *, keep: bool) -> None:
    """Add an epoch's logs, and keep it where it is the best so far or is to be kept anyhow."""
    epoch = len(state.history)
    state.history.append(logs)
    if keep or logs["val_loss"] < state.best_loss:
        state.best_epoch, state.best_loss, state.waited = epoch, logs["val_loss"], 0
    else:
        state.waited += 1


def _save(
    classifier: keras.Model, averaged: list[NDArray[Any]], state: FitState, folder: Path
) -> None:
    """Write the weights first, then the state that names them, then drop what it no longer names.

    A kill between any two steps leaves the state before, with its files.
    """
    epoch = len(state.history) - 1
    if state.best_epoch == epoch:
        _dump(folder / _best_name(state), averaged)
    current = _values([*classifier.variables, *classifier.optimizer.variables])
    _dump(folder / _last_name(state), current)
    write_atomically(folder / _STATE, json.dumps(asdict(state)))
    _sweep(folder, state)


def _restore(classifier: keras.Model, folder: Path) -> FitState:
    try:
        state = FitState(**json.loads((folder / _STATE).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return FitState()
    _sweep(folder, state)
    variables = [*classifier.variables, *classifier.optimizer.variables]
    _load(folder / _last_name(state), variables)
    return state


def _sweep(folder: Path, state: FitState) -> None:
    """Drop what the state does not name: of epochs before, and what a kill left half-written."""
    for path in folder.iterdir():
        if path.name not in {_STATE, _best_name(state), _last_name(state)}:
            path.unlink()


def _best_name(state: FitState) -> str:
    return f"best-{state.best_epoch:05}.npz"


def _last_name(state: FitState) -> str:
    return f"last-{len(state.history) - 1:05}.npz"


def _values(variables: list[keras.Variable]) -> list[NDArray[Any]]:
    return [np.array(keras.ops.convert_to_numpy(variable)) for variable in variables]


def _assign(variables: list[keras.Variable], values: list[NDArray[Any]]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def _dump(path: Path, arrays: list[NDArray[Any]]) -> None:
    with replacing(path) as partial, partial.open("wb") as file:
        np.savez(file, *arrays)


def _load(path: Path, variables: list[keras.Variable]) -> None:
    with np.load(path, allow_pickle=False) as arrays:
        for number, variable in enumerate(variables):
            variable.assign(arrays[f"arr_{number}"])


def _labels(samples: tuple[Sample, ...]) -> NDArray[np.int64]:
    return np.array([sample.label for sample in samples], np.int64)
