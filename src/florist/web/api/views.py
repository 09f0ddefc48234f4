"""The JSON API, the probes and the metrics."""

from typing import Any

from flask import Blueprint, Response, jsonify, request

from florist.prediction import Predictor
from florist.web import metrics
from florist.web.door.errors import answer as problem_response
from florist.web.door.errors import as_json
from florist.web.door.receive import files_of, top_k_of
from florist.web.inference.classify import Answer
from florist.web.services import services

api = Blueprint("api", __name__, url_prefix="/api")
probes = Blueprint("probes", __name__)


@api.post("/v1/predictions")
def predictions() -> Response:
    """Classify the pictures of the request."""
    found = services()
    with found.classifier.place() as place:
        top_k = top_k_of(request)
        files = files_of(request, found.settings.max_pictures)
        answers = place.classify(files, top_k)
    if len(answers) == 1 and answers[0].error is not None:
        return problem_response(answers[0].error)
    found.metrics.count_answers(answers)
    return jsonify(model=name_of(place.predictor), predictions=[entry_of(each) for each in answers])


def name_of(predictor: Predictor) -> dict[str, str]:
    """Return what names a model."""
    bundle = predictor.bundle
    return {"name": bundle.manifest.name, "digest": bundle.digest}


def entry_of(answer: Answer) -> dict[str, Any]:
    """Return what JSON says about one picture."""
    if answer.error is not None:
        return {"filename": answer.filename, "error": as_json(answer.error)}
    return {
        "filename": answer.filename,
        "predictions": [{"label": each.label, "score": each.score} for each in answer.predictions],
        "width": answer.width,
        "height": answer.height,
        "ms": round(answer.ms, 2),
    }


@api.get("/v1/model")
def model() -> Response:
    """Describe the model."""
    predictor = services().model.predictor()
    manifest = predictor.bundle.manifest
    return jsonify(
        **name_of(predictor),
        created=manifest.created,
        classes=manifest.classes,
        input={"size": manifest.spec.size, "fit": manifest.spec.fit},
        engine=predictor.engine.runtime.engine,
        precision=predictor.engine.runtime.precision,
        trained=manifest.trained,
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
