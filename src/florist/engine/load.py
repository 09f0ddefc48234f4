"""A bundle's network, checked before it runs and run once before it is used."""

from dataclasses import replace
from importlib import import_module
from typing import Final

import numpy as np

from florist.bundle import NETWORKS, Bundle, Manifest
from florist.engine.onnx_file import require_feed_forward, with_output
from florist.engine.runtimes import (
    DEFAULT_RUNTIME,
    ENGINES,
    INT8_ENGINE,
    PROBABILITIES,
    Engine,
    Outputs,
    Runtime,
)
from florist.errors import BundleError, EngineError, printable

_ROUNDING: Final = 0.01
"""What 8 bits may add to a probability."""


def load_engine(
    bundle: Bundle, runtime: Runtime = DEFAULT_RUNTIME, *, also: tuple[str, ...] = ()
) -> Engine:
    """Load a bundle's network and run it once, to see that it fits the manifest.

    `also` names tensors that it answers only on request, such as `FEATURE_MAP`.

    Raises `EngineError` where the runtime is not installed or refuses the network, `BundleError`
    where the bundle has no network of the precision, one that could compute without end, or has
    changed.
    """
    manifest = bundle.manifest
    runtime = resolved(bundle, runtime)
    network = bundle.network(runtime.network)
    content = bundle.read(network.name)
    require_feed_forward(content, printable(network))
    for name in also:
        content = with_output(content, name)
    try:
        engine = ENGINES[runtime.engine](content, runtime)
        size = manifest.spec.size
        answer = engine.run(np.zeros((1, size, size, 3), np.uint8))
    except ImportError as error:
        raise EngineError(
            f"The engine {runtime.engine!r} is not installed. Install it with: "
            f"pip install 'florist[{runtime.engine}]'"
        ) from error
    except EngineError:
        raise
    except Exception as error:  # each runtime has its own tree of exceptions
        wanted = f" with its {', '.join(also)}" if also else ""
        raise EngineError(
            f"{runtime.engine} cannot run {printable(network)}{wanted}: "
            f"{str(error).strip().splitlines()[0]}"
        ) from error
    _require_fit(answer, manifest, printable(network))
    return engine


def version_of(runtime: Runtime) -> str:
    """Return the version of an engine that was loaded: another one may round differently."""
    return str(import_module(runtime.engine).__version__)


def resolved(bundle: Bundle, runtime: Runtime) -> Runtime:
    """Return the runtime with the precision that "auto" leaves to a bundle.

    Raises `BundleError` where the runtime does not answer in the one that there is.
    """
    if runtime.precision != "auto":
        return runtime
    if runtime.engine == INT8_ENGINE:
        return replace(runtime, precision=bundle.manifest.precision)
    if NETWORKS["float32"] not in bundle.manifest.files:
        raise BundleError(
            f"{printable(bundle.path)} has its network in 8 bits alone, and {runtime.engine} does "
            f"not answer in them. Take the engine {INT8_ENGINE}, or train again."
        )
    return replace(runtime, precision="float32")


def _require_fit(answer: Outputs, manifest: Manifest, network: str) -> None:
    if PROBABILITIES not in answer:
        raise EngineError(
            f"{network} answers {', '.join(map(printable, answer))}, but no {PROBABILITIES}. Name "
            "the output that holds them so, or leave it as the only one."
        )
    shape = answer[PROBABILITIES].shape
    if shape != (1, len(manifest.classes)):
        raise EngineError(
            f"{network} answers with shape {shape}, but the manifest lists "
            f"{len(manifest.classes)} classes. The folder mixes files of two models."
        )
    least, most = answer[PROBABILITIES].min(), answer[PROBABILITIES].max()
    if not (least >= -_ROUNDING and most <= 1 + _ROUNDING):  # NaN is neither
        raise EngineError(
            f"{network} answers with numbers from {least:g} to {most:g}, which are no "
            f"{PROBABILITIES}. Export it with its softmax, or train it again."
        )
