"""A network that could do more than compute straight ahead is refused before a runtime sees it."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from florist.bundle import MODEL, Bundle, digests, read_bundle
from florist.engine import ENGINES, Runtime, load_engine
from florist.errors import BundleError, EngineError
from florist.images import RGB
from florist.prediction import Predictor

# What OpenVINO's own format looks like: one that may stand in a text of an ONNX file.
IR = """<?xml version="1.0"?><net name="m" version="11"><layers><layer id="0" name="x"
type="Parameter" version="opset1"><data shape="1,3" element_type="f32"/><output><port id="0"
precision="FP32"><dim>1</dim><dim>3</dim></port></output></layer><layer id="1" name="r"
type="Result" version="opset1"><input><port id="0" precision="FP32"><dim>1</dim><dim>3</dim></port>
</input></layer></layers><edges><edge from-layer="0" from-port="0" to-layer="1" to-port="0"/>
</edges></net>"""


@pytest.fixture
def remade(bundle: Bundle, tmp_path: Path) -> Callable[[bytes], Bundle]:
    """Return what makes a model folder, with digests that are right, of a network's bytes."""

    def remake(content: bytes) -> Bundle:
        (tmp_path / MODEL).write_bytes(content)
        manifest = replace(bundle.manifest, files=digests(tmp_path))
        return replace(bundle, path=tmp_path, manifest=manifest)

    return remake


def endless_loop(model: onnx.ModelProto) -> None:
    """Let the probabilities come out of a loop that goes on for ever."""
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["go_on"], ["again"]),
            helper.make_node("Identity", ["carried"], ["passed"]),
        ],
        "body",
        [
            helper.make_tensor_value_info("turn", TensorProto.INT64, []),
            helper.make_tensor_value_info("go_on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("carried", TensorProto.FLOAT, ["N", 3]),
        ],
        [
            helper.make_tensor_value_info("again", TensorProto.BOOL, []),
            helper.make_tensor_value_info("passed", TensorProto.FLOAT, ["N", 3]),
        ],
    )
    model.graph.node[-1].output[0] = "once"
    model.graph.node.append(
        helper.make_node("Loop", ["", "true", "once"], ["probabilities"], body=body)
    )
    model.graph.initializer.append(numpy_helper.from_array(np.array(True), "true"))


def branch(model: onnx.ModelProto) -> None:
    (node,) = (each for each in model.graph.node if each.op_type == "Cast")
    node.attribute.append(helper.make_attribute("branches", [helper.make_graph([], "b", [], [])]))


def functions(model: onnx.ModelProto) -> None:
    softmax = helper.make_node("Softmax", ["x"], ["y"], axis=-1)
    opset = [helper.make_opsetid("", 18)]
    model.functions.append(helper.make_function("own", "Mine", ["x"], ["y"], [softmax], opset))
    model.opset_import.append(helper.make_opsetid("own", 1))
    model.graph.node[-1].CopyFrom(helper.make_node("Mine", ["logits"], ["probabilities"]))
    model.graph.node[-1].domain = "own"


def external(tensor: onnx.TensorProto) -> None:
    numbers = tensor.raw_data
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in {
        "location": "weights.bin",
        "offset": "0",
        "length": str(len(numbers)),
    }.items():
        tensor.external_data.add(key=key, value=value)


def external_weights(model: onnx.ModelProto) -> None:
    external(model.graph.initializer[-1])


def external_constant(model: onnx.ModelProto) -> None:
    """Move weights into an attribute, and from there into a file."""
    weights = model.graph.initializer.pop()
    node = helper.make_node("Constant", [], [weights.name], value=weights)
    external(node.attribute[0].t)
    model.graph.node.insert(0, node)


def sparse_external(model: onnx.ModelProto) -> None:
    sparse = model.graph.sparse_initializer.add()
    sparse.dims.extend([3, 3])
    sparse.values.CopyFrom(model.graph.initializer[-1])
    external(sparse.values)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("change", "says"),
    [
        (endless_loop, "model.onnx has a graph inside its graph"),
        (branch, "model.onnx has a graph inside its graph"),
        (functions, "model.onnx has functions of its own"),
        (external_weights, "model.onnx keeps numbers in another file"),
        (external_constant, "model.onnx keeps numbers in another file"),
        (sparse_external, "model.onnx keeps numbers in another file"),
    ],
)
def test_what_is_no_straight_computation_is_refused(
    bundle: Bundle,
    remade: Callable[[bytes], Bundle],
    engine: str,
    change: Callable[[onnx.ModelProto], None],
    says: str,
) -> None:
    model = onnx.load(bundle.network("float32"))
    change(model)
    with pytest.raises(BundleError, match=says):
        load_engine(remade(model.SerializeToString()), Runtime(engine=engine))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "cannot run"),
        (b"\x08", "no ONNX file"),
        (b"\x08" + b"\xff" * 20, "no ONNX file.*does not end"),
        (b"\x3a\x7f\x0a", "no ONNX file.*cut off"),
        (b"\x0b\x08\x01", "no ONNX file.*unknown type"),
        (b"\xba\x80\x80\x80\x10\x00", "no ONNX file.*has no number"),
        (b"\x08\x01" * 1_000_001, "more than 1,000,000 parts"),
        (IR.encode(), "no ONNX file"),
    ],
)
def test_what_is_no_network_is_refused(
    remade: Callable[[bytes], Bundle], content: bytes, says: str
) -> None:
    with pytest.raises((BundleError, EngineError), match=says):
        load_engine(remade(content))


@pytest.mark.parametrize("field", ["producer_name", "doc_string"])
def test_no_other_format_is_found_inside(
    bundle: Bundle, remade: Callable[[bytes], Bundle], field: str
) -> None:
    model = onnx.load(bundle.network("float32"))
    setattr(model, field, IR)
    found = Predictor(bundle, load_engine(remade(model.SerializeToString())))
    assert np.array_equal(
        found.probabilities(picture()),
        Predictor(bundle, load_engine(bundle)).probabilities(picture()),
    )


def test_a_tensor_that_says_it_is_where_it_is_is_read(
    bundle: Bundle, remade: Callable[[bytes], Bundle]
) -> None:
    model = onnx.load(bundle.network("float32"))
    for tensor in model.graph.initializer:
        tensor.data_location = TensorProto.DEFAULT
    load_engine(remade(model.SerializeToString()))


def picture(level: int = 100) -> RGB:
    return np.full((16, 16, 3), level, np.uint8)


@pytest.mark.parametrize("engine", ENGINES)
def test_numbers_that_are_no_probabilities_are_refused(
    bundle: Bundle, remade: Callable[[bytes], Bundle], engine: str
) -> None:
    """The weights are what a black picture is multiplied with: 0 × ∞ is no number."""
    model = onnx.load(bundle.network("float32"))
    weights = np.full((3, 3), np.inf, np.float32)
    model.graph.initializer[-1].CopyFrom(numpy_helper.from_array(weights, "weights"))
    with pytest.raises(EngineError, match="model.onnx answers with numbers from nan to nan"):
        load_engine(remade(model.SerializeToString()), Runtime(engine=engine))


@pytest.mark.parametrize("engine", ENGINES)
def test_a_picture_that_is_answered_with_no_number_is_an_error(
    bundle: Bundle, remade: Callable[[bytes], Bundle], engine: str
) -> None:
    model = onnx.load(bundle.network("float32"))
    weights = np.full((3, 3), 3e38, np.float32)  # black is fine, of white the sum is infinite
    model.graph.initializer[-1].CopyFrom(numpy_helper.from_array(weights, "weights"))
    folder = remade(model.SerializeToString())
    predictor = Predictor(folder, load_engine(folder, Runtime(engine=engine)))
    predictor.probabilities(picture(0))
    with pytest.raises(EngineError, match="numbers that are none"):
        predictor.probabilities(picture(255))


@pytest.mark.skipif(os.name != "posix", reason="has no named pipes")
@pytest.mark.parametrize("name", ["manifest.json", MODEL])
def test_a_pipe_in_a_model_folder_is_never_waited_for(model: Path, name: str) -> None:
    (model / name).unlink()
    os.mkfifo(model / name)
    with pytest.raises(BundleError, match=f"{name} cannot be read|cannot be read: a folder, pipe"):
        read_bundle(model).hold().verify()


def test_a_file_of_more_bytes_than_a_network_can_have_is_not_read(model: Path) -> None:
    os.truncate(model / MODEL, 2**31 + 1)
    with pytest.raises(BundleError, match="larger than 2 GiB"):
        read_bundle(model).verify()


def test_an_engine_that_cannot_answer_in_8_bits_says_which_can(bundle: Bundle) -> None:
    files = {"model.int8.onnx": "0"}
    alone = replace(bundle, manifest=replace(bundle.manifest, precision="int8", files=files))
    with pytest.raises(BundleError, match="in 8 bits alone, and onnxruntime.*the engine openvino"):
        load_engine(alone, Runtime(engine="onnxruntime"))
