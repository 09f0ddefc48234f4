"""What the scores and "none of these" are worth, through the exported model.

Foreign pictures are those of `benchmarks.foreign`. Familiar ones are the test side, which neither
weights nor scales have seen.
"""

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.foreign import foreign
from benchmarks.materials import Bench, drawn
from benchmarks.training import TRAINED, Recipe, train
from florist.bundle import REPORT, TRUST
from florist.confidence.foreign import Shares, auroc
from florist.confidence.reliability import reliability
from florist.confidence.temperature import log_loss
from florist.dataset import read_labelled
from florist.engine import PROBABILITIES
from florist.evaluation import relabelled, unseen
from florist.images import load_rgb
from florist.prediction import Predictor, Result, load

FAR: Final = ("noise", "text", "shapes", "screens", "packages")
"""The sets that hold no photographs."""
_TIMED: Final = 300


def measure(bench: Bench) -> dict[str, Any]:
    """Return the figures of each seed, with MobileNetV2 0.35 on the photographs.

    Each seed splits anew: it is tested on other pictures.
    """
    seeds = [_measured(bench, bench.photos, TRAINED, seed) for seed in range(bench.seeds)]
    return {"seeds": seeds}


def measure_tiny(bench: Bench) -> dict[str, Any]:
    """Return the figures of the demo's network on the demo's flowers."""
    return _measured(bench, drawn(bench.work, 200), "tiny", 0)


def _measured(bench: Bench, pictures: Path, backbone: str, seed: int) -> dict[str, Any]:
    output = bench.work / f"trust-{backbone}-{seed}"
    if not output.exists():
        recipe = Recipe(bench, backbone, bench.epochs, seed)
        train(pictures, output, ["--backbone", backbone, *recipe.options()])
    predictor = load(output)
    samples = unseen(relabelled(read_labelled(pictures), predictor.classes), predictor.bundle)
    results = list(predictor.predict_many(sample.path for sample in samples))
    familiar = np.array([result.familiarity for result in results], np.float64)
    sets = {
        name: np.array([r.familiarity for r in predictor.predict_many(files)], np.float64)
        for name, files in foreign(bench.work / "foreign", output).items()
    }
    none = predictor.judge.none
    return {
        "pictures": {"test": len(samples)} | {name: len(found) for name, found in sets.items()},
        "kept": float((familiar >= none).mean()),
        "caught": {name: float((found < none).mean()) for name, found in sets.items()},
        "auroc": {name: auroc(familiar, found) for name, found in sets.items()},
        "fpr95": {name: fpr95(familiar, found) for name, found in sets.items()},
        "scores": _scores(predictor, results, [sample.label for sample in samples]),
        "judge_share": judge_share(predictor, [sample.path for sample in samples[:_TIMED]]),
        "kb": (output / TRUST).stat().st_size / 1000,
    }


def fpr95(familiar: Shares, foreign: Shares) -> float:
    """Return the share of foreign pictures that pass where 95 % of the familiar ones do."""
    return float((foreign >= np.quantile(familiar, 0.05)).mean())


def _scores(
    predictor: Predictor, results: Sequence[Result], labels: Sequence[int]
) -> dict[str, float]:
    """Return how far the scores are off, with the temperature and without."""
    report = json.loads(predictor.bundle.read(REPORT))
    temperature = float(report["calibration"]["temperature"])
    truth = np.array(labels)
    found = np.stack([r.probabilities for r in results if r.probabilities is not None])
    logits = np.log(np.maximum(found, np.finfo(np.float32).tiny))
    measured = reliability(found.max(axis=1), found.argmax(axis=1) == truth)
    return {
        "temperature": temperature,
        "error": measured.error,
        "floor": measured.floor,
        "log_loss": log_loss(logits, truth),
        "raw_log_loss": log_loss(logits * np.float32(temperature), truth),
    }


def judge_share(predictor: Predictor, files: Sequence[Path]) -> float:
    """Return the share of a prediction's time that the judge takes, one picture after the other."""
    results = [predictor.result(file) for file in files]
    outputs = predictor.outputs(load_rgb(files[0], predictor.bundle.manifest.spec))
    start = time.perf_counter()
    for _ in files:
        predictor.judge.judge(outputs[PROBABILITIES][0], outputs)
    judging_ms = (time.perf_counter() - start) * 1000 / len(files)
    return judging_ms / float(np.median([result.ms for result in results]))
