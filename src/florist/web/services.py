"""What the views work with, and where they find it."""

from dataclasses import dataclass
from typing import Final, cast

from flask import Flask, current_app

from florist.images import Limits, Price
from florist.prediction import Result
from florist.web.inference.classify import Classifier, File
from florist.web.inference.model import ServedModel
from florist.web.metrics import Metrics
from florist.web.settings import Settings
from florist.web.uploads.copies import PREVIEW_SIDE, SIDE, Copy, Origin, copy_of
from florist.web.uploads.keeping import Keeper
from florist.web.uploads.store import UploadStore

_KEY: Final = "florist"


@dataclass(frozen=True, kw_only=True)
class Services:
    """The parts of one app; `uploads` and `keeper` are None where nothing is kept."""

    settings: Settings
    model: ServedModel
    classifier: Classifier
    uploads: UploadStore | None
    keeper: Keeper | None
    metrics: Metrics

    def copy(self, file: File, result: Result, limits: Limits, most: Price, origin: Origin) -> Copy:
        """Copy a picture that was sent through the page; where pictures are kept, keep it.

        Raises `CostlyError` where that costs more than `most`.
        """
        side = PREVIEW_SIDE if self.keeper is None else SIDE
        copy = copy_of(file, result, side, limits, most, origin)
        if self.keeper is not None and copy.content:
            self.keeper.put(copy)
        else:
            copy.kept.set_result(False)
        return copy

    def attach(self, app: Flask) -> None:
        """Make these the services of an app."""
        app.extensions[_KEY] = self


def services() -> Services:
    """Return the services of the app that answers the current request."""
    return services_of(current_app)


def services_of(app: Flask) -> Services:
    """Return the services of an app."""
    return cast("Services", app.extensions[_KEY])
