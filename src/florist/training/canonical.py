"""An ONNX file whose bytes follow from what it computes.

Exporters number what they fold and name, in an order that differs between processes; a model is
named by the digest of its bytes.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import onnx
from onnx import GraphProto, ModelProto, NodeProto, numpy_helper


def make_canonical(path: Path, inner: Sequence[str] = ()) -> None:
    """Rewrite an ONNX file with an order and names that follow from its graph alone.

    Inputs and outputs keep their names and places. `inner` outputs become tensors of that name
    inside the graph. What no output needs is left out, and so is what tells of the exporter.
    """
    model = onnx.load(path)
    _skip_idle_reshapes(model)
    old = model.graph
    nodes = list(_in_order(old))
    names = _new_names(old, nodes)
    constants = {each.name: each for each in old.initializer}
    graph = GraphProto(
        name="florist",
        node=[_renamed(node, names) for node in nodes],
        initializer=[
            numpy_helper.from_array(numpy_helper.to_array(constants[name]), new)
            for name, new in names.items()
            if name in constants
        ],
        input=old.input,
        output=[output for output in old.output if output.name not in inner],
    )
    for value in (*graph.input, *graph.output):  # the first dimension is named anew each time
        value.type.tensor_type.shape.dim[0].dim_param = "N"
    domains = {node.domain for node in nodes}
    opsets = sorted((each.domain, each.version) for each in model.opset_import)
    opset_import = [onnx.helper.make_opsetid(*each) for each in opsets if each[0] in domains]
    made = ModelProto(ir_version=model.ir_version, graph=graph, opset_import=opset_import)
    path.write_bytes(made.SerializeToString(deterministic=True))


def _skip_idle_reshapes(model: ModelProto) -> None:
    """Bypass each Reshape to the shape that is there already: exporters drop some of them or not.

    Looked at are those that leave the first dimension open, and give the others as numbers.
    """
    values = onnx.shape_inference.infer_shapes(model).graph.value_info
    shapes = {each.name: [d.dim_value for d in each.type.tensor_type.shape.dim] for each in values}
    constants = {each.name: each for each in model.graph.initializer}
    outputs = {each.name for each in model.graph.output}
    source: dict[str, str] = {}
    for node in model.graph.node:  # each comes after those that it depends on
        for place, name in enumerate(node.input):
            node.input[place] = source.get(name, name)
        if node.op_type == "Reshape" and node.input[1] in constants:
            first, *others = numpy_helper.to_array(constants[node.input[1]]).tolist()
            idle = first == -1 and 0 not in others and others == shapes.get(node.input[0], [])[1:]
            if idle and node.output[0] not in outputs:
                source[node.output[0]] = node.input[0]


def _in_order(graph: GraphProto) -> Iterator[NodeProto]:
    """Yield each node after those that it depends on, from the first output's first input on."""
    maker = {name: place for place, node in enumerate(graph.node) for name in node.output}
    done: set[int] = set()
    waiting = [maker[output.name] for output in reversed(graph.output)]
    while waiting:
        place = waiting[-1]
        node = graph.node[place]
        missing = [maker[name] for name in node.input if name in maker and maker[name] not in done]
        if missing:
            waiting.extend(reversed(missing))
            continue
        waiting.pop()
        if place not in done:
            done.add(place)
            yield node


def _new_names(graph: GraphProto, nodes: Sequence[NodeProto]) -> dict[str, str]:
    """Map each tensor's name to the new one, in the order in which they are met."""
    names = {"": ""}  # an optional input or output that is not there
    names |= {value.name: value.name for value in (*graph.input, *graph.output)}
    constants = {each.name for each in graph.initializer}
    for number, node in enumerate(nodes):
        for name in node.input:
            if name in constants:
                names.setdefault(name, f"constant_{len(names)}")
        for place, name in enumerate(node.output):
            names.setdefault(name, f"{node.op_type}_{number}" + (f"_{place}" if place else ""))
    return names


def _renamed(node: NodeProto, names: dict[str, str]) -> NodeProto:
    new = NodeProto(
        op_type=node.op_type,
        domain=node.domain,
        input=[names[name] for name in node.input],
        output=[names[name] for name in node.output],
        attribute=sorted(node.attribute, key=lambda each: each.name),
    )
    new.name = next(name for name in new.output if name)
    for attribute in new.attribute:
        attribute.doc_string = ""
    return new
