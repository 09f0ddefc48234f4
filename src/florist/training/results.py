"""What a training leaves behind: the model folder, with every file in it."""

import csv
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import file_digest
from pathlib import Path

import keras

import florist
from florist.bundle import LABELS, MODEL, REPORT, SPLIT, Bundle, Manifest, write_bundle
from florist.dataset import SIDES
from florist.engine import load_engine
from florist.errors import printable
from florist.evaluation import Report, evaluate
from florist.prediction import Predictor
from florist.training.card import write_card
from florist.training.config import TrainingConfig
from florist.training.export import Parity, export_onnx, require_parity
from florist.training.fit import FitState
from florist.training.plots import plot_confusion, plot_training
from florist.training.workspace import Job


@dataclass(frozen=True)
class Outcome:
    """What a training ends with, before it is written."""

    job: Job
    state: FitState
    model: keras.Model


def write_results(outcome: Outcome, output: Path, *, force: bool) -> Bundle:
    """Export, compare, measure and describe the model, all in a folder that is then renamed."""
    dataset, config, listener = outcome.job.dataset, outcome.job.config, outcome.job.listener
    manifest = _manifest(outcome)

    def write_files(folder: Path) -> None:
        listener.say("Exporting the model.")
        outcome.model.save(folder / "model.keras")
        export_onnx(outcome.model, folder / MODEL)
        exported = Bundle(path=folder, manifest=manifest, digest="")
        engine = load_engine(exported)
        parity = require_parity(outcome.model, engine, dataset.val, config.spec, listener.progress)
        report = evaluate(Predictor(exported, engine), dataset.test, progress=listener.progress)
        _write_texts(folder, outcome, manifest, report, parity)
        plot_training(outcome.state.history, outcome.state.best_epoch, folder / "training.png")
        plot_confusion(report, folder / "confusion.png")

    return write_bundle(output, manifest, write_files, replace=force)


def _write_texts(
    folder: Path, outcome: Outcome, manifest: Manifest, report: Report, parity: Parity
) -> None:
    dataset = outcome.job.dataset
    classes = dataset.classes
    (folder / LABELS).write_text("".join(f"{name}\n" for name in classes), encoding="utf-8")
    measured = {"side": "test", **report.to_dict(), "parity": asdict(parity)}
    (folder / REPORT).write_text(
        json.dumps(measured, indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    (folder / "README.md").write_text(write_card(manifest, report), encoding="utf-8")
    history = [{"epoch": n, **logs} for n, logs in enumerate(outcome.state.history, start=1)]
    _write_csv(folder / "history.csv", list(history[0]), [list(row.values()) for row in history])
    _write_csv(
        folder / SPLIT,
        ["side", "class", "sha256", "file"],
        [[s.side, classes[s.label], s.sha256, s.name] for s in dataset.samples],
    )


def _write_csv(path: Path, head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(head)
        writer.writerows(rows)


def _manifest(outcome: Outcome) -> Manifest:
    dataset, config, state = outcome.job.dataset, outcome.job.config, outcome.state
    return Manifest(
        name=printable(dataset.root.resolve().name),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        florist=florist.__version__,
        classes=dataset.classes,
        spec=config.spec,
        trained={
            "recipe": asdict(config) | {"weights": _weights(config)},
            "epochs": len(state.history),
            "best_epoch": state.best_epoch + 1,
            "val_accuracy": state.history[state.best_epoch]["val_accuracy"],
            "dataset": {
                "digest": dataset.digest,
                "pictures": {side: dataset.counts(dataset.side(side)) for side in SIDES},
                "leaks": dataset.leaks,
            },
            "keras": f"{keras.__version__} ({keras.backend.backend()})",
        },
    )


def _weights(config: TrainingConfig) -> str:
    """Name the weights without the folder that they were in."""
    if config.weights in {"imagenet", "none"}:
        return config.weights
    with Path(config.weights).open("rb") as file:
        return f"{Path(config.weights).name} (SHA-256 {file_digest(file, 'sha256').hexdigest()})"
