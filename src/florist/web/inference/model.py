"""The model of this process: loaded in the background, there once it is warmed up."""

import logging
import threading
from dataclasses import replace

from florist.bundle import Bundle, read_bundle
from florist.engine import load_engine
from florist.errors import FloristError
from florist.explaining import Explainer, explains
from florist.images import SANDBOXES, Bounds
from florist.judging import judge_of
from florist.prediction import Predictor
from florist.web.inference.memory import memory_for_costly_pictures, threads_of
from florist.web.problems import NotReadyError, RefusedError
from florist.web.settings import Settings

_log = logging.getLogger(__name__)


class ServedModel:
    """A predictor that may not be there yet, or not any more."""

    def __init__(self, predictor: Predictor | None = None) -> None:
        self._predictor = predictor
        self._why_not = "The model is being loaded. Try again in a few seconds."
        self._stopping = False
        self._done = threading.Event()
        self._explainer: Explainer | None = None
        self._explaining = threading.Lock()

    def predictor(self) -> Predictor:
        """Return the predictor.

        Raises `NotReadyError` while there is none, and while the server stops.
        """
        if self._stopping:
            raise NotReadyError("The server is about to stop. Try again in a few seconds.")
        if self._predictor is None:
            raise NotReadyError(self._why_not)
        return self._predictor

    def explains(self) -> bool:
        """Return whether the model is there, and says why."""
        return self._predictor is not None and explains(self._predictor)

    def explainer(self) -> Explainer:
        """Return what says why; its network is loaded when somebody asks for the first time.

        Raises `RefusedError` where the model does not say why, and as `predictor` does.
        """
        predictor = self.predictor()
        with self._explaining:
            if self._explainer is None:
                try:
                    self._explainer = Explainer(predictor)
                except FloristError as error:
                    _log.error("The model does not say why: %s", error)
                    raise RefusedError("no-reasons", "The server's log says why not.") from error
            return self._explainer

    def stop(self) -> None:
        """Give out no predictor any more; who has one goes on with it."""
        self._stopping = True

    def load(self, settings: Settings, bundle: Bundle | None = None) -> None:
        """Load and warm up a model folder, by default that of the settings, in a thread."""
        # No daemon: a process that ends while a runtime compiles the network would abort.
        threading.Thread(target=self._load, args=[settings, bundle], name="load-model").start()

    def wait(self, timeout_s: float | None = None) -> None:
        """Return once the model is there, or is known not to be."""
        self._done.wait(timeout_s)

    def _load(self, settings: Settings, bundle: Bundle | None) -> None:
        try:
            bundle = bundle or read_bundle(settings.model).hold()
            threads = threads_of(settings)
            runtime = replace(settings.runtime, threads=threads, at_once=threads)
            engine = load_engine(bundle, runtime)
            memory = memory_for_costly_pictures(settings)
            SANDBOXES.bound(Bounds(places=threads, memory=memory))
            judge = judge_of(bundle, engine, settings.none, settings.max_error)
            self._predictor = Predictor(bundle, engine, settings.limits, judge)
            _log.info("Ready: model %s, digest %s", bundle.path, bundle.digest)
        except FloristError as error:
            self._why_not = "The model could not be loaded; the server's log says why."
            _log.error("The model could not be loaded: %s", error)
        finally:
            self._done.set()
