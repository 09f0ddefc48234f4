"""What the views work with, and where they find it."""

from dataclasses import dataclass
from typing import Final, cast

from flask import Flask, current_app

from florist.prediction import Result
from florist.web.inference.classify import Classifier, File
from florist.web.inference.model import ServedModel
from florist.web.metrics import Metrics
from florist.web.settings import Settings
from florist.web.uploads.store import UploadStore

_KEY: Final = "florist"


@dataclass(frozen=True, kw_only=True)
class Services:
    """The parts of one app; `uploads` is None where nothing is kept."""

    settings: Settings
    model: ServedModel
    classifier: Classifier
    uploads: UploadStore | None
    metrics: Metrics

    def keep(self, file: File, result: Result) -> str | None:
        """Keep a picture that was sent through the page, and return its id."""
        upload = self.uploads.add(file, result) if self.uploads is not None else None
        return upload.id if upload is not None else None

    def attach(self, app: Flask) -> None:
        """Make these the services of an app."""
        app.extensions[_KEY] = self


def services() -> Services:
    """Return the services of the app that answers the current request."""
    return services_of(current_app)


def services_of(app: Flask) -> Services:
    """Return the services of an app."""
    return cast("Services", app.extensions[_KEY])
