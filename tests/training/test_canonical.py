"""Files of one graph, however its exporter named and ordered it."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from florist.engine import ENGINES, Runtime
from florist.training.canonical import make_canonical
from tests.engines import answers


def written(path: Path, prefix: str, *, idle: bool, mirrored: bool) -> Path:
    """Write max(x, 2) + min(x, 3) of pictures, with names that begin with a prefix."""

    def name(text: str) -> str:
        return f"{prefix}{text}"

    branches = [
        helper.make_node("Max", [name("floats"), name("two")], [name("high")], doc_string=prefix),
        helper.make_node("Min", [name("floats"), name("three")], [name("low")]),
    ]
    last = helper.make_node("Add", [name("high"), name("low")], ["sum"])
    if idle:
        last.input[0] = name("again")
        branches.append(helper.make_node("Reshape", [name("high"), name("shape")], [name("again")]))
    graph = helper.make_graph(
        [
            helper.make_node("Cast", ["pictures"], [name("floats")], to=TensorProto.FLOAT),
            helper.make_node("Neg", [name("floats")], [name("of no use")]),
            *(branches[1::-1] + branches[2:] if mirrored else branches),
            last,
            # This one changes the shape, so it stays.
            helper.make_node("Reshape", ["sum", name("flat")], ["flat"]),
        ],
        prefix,
        [helper.make_tensor_value_info("pictures", TensorProto.UINT8, [f"{prefix}N", 2, 2, 3])],
        [helper.make_tensor_value_info("flat", TensorProto.FLOAT, [f"{prefix}N", 12])],
        [
            numpy_helper.from_array(np.array(3, np.float32), name("three")),
            numpy_helper.from_array(np.array(2, np.float32), name("two")),
            numpy_helper.from_array(np.array([-1, 2, 2, 3]), name("shape")),
            numpy_helper.from_array(np.array([-1, 12]), name("flat")),
        ],
    )
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", 2)]
    model = helper.make_model(
        graph, opset_imports=opsets, ir_version=10, producer_name=prefix, doc_string=prefix
    )
    onnx.checker.check_model(model)
    onnx.save(model, path)
    return path


def test_one_graph_gives_one_file(tmp_path: Path) -> None:
    first = written(tmp_path / "first", "a__7", idle=False, mirrored=False)
    second = written(tmp_path / "second", "b__123", idle=True, mirrored=True)
    before = first.read_bytes()
    for path in (first, second):
        make_canonical(path)
    assert first.read_bytes() == second.read_bytes()
    model = onnx.load(first)
    onnx.checker.check_model(model, full_check=True)
    assert [node.op_type for node in model.graph.node] == ["Cast", "Max", "Min", "Add", "Reshape"]
    pictures = np.random.default_rng(0).integers(0, 256, (3, 2, 2, 3), np.uint8)
    for load in ENGINES.values():
        expected = answers(load(before, Runtime()), pictures)
        found = answers(load(first.read_bytes(), Runtime()), pictures)
        np.testing.assert_array_equal([*found.values()], [*expected.values()])


def test_it_stays_as_it_is_when_it_is_canonical(tmp_path: Path) -> None:
    path = written(tmp_path / "file", "a", idle=True, mirrored=True)
    make_canonical(path)
    once = path.read_bytes()
    make_canonical(path)
    assert path.read_bytes() == once
