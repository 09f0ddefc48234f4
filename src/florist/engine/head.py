"""The dense layers at the end of a network, as arrays: what tells how an answer came about."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from florist.engine.runtimes import EMBEDDING, LOGITS, read_onnx

DenseLayer = tuple[NDArray[np.float32], NDArray[np.float32]]
"""Weights (inputs, outputs) and biases (outputs,)."""


def dense_layers(network: bytes) -> Sequence[DenseLayer]:
    """Return the layers between the embedding and the logits, first to last; ReLU is between them.

    `network` is an ONNX file in 32 bits that `require_feed_forward` has let through.

    Raises `ValueError` where something else is between the two.
    """
    node = _named(read_onnx(network), LOGITS)
    layers: list[DenseLayer] = []
    while EMBEDDING not in node.output(0).names:
        if layers:
            (node,) = _inputs(node, "Relu")
        product, biases = _inputs(node, "Add")
        node, weights = _inputs(product, "MatMul")
        if product.get_attributes()["transpose_a"] or product.get_attributes()["transpose_b"]:
            raise ValueError("a layer's weights are transposed")
        layers.append((_constant(weights), _constant(biases).reshape(-1)))
    if not layers:
        raise ValueError("there is no dense layer")
    return layers[::-1]


def _named(model: Any, name: str) -> Any:
    """Return the node that makes an output, which a node of its own stands for."""
    for output in model.outputs:
        if name in output.names:
            return output.get_node().input_value(0).get_node()
    raise ValueError(f"there is no {name}")


def _inputs(node: Any, kind: str) -> list[Any]:
    if node.get_type_name() != kind:
        raise ValueError(f"{node.get_type_name()} where {kind} is expected")
    return [value.get_node() for value in node.input_values()]


def _constant(node: Any) -> NDArray[np.float32]:
    if node.get_type_name() != "Constant":
        raise ValueError(f"{node.get_type_name()} where numbers are expected")
    return np.array(node.data, np.float32)
