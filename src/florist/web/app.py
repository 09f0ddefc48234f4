"""The app: parts put together from settings."""

import secrets
from typing import cast

from flask import Flask
from jinja2 import BaseLoader, ChoiceLoader, FileSystemLoader, PrefixLoader

from florist.bundle import Bundle
from florist.judging import told
from florist.prediction import Predictor
from florist.web import language
from florist.web.api import description
from florist.web.api import views as api
from florist.web.door import errors, logs, security
from florist.web.door.receive import HostileRequest
from florist.web.inference.classify import Classifier
from florist.web.inference.model import ServedModel
from florist.web.live import views as live
from florist.web.metrics import Metrics
from florist.web.pages import delivery, gallery, kept, reasons
from florist.web.pages import views as pages
from florist.web.pages.preferences import preferences
from florist.web.services import Services
from florist.web.settings import Settings, from_environment
from florist.web.uploads.keeping import Keeper
from florist.web.uploads.opening import open_store
from florist.web.uploads.tidying import keep_tidy


def create_app(
    predictor: Predictor | None = None,
    settings: Settings | None = None,
    bundle: Bundle | None = None,
) -> Flask:
    """Return the web app.

    Without settings they are read from the environment. Without a predictor, `bundle` or else the
    model of the settings is loaded in the background, and predictions are refused with 503 until it
    is there; old uploads are deleted in the background, too.

    Raises `SettingsError` where an environment variable cannot be used, `BundleError` where a
    predictor that is given cannot promise what the settings ask for.
    """
    settings = settings or from_environment()
    app = Flask(__name__, template_folder="pages/templates", static_folder=None)
    app.request_class = HostileRequest
    _configure(app, settings)
    if predictor is not None:
        judge = told(predictor.judge, predictor.bundle, settings.none, settings.max_error)
        predictor = Predictor(predictor.bundle, predictor.engine, settings.limits, judge)
    model, metrics, store = ServedModel(settings, predictor), Metrics(), open_store(settings)
    Services(
        settings=settings,
        model=model,
        classifier=Classifier(model, settings, metrics.places),
        uploads=store if settings.keeps else None,
        # The other half of the threads is always there for those who keep nothing.
        keeper=Keeper(store, settings.queue // 2 + 1) if store and settings.keeps else None,
        metrics=metrics,
    ).attach(app)
    security.register(app, settings)
    logs.register(app)
    errors.register(app)
    app.register_blueprint(api.probes)
    app.register_blueprint(api.api)
    app.register_blueprint(description.description)
    security.csrf.exempt(api.api)
    if settings.pages:
        language.register(app)
        delivery.register(app)
        app.register_blueprint(pages.pages)
        app.register_blueprint(kept.kept)
        app.register_blueprint(preferences)
        app.register_blueprint(reasons.reasons)
        app.register_blueprint(gallery.gallery)
        app.register_blueprint(description.docs)
        if settings.live:
            live.register(app)
    if predictor is None:
        model.load(bundle)
        if store is not None:
            keep_tidy(store)
    return app


def _configure(app: Flask, settings: Settings) -> None:
    app.config.update(
        SECRET_KEY=settings.secret_key or secrets.token_hex(32),
        MAX_CONTENT_LENGTH=settings.max_bytes,
        MAX_FORM_PARTS=settings.max_parts,
        TRUSTED_HOSTS=list(settings.trusted_hosts) or None,
    )
    app.json.sort_keys = False  # type: ignore[attr-defined]
    if settings.templates:
        # A page that replaces one of ours builds on it as `florist/...`, not on itself.
        theirs, ours = FileSystemLoader(settings.templates), cast("BaseLoader", app.jinja_loader)
        app.jinja_loader = ChoiceLoader([theirs, ours, PrefixLoader({"florist": ours})])
