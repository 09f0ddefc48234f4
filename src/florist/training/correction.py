"""Biases that make up for what 8 bits shift.

Rounding moves the mean of what a convolution finds, and those after it add their own. As much goes
into its bias as takes the mean back (Nagel et al., "Data-Free Quantization Through Weight
Equalization and Bias Correction", 2019, section 4.2, with pictures in place of assumptions).
"""

from collections.abc import Iterator, Sequence, Set
from functools import reduce
from typing import Any, Final

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, helper, numpy_helper

from florist.engine import with_output

_FEWEST: Final = 16
"""Pictures that are used whatever they take: all places of each count."""
_TENSOR_BYTES: Final = 48 * 2**20
"""What a tensor of more pictures than that may take; a few are there at a time."""


def correct_biases(
    quantized: ModelProto, original: ModelProto, pictures: NDArray[np.uint8]
) -> None:
    """Change the biases of the convolutions in 8 bits, one after the other.

    All at once would not do: each changes what the next ones see. `original` is the network before
    it was quantized, with the same names of nodes; pictures have the shape (N, size, size, 3).
    """
    constants = {each.name: each for each in quantized.graph.initializer}
    makers = _makers(quantized.graph)
    nodes = [node for node in quantized.graph.node if node.op_type == "Conv"]
    nodes = [node for node in nodes if makers.keys() & node.input[2:]]  # others are in 32 bits
    if not nodes:  # asked for no output, a session gives all of them
        return
    # By the nodes' names: a clipping after one, which rounding does anyhow, has been left out.
    before = {node.name: node.output[0] for node in original.graph.node}
    exact = _Exact(original, [before[node.name] for node in nodes])
    pictures = pictures[:: _step(len(pictures), exact.largest(pictures))]
    found = _computed(quantized, [node.output[0] for node in nodes], pictures)
    for node, mean, rounded in zip(nodes, exact.means(pictures), found, strict=True):
        bias, scale = (constants[name] for name in makers[node.input[2]].input[:2])
        size = numpy_helper.to_array(scale)
        shift = mean - rounded.mean(axis=(0, 2, 3), dtype=np.float64)
        steps = np.round(shift / size).astype(np.int32)
        bias.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(bias) + steps, bias.name))
        rounded[:] += (steps * size)[:, np.newaxis, np.newaxis]


def _step(count: int, tensor: int) -> int:
    """Return the step through `count` pictures that keeps a tensor of so many bytes a picture."""
    kept = max(_FEWEST, _TENSOR_BYTES // tensor)
    return max(1, count // kept)


class _Exact:
    """Tensors of a network that nothing has been rounded in."""

    def __init__(self, model: ModelProto, names: Sequence[str]) -> None:
        network = reduce(with_output, names, model.SerializeToString())
        self._session = onnxruntime.InferenceSession(network, providers=["CPUExecutionProvider"])
        self._input, self._names = model.graph.input[0].name, names

    def largest(self, pictures: NDArray[np.uint8]) -> int:
        """Return how many bytes the largest tensor of a picture takes."""
        return max(found.nbytes for found in self._of(pictures[:1]))

    def means(self, pictures: NDArray[np.uint8]) -> list[NDArray[np.float64]]:
        """Return the mean of each channel of each tensor, over all places of all pictures."""
        found = (
            [each.mean(axis=(0, 2, 3), dtype=np.float64) for each in self._of(picture[np.newaxis])]
            for picture in pictures
        )
        return [np.mean(means, axis=0) for means in zip(*found, strict=True)]

    def _of(self, pictures: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        return list(self._session.run(self._names, {self._input: pictures}))


def _computed(
    model: ModelProto, names: Sequence[str], pictures: NDArray[np.uint8]
) -> Iterator[NDArray[np.float32]]:
    """Yield tensors of a network, each computed from those before it, as the caller left them.

    One that no other needs any more is forgotten.
    """
    parts = list(_parts(model, names))
    last_use = {each.name: n for n, part in enumerate(parts) for each in part.graph.input}
    known: dict[str, NDArray[Any]] = {model.graph.input[0].name: pictures}
    for number, (name, part) in enumerate(zip(names, parts, strict=True)):
        session = onnxruntime.InferenceSession(
            part.SerializeToString(), providers=["CPUExecutionProvider"]
        )
        # Picture by picture: what lies between takes more memory than what is kept.
        for n in range(len(pictures)):
            feed = {each.name: known[each.name][[n]] for each in part.graph.input}
            (found,) = session.run(None, feed)
            if n == 0:
                known[name] = np.empty((len(pictures), *found.shape[1:]), found.dtype)
            known[name][n] = found[0]
        yield known[name]
        known = {each: value for each, value in known.items() if last_use.get(each, 0) > number}


def _parts(model: ModelProto, names: Sequence[str]) -> Iterator[ModelProto]:
    """Yield for each tensor the part of a network that computes it from those before it."""
    pictures = model.graph.input[0]
    makers, constants = _makers(model.graph), {each.name: each for each in model.graph.initializer}
    known = {pictures.name: pictures}
    for name in names:
        nodes: dict[str, NodeProto] = {}
        _collect(name, makers, known.keys(), nodes)
        read = {each for node in nodes.values() for each in node.input}
        inputs = [value for each, value in known.items() if each in read]
        values = [value for each, value in constants.items() if each in read]
        known[name] = helper.make_tensor_value_info(name, TensorProto.FLOAT, None)
        graph = helper.make_graph([*nodes.values()], "part", inputs, [known[name]], values)
        yield helper.make_model(
            graph, opset_imports=model.opset_import, ir_version=model.ir_version
        )


def _collect(
    name: str, makers: dict[str, NodeProto], known: Set[str], nodes: dict[str, NodeProto]
) -> None:
    """Add the nodes that lead from what is known to a tensor, each after those it depends on."""
    node = makers.get(name)
    if name in known or node is None or node.output[0] in nodes:
        return
    for each in node.input:
        _collect(each, makers, known, nodes)
    nodes[node.output[0]] = node


def _makers(graph: GraphProto) -> dict[str, NodeProto]:
    return {name: node for node in graph.node for name in node.output}
