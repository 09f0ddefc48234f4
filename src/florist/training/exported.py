"""The networks that training has exported, asked before they are a model folder."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from florist.bundle import Bundle, Manifest, Precision, digests
from florist.dataset import Sample
from florist.engine import Outputs, Runtime, load_engine
from florist.images import Limits
from florist.judging import judge_of
from florist.parallel import in_order
from florist.prediction import Predictor
from florist.system import cpu_limit
from florist.training.workspace import Job


def exported_predictor(folder: Path, manifest: Manifest, limits: Limits) -> Predictor:
    """Load the network of a folder that is no whole model folder yet."""
    bundle = Bundle(path=folder, manifest=replace(manifest, files=digests(folder)), digest="")
    engine = load_engine(bundle, Runtime(at_once=cpu_limit()))
    return Predictor(bundle, engine, limits, judge_of(bundle, engine))


def answers_of(job: Job, precision: Precision, samples: Sequence[Sample], stage: str) -> Outputs:
    """Return all that an exported network answers to samples, each of shape (samples, ...).

    Raises `DatasetError` where a picture cannot be read any more.
    """
    spec = job.config.spec
    manifest = Manifest(
        name="", created="", florist="", classes=job.dataset.classes, spec=spec, precision=precision
    )
    engine = exported_predictor(job.workspace.exported, manifest, job.config.limits).engine
    rows = in_order(lambda sample: engine.run(sample.load(spec)[np.newaxis]), samples)
    found: dict[str, NDArray[np.float32]] = {}
    for index, row in enumerate(rows):
        for name, values in row.items():
            if name not in found:
                found[name] = np.empty((len(samples), *values.shape[1:]), np.float32)
            found[name][index] = values[0]
        job.listener.progress(stage, index + 1, len(samples))
    return found
