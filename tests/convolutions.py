"""A small network whose answer depends on every pixel, as a trained one's does."""

from pathlib import Path

import numpy as np

from florist.bundle import LABELS, MODEL, Bundle, Manifest, write_bundle
from florist.demo import FLOWERS
from florist.images import Fit, ImageSpec


def write_convolutions(path: Path, size: int = 64, fit: Fit = "stretch") -> Bundle:
    """Write a model folder of two random convolutions, five classes and `size` pixels."""
    from onnx import TensorProto, checker, helper, numpy_helper, save

    rng = np.random.default_rng(5)

    def weights(name: str, *shape: int, gain: float = 1) -> object:
        values = rng.normal(0, gain / np.sqrt(np.prod(shape[1:])), shape)
        return numpy_helper.from_array(values.astype(np.float32), name)

    node = helper.make_node
    graph = helper.make_graph(
        [
            node("Cast", ["pictures"], ["floats"], to=TensorProto.FLOAT),
            node("Transpose", ["floats"], ["first"], perm=[0, 3, 1, 2]),
            node("Div", ["first", "white"], ["scaled"]),
            node("Conv", ["scaled", "one"], ["a"], strides=[2, 2]),
            node("Relu", ["a"], ["b"]),
            node("Conv", ["b", "two"], ["c"], strides=[2, 2]),
            node("Relu", ["c"], ["d"]),
            node("ReduceMean", ["d", "axes"], ["embedding"], keepdims=0),
            node("MatMul", ["embedding", "head"], ["logits"]),
            node("Softmax", ["logits"], ["probabilities"], axis=-1),
        ],
        "convolutions",
        [helper.make_tensor_value_info("pictures", TensorProto.UINT8, ["N", size, size, 3])],
        [
            helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["N", 16]),
            helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["N", 5]),
        ],
        [
            numpy_helper.from_array(np.array([2, 3], np.int64), "axes"),
            numpy_helper.from_array(np.array(255, np.float32), "white"),
            weights("one", 8, 3, 3, 3, gain=2),
            weights("two", 16, 8, 3, 3, gain=2),
            weights("head", 16, 5, gain=20),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    checker.check_model(model)

    def write_files(folder: Path) -> None:
        save(model, folder / MODEL)
        (folder / LABELS).write_text("\n".join(FLOWERS) + "\n", encoding="utf-8")

    manifest = Manifest(
        name="convolutions",
        created="2026-01-02T03:04:05+00:00",
        florist="0.1.0",
        classes=FLOWERS,
        spec=ImageSpec(size=size, fit=fit),
    )
    return write_bundle(path, manifest, write_files)
