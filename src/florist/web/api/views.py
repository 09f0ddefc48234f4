"""The JSON API, the probes and the metrics."""

from dataclasses import asdict

from flask import Blueprint, Response, jsonify, request

from florist.prediction import answer_of
from florist.web import metrics
from florist.web.door.errors import answer as problem_response
from florist.web.door.rates import charge
from florist.web.door.receive import files_of, sets_of, top_of
from florist.web.problems import RefusedError
from florist.web.services import services

api = Blueprint("api", __name__, url_prefix="/api")
probes = Blueprint("probes", __name__)


@api.post("/v1/predictions")
def predictions() -> Response:
    """Classify the pictures of the request."""
    found = services()
    with found.classifier.place() as place:
        top = top_of(request)
        sets = sets_of(request, place.predictor)
        files = files_of(request, found.settings.max_pictures)
        charge(len(files))
        answers = place.classify(files, top)
    if len(answers) == 1 and (failure := answers[0].result.error) is not None:
        return problem_response(RefusedError(failure.code, failure.detail).problem)
    found.metrics.count_answers(answers)
    results = ((answer.filename, answer.result) for answer in answers)
    return jsonify(answer_of(place.predictor, results, sets))


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
