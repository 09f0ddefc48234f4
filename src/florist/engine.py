"""An inference runtime behind one small interface: uint8 pictures in, probabilities out.

This is the only module that names a runtime. Both compute in 32-bit floats, so that a picture gets
the same answer on every machine; OpenVINO would otherwise choose bfloat16 where the CPU has it.
"""

import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from florist.bundle import Bundle
from florist.errors import EngineError, printable
from florist.images import RGB

Probabilities = NDArray[np.float32]


class Engine(Protocol):
    """A loaded network; safe to call from several threads at once."""

    name: str

    def __call__(self, pictures: RGB) -> Probabilities:
        """Return probabilities of shape (N, classes) for uint8 pictures (N, size, size, 3)."""
        ...


class OpenVINOEngine:
    """OpenVINO on the CPU: https://docs.openvino.ai."""

    name = "openvino"

    def __init__(self, model: Path, threads: int | None) -> None:
        # OpenVINO reports each import of itself to its makers, unless this package is missing. What
        # people classify, and that they do, is nobody's business; and a server calls no other host.
        sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
        import openvino

        config: dict[str, Any] = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": "f32",
        }
        if threads is not None:
            config["INFERENCE_NUM_THREADS"] = threads
        self._compiled = openvino.Core().compile_model(str(model), "CPU", config)
        self._local = threading.local()

    def __call__(self, pictures: RGB) -> Probabilities:
        """Return probabilities of shape (N, classes) for uint8 pictures (N, size, size, 3)."""
        # An infer request holds the buffers of one inference, so each thread has its own.
        request = getattr(self._local, "request", None)
        if request is None:
            request = self._local.request = self._compiled.create_infer_request()
        result = request.infer({0: pictures}, share_inputs=True)
        return np.array(result[0], np.float32)


class ONNXRuntimeEngine:
    """ONNX Runtime on the CPU: https://onnxruntime.ai."""

    name = "onnxruntime"

    def __init__(self, model: Path, threads: int | None) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        if threads is not None:
            options.intra_op_num_threads = threads
        self._session = onnxruntime.InferenceSession(
            str(model), options, providers=["CPUExecutionProvider"]
        )
        self._input = self._session.get_inputs()[0].name

    def __call__(self, pictures: RGB) -> Probabilities:
        """Return probabilities of shape (N, classes) for uint8 pictures (N, size, size, 3)."""
        (result,) = self._session.run(None, {self._input: pictures})
        return np.asarray(result, np.float32)


ENGINES: Final[dict[str, Callable[[Path, int | None], Engine]]] = {
    OpenVINOEngine.name: OpenVINOEngine,
    ONNXRuntimeEngine.name: ONNXRuntimeEngine,
}
DEFAULT_ENGINE: Final = OpenVINOEngine.name


def load_engine(bundle: Bundle, name: str = DEFAULT_ENGINE, threads: int | None = None) -> Engine:
    """Load a bundle's network and run it once, to see that it fits the manifest.

    Raises `EngineError` where the runtime is unknown, not installed, or refuses the model.
    """
    if name not in ENGINES:
        raise EngineError(f"There is no engine {name!r}. Choose one of: {', '.join(ENGINES)}.")
    manifest = bundle.manifest
    try:
        engine = ENGINES[name](bundle.model, threads)
        size = manifest.spec.size
        answer = engine(np.zeros((1, size, size, 3), np.uint8))
    except ImportError as error:
        raise EngineError(
            f"The engine {name!r} is not installed. Install it with: pip install 'florist[{name}]'"
        ) from error
    except Exception as error:  # each runtime has its own tree of exceptions
        raise EngineError(
            f"{name} cannot run {printable(bundle.model)}: {str(error).strip().splitlines()[0]}"
        ) from error
    if answer.shape != (1, len(manifest.classes)):
        raise EngineError(
            f"{printable(bundle.model)} answers with shape {answer.shape}, but the manifest lists "
            f"{len(manifest.classes)} classes. The folder mixes files of two models."
        )
    return engine
