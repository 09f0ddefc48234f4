"""From a data set to a model folder: the steps of a training, in order."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path

import keras

from florist.bundle import Bundle, Registry, require_free, sweep
from florist.confidence.temperature import Calibration, calibrate
from florist.dataset import require_trainable
from florist.doubts import Doubts
from florist.training.backend import has_gpu
from florist.training.config import TrainingConfig
from florist.training.failures import named_failures
from florist.training.features import feature_source, picture_source
from florist.training.fit import FitState, fit, validation_logits
from florist.training.labels import label_doubts
from florist.training.network import Classifier, Network, build_network, divide_logits
from florist.training.promise import require_promisable
from florist.training.results import Outcome, finished, write_results
from florist.training.workspace import Job


def run(job: Job, output: Path | Registry, *, resume: bool, force: bool) -> Bundle:
    """Train and write the model folder; see `florist.training.train`."""
    dataset, config, workspace = job.dataset, job.config, job.workspace
    require_trainable(dataset)
    require_promisable(job)
    restart = force and not resume
    with named_failures(config, workspace.path), workspace.held():
        sweep(output)
        if resume and (written := finished(job, output)):
            workspace.remove()
            return written
        require_free(output, replace=force)
        workspace.require_free(resume=resume, force=force)
        if not restart:
            workspace.require_same(job.recipe)
        # The network comes first: without its weights, nothing is written and nothing removed.
        keras.utils.set_random_seed(config.seed)
        with _precision():
            network = build_network(config, len(dataset.classes))
        workspace.begin(job.recipe, restart=restart)
        fitted = _fit(network, job)
        model = float32_model(network, config, len(dataset.classes))
        bundle = write_results(Outcome(job, *fitted, model), output, force=force)
        workspace.remove()
    return bundle


def _precision() -> AbstractContextManager[None]:
    """Compute in 16 bits where there is a GPU, which is made for it."""
    return dtype_policy("mixed_float16" if has_gpu() else "float32")


@contextmanager
def dtype_policy(name: str) -> Iterator[None]:
    """Build layers with a dtype policy: `keras.applications` take it from nowhere else."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def _fit(network: Network, job: Job) -> tuple[FitState, Calibration, Doubts]:
    """Train tail and head on features, or the whole network on pictures; calibrate the scores.

    Labels are looked into first: what was trained on them would agree with the wrong ones, too.
    """
    streaming = network.trunk is None or job.config.augmented_views == 0
    source = picture_source(job) if streaming else feature_source(job, network.frozen())
    classifier = Classifier(network, streaming=streaming)
    doubts = label_doubts(classifier, source, job)
    state = fit(classifier, source, job)
    calibration = calibrate(*validation_logits(classifier, source, job))
    job.listener.say(calibration.reason)
    divide_logits(network.head, calibration.temperature)
    return state, calibration, doubts


def float32_model(network: Network, config: TrainingConfig, classes: int) -> keras.Model:
    """Return the whole network in 32 bits: what is saved, exported and served."""
    if network.backbone.dtype_policy.name == "float32":
        return network.whole()
    with dtype_policy("float32"):
        plain = build_network(replace(config, weights="none"), classes)
    plain.backbone.set_weights(network.backbone.get_weights())
    plain.head.set_weights(network.head.get_weights())
    # Its weights come from the other one.
    return replace(plain, from_scratch=network.from_scratch).whole()
