"""What a training leaves behind: the model folder, with every file in it."""

import csv
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import keras

import florist
from florist.bundle import (
    CARD,
    CONFUSION_PLOT,
    DOUBTS,
    HISTORY,
    KERAS_MODEL,
    LABELS,
    PICTURES,
    RELIABILITY_PLOT,
    REPORT,
    REPORT_PAGE,
    SPLIT,
    TRAINING_PLOT,
    Bundle,
    Manifest,
    Precision,
    Provenance,
    Registry,
    TrainedOn,
    read_bundle,
    write_bundle,
)
from florist.confidence.foreign import Foreign
from florist.confidence.temperature import Calibration
from florist.dataset import FOREIGN_FOLDER, SIDES
from florist.doubts import Doubts, write_doubts
from florist.errors import BundleError, printable
from florist.evaluation import measure, predict_all
from florist.foreign import foreign_pictures, measure_foreign
from florist.prediction import Predictor
from florist.report import Report
from florist.training.card import write_card
from florist.training.export import Networks, export_networks
from florist.training.exported import exported_predictor
from florist.training.fit import FitState
from florist.training.network import classifier_of
from florist.training.page import Measured, small_pictures, write_page
from florist.training.pictures import write_pictures
from florist.training.plots import plot_confusion, plot_reliability, plot_training
from florist.training.workspace import Job


@dataclass(frozen=True)
class Outcome:
    """What a training ends with, before it is written."""

    job: Job
    state: FitState
    calibration: Calibration
    doubts: Doubts
    model: keras.Model


def write_results(outcome: Outcome, output: Path | Registry, *, force: bool) -> Bundle:
    """Export, compare, measure and describe the model, all in a folder that is then renamed."""
    job = outcome.job
    networks = export_networks(outcome.model, job)
    trained = _provenance(outcome)
    manifest = _manifest(outcome, networks.choice.precision, trained)

    def write_files(folder: Path) -> None:
        for network in networks.folder.iterdir():
            network.replace(folder / network.name)
        classifier_of(outcome.model).save(folder / KERAS_MODEL)
        predictor = exported_predictor(folder, manifest, job.config.limits)
        test = job.dataset.test
        probabilities, judged = predict_all(predictor, test, progress=job.listener.progress)
        report = measure(probabilities, test, job.dataset.classes, judged)
        foreign = _foreign(predictor, [each.familiarity for each in judged], job)
        if job.config.pictures:
            write_pictures(folder / PICTURES, job, probabilities)
        write_doubts(outcome.doubts.found, folder / DOUBTS)
        measured = _measured(report, networks, outcome)
        measured["foreign"] = foreign and foreign.to_dict()
        _write_texts(folder, outcome, measured)
        page = _page(manifest, report, networks, outcome, foreign)
        (folder / REPORT_PAGE).write_text(page, encoding="utf-8")
        reasons = [outcome.calibration.reason, networks.choice.reason, outcome.doubts.reason]
        if networks.promise is not None:
            reasons.append(networks.promise.reason)
        card = write_card(manifest, trained, report, reasons, networks.trust.reason)
        (folder / CARD).write_text(card, encoding="utf-8")
        plot_training(outcome.state.history, outcome.state.best_epoch, folder / TRAINING_PLOT)
        plot_confusion(report, folder / CONFUSION_PLOT)
        plot_reliability(report, folder / RELIABILITY_PLOT)

    return write_bundle(output, manifest, write_files, replace=force)


def _page(
    manifest: Manifest,
    report: Report,
    networks: Networks,
    outcome: Outcome,
    foreign: Foreign | None,
) -> str:
    """Return the page of all that was measured; with no pictures where nobody is to see them."""
    job, doubts = outcome.job, outcome.doubts
    kept = job.dataset.samples if job.config.pictures else ()
    return write_page(
        Measured(
            manifest=manifest,
            report=report,
            networks=networks,
            calibration=outcome.calibration.reason,
            doubts=doubts,
            foreign=foreign,
            pictures=small_pictures(report, doubts, kept),
        )
    )


def _foreign(predictor: Predictor, familiar: Sequence[float | None], job: Job) -> Foreign | None:
    """Compare with the foreign pictures that the data set brings along, where it does."""
    folder = job.dataset.root / FOREIGN_FOLDER
    if predictor.judge.familiarity is None or not folder.is_dir() or not foreign_pictures(folder):
        return None
    found, _ = measure_foreign(predictor, familiar, folder, progress=job.listener.progress)
    job.listener.say(
        f"Of {found.all.pictures} foreign pictures {found.all.caught:.1%} are taken for none of "
        f"the classes, and {1 - found.kept:.1%} of {found.familiar} test pictures."
    )
    return found


def _measured(report: Report, networks: Networks, outcome: Outcome) -> dict[str, Any]:
    """Return what `report.json` says."""
    return {
        "side": "test",
        **report.to_dict(),
        "parity": asdict(networks.parity),
        "precision": asdict(networks.choice),
        "calibration": asdict(outcome.calibration),
        "none": asdict(networks.trust),
        "refusal": asdict(networks.promise) if networks.promise else None,
        "doubts": outcome.doubts.to_dict(),
    }


def _write_texts(folder: Path, outcome: Outcome, measured: dict[str, Any]) -> None:
    dataset = outcome.job.dataset
    classes = dataset.classes
    (folder / LABELS).write_text("".join(f"{name}\n" for name in classes), encoding="utf-8")
    (folder / REPORT).write_text(
        json.dumps(measured, indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    history = [{"epoch": n, **logs} for n, logs in enumerate(outcome.state.history, start=1)]
    _write_csv(folder / HISTORY, list(history[0]), [list(row.values()) for row in history])
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


def _manifest(outcome: Outcome, precision: Precision, trained: Provenance) -> Manifest:
    dataset = outcome.job.dataset
    return Manifest(
        name=printable(dataset.root.resolve().name),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        florist=florist.__version__,
        classes=dataset.classes,
        spec=outcome.job.config.spec,
        precision=precision,
        trained=trained,
    )


def finished(job: Job, output: Path | Registry) -> Bundle | None:
    """Return the model that a training has written already that was killed while it tidied up.

    It is told by what it was made from: that, and nothing else, decides what it is.
    """
    try:
        bundle = read_bundle(output.path if isinstance(output, Registry) else output)
    except BundleError:
        return None
    manifest, trained = bundle.manifest, bundle.manifest.trained
    same = (
        job.workspace.config() == job.config
        and trained is not None
        and manifest.florist == florist.__version__
        and trained.dataset.digest == job.dataset.digest
        and trained.recipe == _recipe(job)
        and trained.keras == _keras()
    )
    return bundle if same else None


def _recipe(job: Job) -> dict[str, Any]:
    return job.config.resolved(len(job.dataset.train)) | {"weights": job.weights}


def _provenance(outcome: Outcome) -> Provenance:
    dataset, state = outcome.job.dataset, outcome.state
    return Provenance(
        recipe=_recipe(outcome.job),
        epochs=len(state.history),
        best_epoch=state.best_epoch + 1,
        val_accuracy=state.history[state.best_epoch]["val_accuracy"],
        dataset=TrainedOn(
            digest=dataset.digest,
            pictures={side: dataset.counts(dataset.side(side)) for side in SIDES},
            leaks=dataset.leaks,
        ),
        keras=_keras(),
    )


def _keras() -> str:
    return f"{keras.__version__} ({keras.backend.backend()})"
