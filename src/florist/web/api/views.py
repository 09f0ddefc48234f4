"""The JSON API, the probes and the metrics."""

import base64
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from flask import Blueprint, Response, jsonify, request

from florist.explaining import Explanation
from florist.prediction import answer_of
from florist.result import Result
from florist.web import metrics
from florist.web.door.rates import charge
from florist.web.door.receive import files_of, sets_of, top_of
from florist.web.inference.classify import Answer, Place
from florist.web.problems import RefusedError
from florist.web.services import Services, services

api = Blueprint("api", __name__, url_prefix="/api")
probes = Blueprint("probes", __name__)


@api.post("/v1/predictions")
def predictions() -> Response:
    """Classify the pictures of the request."""
    found = services()
    with found.classifier.place() as place:
        sets = sets_of(request, place.predictor)
        answers = _answers(found, place)
    results = ((answer.filename, answer.result) for answer in answers)
    return jsonify(answer_of(place.predictor, results, sets))


@api.post("/v1/explanations")
def explanations() -> Response:
    """Classify the pictures of the request, and say why."""
    found = services()
    with found.classifier.place() as place:
        place.predictor = found.model.explainer()
        answers = _answers(found, place)
    entries = [{"filename": answer.filename} | _explained(answer.result) for answer in answers]
    return jsonify(model=place.predictor.to_dict(), explanations=entries)


def _answers(found: Services, place: Place) -> Sequence[Answer]:
    """Answer the pictures of the request.

    Raises `RefusedError`, also where the only picture cannot be used.
    """
    top = top_of(request)
    files = files_of(request, found.settings.max_pictures)
    charge(len(files))
    answers = place.classify(files, top)
    if len(answers) == 1 and (failure := answers[0].result.error) is not None:
        raise RefusedError(failure.code, failure.detail)
    found.metrics.count_answers(answers)
    return answers


def _explained(result: Result) -> dict[str, Any]:
    told = result.to_dict()
    if isinstance(result, Explanation):
        told["overlay"] = _base64(result.overlay())
        for entry, similar in zip(told["similar"], result.similar, strict=True):
            entry["picture"] = _base64(similar.picture.content)
    return told


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


@api.get("/v1/model")
def model() -> Response:
    """Describe the model."""
    predictor = services().model.predictor()
    manifest = predictor.bundle.manifest
    return jsonify(
        **predictor.to_dict(),
        created=manifest.created,
        classes=manifest.classes,
        input={"size": manifest.spec.size, "fit": manifest.spec.fit},
        engine=predictor.engine.runtime.engine,
        precision=predictor.engine.runtime.precision,
        trained=asdict(manifest.trained) if manifest.trained else {},
    )


@probes.get("/livez")
def livez() -> Response:
    """Answer as long as the process does."""
    return jsonify(status="alive")


@probes.get("/readyz")
def readyz() -> Response:
    """Answer 200 with a loaded and warmed-up model."""
    services().model.predictor()
    return jsonify(status="ready")


@probes.get("/metrics")
def prometheus() -> Response:
    """Return the figures for Prometheus."""
    return Response(services().metrics.render(), content_type=metrics.CONTENT_TYPE)
