"""OpenVINO and ONNX Runtime: a uint8 picture in, arrays by name out.

Both answer with what the network's file says, in 32-bit floats or 8-bit integers, so that a picture
gets the same answer on every machine; OpenVINO would otherwise choose bfloat16 where the CPU has
it. That is there for whoever asks for it.
"""

import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any, Final, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from florist.bundle import NETWORKS, Precision
from florist.errors import EngineError
from florist.images import RGB
from florist.system import cpu_limit

Probabilities = NDArray[np.float32]
Outputs = Mapping[str, NDArray[np.float32]]
"""What a network answers to a picture, by name, each of shape (1, ...)."""

PROBABILITIES: Final = "probabilities"
LOGITS: Final = "logits"
"""(1, classes): what the softmax makes probabilities of."""
EMBEDDING: Final = "embedding"
"""(1, channels): the feature map's mean over all places, which is what the head sees."""
EARLY_EMBEDDING: Final = "early_embedding"
"""(1, channels): the same of what the last but one size of feature maps is made of."""
FEATURE_MAP: Final = "feature_map"
"""(1, height, width, channels): what the last convolution found, and where. Only on request: it is
large, and copying it takes a twentieth of a small network's time."""


def _choose(what: str, name: str, choices: tuple[str, ...]) -> None:
    if name not in choices:
        raise EngineError(f"There is no {what} {name!r}. Choose one of: {', '.join(choices)}.")


@dataclass(frozen=True, kw_only=True)
class Runtime:
    """How a network is run.

    `engine` names one of `ENGINES`, `precision` one of the bundle's networks ("auto": the one that
    training chose, in 8 bits with OpenVINO alone; "bfloat16": the one in 32 bits, rounded to 16
    while it computes, with OpenVINO on a CPU that can). `threads` bounds how many CPU threads
    compute (None: as many as there are). `at_once` is how many pictures are worked on at the same
    time, by as many of the caller's threads: more of them together take less time, each by itself
    longer.

    Raises `EngineError` where there is no such engine or precision.
    """

    engine: str = "openvino"
    precision: str = "auto"
    threads: int | None = None
    at_once: int = 1

    def __post_init__(self) -> None:
        _choose("engine", self.engine, tuple(ENGINES))
        _choose("precision", self.precision, PRECISIONS)
        if self.precision == "int8" and self.engine != INT8_ENGINE:
            raise EngineError(
                f"{self.engine} does not answer in 8 bits: it rounds differently from "
                f"{INT8_ENGINE}, which training measured them with. Take {INT8_ENGINE}, or float32."
            )
        if self.precision == "bfloat16" and self.engine != "openvino":
            raise EngineError(
                f"{self.engine} does not compute in bfloat16. Take openvino, or float32."
            )

    @property
    def network(self) -> Precision:
        """Which of a bundle's networks is run, where the precision is not "auto" any more."""
        return cast(Precision, "float32" if self.precision == "bfloat16" else self.precision)


class Engine(Protocol):
    """A loaded network; safe to call from several threads at once.

    `runtime` says how it runs, with the precision that "auto" stood for; `names` are those of what
    it answers.
    """

    runtime: Runtime
    names: Sequence[str]

    def run(self, picture: RGB) -> Outputs:
        """Return what the network answers to a uint8 picture (1, size, size, 3)."""
        ...


@cache
def _core() -> Any:
    """Return the one OpenVINO of this process.

    With one for each network, threads that end while another network is loaded crash the process
    now and then: the core that their requests came from is gone.
    """
    # OpenVINO reports each import of itself to its makers, unless this package is missing. What
    # people classify, and that they do, is nobody's business; and a server calls no other host.
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino

    return openvino.Core()


@cache
def _has_bfloat16() -> bool:
    """Return whether the CPU computes in bfloat16; elsewhere OpenVINO converts back and forth."""
    return "BF16" in _core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def read_onnx(network: bytes | Path) -> Any:
    """Return OpenVINO's model of an ONNX file.

    `Core.read_model` would look for other formats in it, too, and find one that stands in a text.
    """
    _core()  # the first import, which reports nothing
    from openvino.frontend import FrontEndManager

    reader = FrontEndManager().load_by_framework("onnx")
    source = BytesIO(network) if isinstance(network, bytes) else str(network)
    return reader.convert(reader.load(source))


class OpenVINOEngine:
    """OpenVINO on the CPU: https://docs.openvino.ai."""

    def __init__(self, network: bytes | Path, runtime: Runtime) -> None:
        rounded = runtime.precision == "bfloat16"
        if rounded and not _has_bfloat16():
            raise EngineError("This CPU does not compute in bfloat16. Take float32, or int8.")
        config: dict[str, Any] = {
            "INFERENCE_PRECISION_HINT": "bf16" if rounded else "f32",
            # By itself it sees the host's CPUs, not what a cgroup grants.
            "INFERENCE_NUM_THREADS": runtime.threads or cpu_limit(),
            # Each process would pin its threads to the same CPUs, beginning with the first one.
            "ENABLE_CPU_PINNING": False,
            "PERFORMANCE_HINT": "LATENCY",
        }
        if runtime.at_once > 1:
            # A stream of its own for each picture: threads need not wait for each other's layers.
            config["PERFORMANCE_HINT"] = "THROUGHPUT"
            config["PERFORMANCE_HINT_NUM_REQUESTS"] = runtime.at_once
        self.runtime = runtime
        model = read_onnx(network)
        shape = model.input().partial_shape
        shape[0] = 1  # kernels of a known shape are faster
        model.reshape(shape)
        self._compiled = _core().compile_model(model, "CPU", config)
        self.names: Sequence[str] = _output_names(
            [output.any_name for output in self._compiled.outputs]
        )
        self._local = threading.local()

    def run(self, picture: RGB) -> Outputs:
        """Return what the network answers to a uint8 picture (1, size, size, 3)."""
        # An infer request holds the buffers of one inference, so each thread has its own.
        request = getattr(self._local, "request", None)
        if request is None:
            request = self._local.request = self._compiled.create_infer_request()
        results = request.infer({0: picture}, share_inputs=True, share_outputs=True)
        return {name: np.array(results[i], np.float32) for i, name in enumerate(self.names)}


class ONNXRuntimeEngine:
    """ONNX Runtime on the CPU: https://onnxruntime.ai."""

    def __init__(self, network: bytes | Path, runtime: Runtime) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        threads = runtime.threads or cpu_limit()
        # Where several pictures are worked on at once, each by itself gets fewer threads.
        options.intra_op_num_threads = max(1, threads // runtime.at_once)
        # What is one of its own format, too, is still read as the ONNX that was checked.
        options.add_session_config_entry("session.load_model_format", "ONNX")
        self.runtime = runtime
        self._session = onnxruntime.InferenceSession(
            network, options, providers=["CPUExecutionProvider"]
        )
        self._input = self._session.get_inputs()[0].name
        self.names: Sequence[str] = _output_names(
            [output.name for output in self._session.get_outputs()]
        )

    def run(self, picture: RGB) -> Outputs:
        """Return what the network answers to a uint8 picture (1, size, size, 3)."""
        results = self._session.run(None, {self._input: picture})
        return dict(zip(self.names, results, strict=True))


def _output_names(found: list[str]) -> list[str]:
    """Name a single output what it is: networks were exported without caring for its name."""
    return [PROBABILITIES] if len(found) == 1 else found


ENGINES: Final[dict[str, Callable[[bytes, Runtime], Engine]]] = {
    "openvino": OpenVINOEngine,
    "onnxruntime": ONNXRuntimeEngine,
}
PRECISIONS: Final = ("auto", *NETWORKS, "bfloat16")
INT8_ENGINE: Final = "openvino"
"""The only engine that answers in 8 bits, as training measures what they cost with it.

The engines round differently there: of 484 photographs of flowers, MobileNetV2 0.35 names the same
class with both for 98.8 %, and a probability differs by up to 0.25. In 32 bits both say the same.
"""
DEFAULT_RUNTIME: Final = Runtime()


def load_layers(network: Path, size: int) -> Callable[[RGB], list[NDArray[np.float32]]]:
    """Load a network that is no classifier; return what gives its outputs for a picture, in order.

    As many threads as there are CPUs can keep it busy. `size` is the height and width of a picture.
    A CPU that has bfloat16 computes in it. The roundings add up to a few hundredths of an output:
    too much for answers, but what is trained on the outputs ends up no worse (Kalamkar et al., "A
    Study of BFLOAT16 for Deep Learning Training", 2019).
    """
    precision = "bfloat16" if _has_bfloat16() else "float32"
    engine = OpenVINOEngine(network, Runtime(precision=precision, at_once=cpu_limit()))
    # OpenVINO's binding sets itself up in the first inference of a process; where two threads
    # begin one at the same time, each waits for what the other holds, forever.
    engine.run(np.zeros((1, size, size, 3), np.uint8))
    return lambda picture: [*engine.run(picture).values()]
