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
from florist.system import memory_taken
from florist.web.inference.memory import memory_for_costly_pictures, threads_of
from florist.web.problems import NotReadyError, RefusedError
from florist.web.settings import Settings

_log = logging.getLogger(__name__)


class ServedModel:
    """A predictor that may not be there yet, or not any more."""

    def __init__(self, settings: Settings, predictor: Predictor | None = None) -> None:
        self._settings = settings
        self._predictor = predictor
        self._explainer = _explainer_of(predictor, settings) if predictor else None
        self._why_not = "The model is being loaded. Try again in a few seconds."
        self._stopping = False
        self._done = threading.Event()

    def predictor(self) -> Predictor:
        """Return the predictor.

        Raises `NotReadyError` while there is none, and while the server stops.
        """
        if self._stopping:
            raise NotReadyError("The server is about to stop. Try again in a few seconds.")
        if self._predictor is None:
            raise NotReadyError(self._why_not)
        return self._predictor

    def explains(self, digest: str | None = None) -> bool:
        """Return whether the model is there, and says why; that of a digest, where one is given.

        An answer of another model has other reasons.
        """
        found = self._explainer
        return found is not None and digest in (None, found.bundle.digest)

    def explainer(self) -> Explainer:
        """Return what says why.

        Raises `RefusedError` where the model does not say why, and as `predictor` does.
        """
        self.predictor()
        if self._explainer is None:
            raise RefusedError("no-reasons", "The server's log says why not.")
        return self._explainer

    def stop(self) -> None:
        """Give out no predictor any more; who has one goes on with it."""
        self._stopping = True

    def load(self, bundle: Bundle | None = None) -> None:
        """Load and warm up a model folder, by default that of the settings, in a thread."""
        # No daemon: a process that ends while a runtime compiles the network would abort.
        threading.Thread(target=self._load, args=[bundle], name="load-model").start()

    def wait(self, timeout_s: float | None = None) -> None:
        """Return once the model is there, or is known not to be."""
        self._done.wait(timeout_s)

    def _load(self, bundle: Bundle | None) -> None:
        settings = self._settings
        try:
            bundle = bundle or read_bundle(settings.model).hold()
            threads = threads_of(settings)
            runtime = replace(settings.runtime, threads=threads, at_once=threads)
            before = memory_taken()
            engine = load_engine(bundle, runtime)
            network = memory_taken() - before
            judge = judge_of(bundle, engine, settings.none, settings.max_error)
            predictor = Predictor(bundle, engine, settings.limits, judge)
            self._explainer = _explainer_of(predictor, settings, network)
            # When all that stays is there: what is measured need not be estimated.
            memory = memory_for_costly_pictures(settings)
            SANDBOXES.bound(Bounds(places=threads, memory=memory))
            self._predictor = predictor
            _log.info("Ready: model %s, digest %s", bundle.path, bundle.digest)
        except FloristError as error:
            self._why_not = "The model could not be loaded; the server's log says why."
            _log.error("The model could not be loaded: %s", error)
        finally:
            self._done.set()


def _explainer_of(predictor: Predictor, settings: Settings, network: int = 0) -> Explainer | None:
    """Load a model's network once more, to say why; None, and a line of the log, where it cannot.

    `network` is how many bytes of memory it took the first time: those have to be left.
    """
    if not settings.explanations:
        _log.info("The model does not say why: FLORIST_EXPLANATIONS is false.")
        return None
    left = memory_for_costly_pictures(settings)
    if explains(predictor) and left < network:
        _log.warning(
            "The model does not say why: its network takes %.0f MiB once more, and %.0f are left. "
            "Give the server more memory, or set FLORIST_EXPLANATIONS=false.",
            network / 2**20,
            left / 2**20,
        )
        return None
    try:
        return Explainer(predictor)
    except FloristError as error:
        _log.info("The model does not say why: %s", error)
        return None
