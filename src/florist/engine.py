"""An inference runtime behind one small interface: uint8 pictures in, probabilities out.

This is the only module that names a runtime. Both answer with what the network's file says, in
32-bit floats or 8-bit integers, so that a picture gets the same answer on every machine; OpenVINO
would otherwise choose bfloat16 where the CPU has it.
"""

import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from florist.bundle import NETWORKS, Bundle, Precision
from florist.errors import EngineError, printable
from florist.images import RGB
from florist.system import cpu_limit

Probabilities = NDArray[np.float32]


def _choose(what: str, name: str, choices: tuple[str, ...]) -> None:
    if name not in choices:
        raise EngineError(f"There is no {what} {name!r}. Choose one of: {', '.join(choices)}.")


@dataclass(frozen=True, kw_only=True)
class Runtime:
    """How a network is run.

    `engine` names one of `ENGINES`, `precision` one of the bundle's networks ("auto": the one that
    training chose). `threads` bounds how many CPU threads compute (None: as many as there are).
    `at_once` is how many pictures are worked on at the same time, by as many of the caller's
    threads: more of them together take less time, each by itself takes longer.

    Raises `EngineError` where there is no such engine or precision.
    """

    engine: str = "openvino"
    precision: str = "auto"
    threads: int | None = None
    at_once: int = 1

    def __post_init__(self) -> None:
        _choose("engine", self.engine, tuple(ENGINES))
        _choose("precision", self.precision, PRECISIONS)


class Engine(Protocol):
    """A loaded network; safe to call from several threads at once.

    `runtime` says how it runs, with the precision that "auto" stood for.
    """

    runtime: Runtime

    def __call__(self, pictures: RGB) -> Probabilities:
        """Return probabilities of shape (N, classes) for uint8 pictures (N, size, size, 3)."""
        ...


class OpenVINOEngine:
    """OpenVINO on the CPU: https://docs.openvino.ai."""

    def __init__(self, network: bytes | Path, runtime: Runtime, *, exact: bool = True) -> None:
        # OpenVINO reports each import of itself to its makers, unless this package is missing. What
        # people classify, and that they do, is nobody's business; and a server calls no other host.
        sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
        import openvino

        core = openvino.Core()
        # Where the CPU has no bfloat16, OpenVINO would convert back and forth.
        native = "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        config: dict[str, Any] = {
            "INFERENCE_PRECISION_HINT": "bf16" if native and not exact else "f32"
        }
        if runtime.at_once > 1:
            # A stream of its own for each picture: threads need not wait for each other's layers.
            config["PERFORMANCE_HINT"] = "THROUGHPUT"
            config["PERFORMANCE_HINT_NUM_REQUESTS"] = runtime.at_once
        else:
            config["PERFORMANCE_HINT"] = "LATENCY"
        if runtime.threads is not None:
            config["INFERENCE_NUM_THREADS"] = runtime.threads
        self.runtime = runtime
        self._compiled = core.compile_model(core.read_model(network), "CPU", config)
        self._local = threading.local()

    def __call__(self, pictures: RGB) -> Probabilities:
        """Return probabilities of shape (N, classes) for uint8 pictures (N, size, size, 3)."""
        return self.outputs(pictures)[0]

    def outputs(self, pictures: RGB) -> list[NDArray[np.float32]]:
        """Return all outputs of the network, each of shape (N, ...)."""
        # An infer request holds the buffers of one inference, so each thread has its own.
        request = getattr(self._local, "request", None)
        if request is None:
            request = self._local.request = self._compiled.create_infer_request()
        results = request.infer({0: pictures}, share_inputs=True)
        return [np.array(result, np.float32) for result in results.values()]


class ONNXRuntimeEngine:
    """ONNX Runtime on the CPU: https://onnxruntime.ai."""

    def __init__(self, network: bytes | Path, runtime: Runtime) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        threads = runtime.threads or cpu_limit()
        # Where several pictures are worked on at once, each by itself gets fewer threads.
        options.intra_op_num_threads = max(1, threads // runtime.at_once)
        self.runtime = runtime
        self._session = onnxruntime.InferenceSession(
            network, options, providers=["CPUExecutionProvider"]
        )
        self._input = self._session.get_inputs()[0].name

    def __call__(self, pictures: RGB) -> Probabilities:
        """Return probabilities of shape (N, classes) for uint8 pictures (N, size, size, 3)."""
        return self.outputs(pictures)[0]

    def outputs(self, pictures: RGB) -> list[NDArray[np.float32]]:
        """Return all outputs of the network, each of shape (N, ...)."""
        results = self._session.run(None, {self._input: pictures})
        return [np.asarray(result, np.float32) for result in results]


ENGINES: Final[dict[str, Callable[[bytes, Runtime], Engine]]] = {
    "openvino": OpenVINOEngine,
    "onnxruntime": ONNXRuntimeEngine,
}
PRECISIONS: Final = ("auto", *NETWORKS)
DEFAULT_RUNTIME: Final = Runtime()


def load_engine(bundle: Bundle, runtime: Runtime = DEFAULT_RUNTIME) -> Engine:
    """Load a bundle's network and run it once, to see that it fits the manifest.

    Raises `EngineError` where the runtime is not installed or refuses the network, `BundleError`
    where the bundle has no network of the precision, or has changed.
    """
    manifest = bundle.manifest
    precision = manifest.precision if runtime.precision == "auto" else runtime.precision
    runtime = replace(runtime, precision=precision)
    network = bundle.network(cast(Precision, precision))
    content = bundle.read(network.name)
    try:
        engine = ENGINES[runtime.engine](content, runtime)
        size = manifest.spec.size
        answer = engine(np.zeros((1, size, size, 3), np.uint8))
    except ImportError as error:
        raise EngineError(
            f"The engine {runtime.engine!r} is not installed. Install it with: "
            f"pip install 'florist[{runtime.engine}]'"
        ) from error
    except Exception as error:  # each runtime has its own tree of exceptions
        raise EngineError(
            f"{runtime.engine} cannot run {printable(network)}: "
            f"{str(error).strip().splitlines()[0]}"
        ) from error
    if answer.shape != (1, len(manifest.classes)):
        raise EngineError(
            f"{printable(network)} answers with shape {answer.shape}, but the manifest lists "
            f"{len(manifest.classes)} classes. The folder mixes files of two models."
        )
    return engine


def load_layers(network: Path, size: int) -> Callable[[RGB], list[NDArray[np.float32]]]:
    """Load a network that is no classifier; return what gives all of its outputs for pictures.

    As many threads as there are CPUs can keep it busy. `size` is the height and width of a picture.
    A CPU that has bfloat16 computes in it. The roundings add up to a few hundredths of an output:
    too much for answers, but what is trained on the outputs ends up no worse (Kalamkar et al., "A
    Study of BFLOAT16 for Deep Learning Training", 2019).
    """
    layers = OpenVINOEngine(network, Runtime(at_once=cpu_limit()), exact=False).outputs
    # OpenVINO's binding sets itself up in the first inference of a process; where two threads
    # begin one at the same time, each waits for what the other holds, forever.
    layers(np.zeros((1, size, size, 3), np.uint8))
    return layers
