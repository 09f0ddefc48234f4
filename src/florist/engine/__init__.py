"""An inference runtime behind one small interface: uint8 pictures in, arrays by name out.

This is the only room that names a runtime. A network may come from anywhere: before a runtime sees
it, `onnx_file` makes sure that it computes straight ahead, out of its own file.
"""

from florist.engine.head import dense_layers
from florist.engine.load import load_engine, resolved, version_of
from florist.engine.onnx_file import require_feed_forward, with_output
from florist.engine.runtimes import (
    DEFAULT_RUNTIME,
    EARLY_EMBEDDING,
    EMBEDDING,
    ENGINES,
    FEATURE_MAP,
    INT8_ENGINE,
    LOGITS,
    PRECISIONS,
    PROBABILITIES,
    Engine,
    Outputs,
    Probabilities,
    Runtime,
    load_layers,
)

__all__ = [
    "DEFAULT_RUNTIME",
    "EARLY_EMBEDDING",
    "EMBEDDING",
    "ENGINES",
    "FEATURE_MAP",
    "INT8_ENGINE",
    "LOGITS",
    "PRECISIONS",
    "PROBABILITIES",
    "Engine",
    "Outputs",
    "Probabilities",
    "Runtime",
    "dense_layers",
    "load_engine",
    "load_layers",
    "require_feed_forward",
    "resolved",
    "version_of",
    "with_output",
]
