"""What the scores and "none of these" are worth, through the exported model.

Foreign pictures are those of `benchmarks.foreign`. Familiar ones are the test side, which neither
weights nor scales have seen.
"""

import json
import shutil
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from benchmarks import explaining
from benchmarks.foreign import foreign
from benchmarks.materials import Bench, drawn
from benchmarks.training import TRAINED, Recipe, train
from florist.bundle import REPORT, TRUST
from florist.confidence.foreign import Shares, auroc
from florist.confidence.reliability import reliability
from florist.confidence.temperature import log_loss
from florist.dataset import Sample, read_labelled
from florist.engine import PROBABILITIES
from florist.evaluation import relabelled, unseen
from florist.images import load_rgb
from florist.prediction import Predictor, Result, load

FAR: Final = ("noise", "text", "shapes", "screens", "packages")
"""The sets that hold no photographs."""
MAX_ERROR: Final = 0.02
COVERAGE: Final = 0.95
_TIMED: Final = 300


def measure(bench: Bench) -> dict[str, Any]:
    """Return the figures of each seed, with MobileNetV2 0.35 on the photographs.

    Each seed splits anew: it is tested on other pictures.
    """
    seeds = [_measured(bench, bench.photos, TRAINED, seed) for seed in range(bench.seeds)]
    return {"seeds": seeds}


def measure_tiny(bench: Bench) -> dict[str, Any]:
    """Return the figures of the demo's network on the demo's flowers."""
    found = _measured(bench, drawn(bench.work, 200), "tiny", 0)
    return found | {"flower": explaining.on_the_flower(load(_model(bench, "tiny-0")))}


def measure_left_out(bench: Bench) -> dict[str, Any]:
    """Return how well each class of the photographs is told by a model that has only the others."""
    names = sorted(folder.name for folder in bench.photos.iterdir() if folder.is_dir())
    return {"classes": {name: _left_out(bench, name) for name in names}}


def _left_out(bench: Bench, name: str) -> dict[str, Any]:
    others = bench.work / "without" / name
    if not others.exists():
        partial = others.with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)
        shutil.copytree(bench.photos, partial, ignore=shutil.ignore_patterns(name))
        partial.rename(others)
    predictor, samples = _trained(bench, others, TRAINED, 0, f"without-{name}")
    familiar = _familiarity(predictor, [sample.path for sample in samples])
    found = _familiarity(predictor, sorted((bench.photos / name).iterdir()))
    return {
        "pictures": len(found),
        "auroc": auroc(familiar, found),
        "caught": float((found < predictor.judge.none).mean()),
    }


def _trained(
    bench: Bench, pictures: Path, backbone: str, seed: int, name: str
) -> tuple[Predictor, list[Sample]]:
    """Return a model, trained unless it is there, and the pictures that it has not seen."""
    output = _model(bench, name)
    if not output.exists():
        recipe = Recipe(bench, backbone, bench.epochs, seed)
        train(pictures, output, ["--backbone", backbone, *recipe.options()])
    predictor = load(output)
    labelled = relabelled(read_labelled(pictures), predictor.classes)
    return predictor, unseen(labelled, predictor.bundle)


def _model(bench: Bench, name: str) -> Path:
    return bench.work / f"trust-{name}"


def _familiarity(predictor: Predictor, files: Sequence[Path]) -> Shares:
    return np.array([each.familiarity for each in predictor.predict_many(files)], np.float64)


def _measured(bench: Bench, pictures: Path, backbone: str, seed: int) -> dict[str, Any]:
    predictor, samples = _trained(bench, pictures, backbone, seed, f"{backbone}-{seed}")
    folder = predictor.bundle.path
    results = list(predictor.predict_many(sample.path for sample in samples))
    labels = np.array([sample.label for sample in samples])
    familiar = np.array([result.familiarity for result in results], np.float64)
    sets = {
        name: _familiarity(predictor, files)
        for name, files in foreign(bench.work / "foreign", folder).items()
    }
    none = predictor.judge.none
    files = [sample.path for sample in samples[:_TIMED]]
    return {
        "pictures": {"test": len(samples)} | {name: len(found) for name, found in sets.items()},
        "kept": float((familiar >= none).mean()),
        "caught": {name: float((found < none).mean()) for name, found in sets.items()},
        "auroc": {name: auroc(familiar, found) for name, found in sets.items()},
        "fpr95": {name: fpr95(familiar, found) for name, found in sets.items()},
        "scores": _scores(predictor, results, labels),
        "refusal": _refusal(predictor, results, labels),
        "judge_share": judge_share(predictor, files),
        "explanation": explaining.cost(folder, files),
        "kb": (folder / TRUST).stat().st_size / 1000,
    }


def _refusal(
    predictor: Predictor, results: Sequence[Result], labels: NDArray[np.int64]
) -> dict[str, float]:
    """Return what becomes of the promise, and of label sets, on pictures never validated."""
    least = replace(predictor.judge, max_error=MAX_ERROR).least
    found = np.stack([each.probabilities for each in results if each.probabilities is not None])
    familiar = np.array([each.verdict != "none" for each in results])
    answers = familiar & (found.max(axis=1) >= least)
    sets = predictor.label_sets(COVERAGE)
    named = [sets.of(each) for each in found]
    wrong = found.argmax(axis=1) != labels
    covered = [predictor.classes[n] in each for n, each in zip(labels, named, strict=True)]
    return {
        "answered": float(answers.mean()),
        "error": float(wrong[answers].mean()) if answers.any() else 0.0,
        "covered": float(np.mean(covered)),
        "set_size": float(np.mean([len(each) for each in named])),
    }


def fpr95(familiar: Shares, foreign: Shares) -> float:
    """Return the share of foreign pictures that pass where 95 % of the familiar ones do."""
    return float((foreign >= np.quantile(familiar, 0.05)).mean())


def _scores(
    predictor: Predictor, results: Sequence[Result], truth: NDArray[np.int64]
) -> dict[str, float]:
    """Return how far the scores are off, with the temperature and without."""
    report = json.loads(predictor.bundle.read(REPORT))
    temperature = float(report["calibration"]["temperature"])
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
    """Return the share of a prediction's time that the judge takes, medians of both."""
    predicting, judging = [], []
    for file in files:
        predicting.append(predictor.result(file).ms)
        outputs = predictor.outputs(load_rgb(file, predictor.bundle.manifest.spec))
        start = time.perf_counter()
        predictor.judge.judge(outputs[PROBABILITIES][0], outputs)
        judging.append((time.perf_counter() - start) * 1000)
    return float(np.median(judging) / np.median(predicting))
