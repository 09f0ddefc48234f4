"""A model folder that says why: its network looks for red, green and blue in 16 places."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from florist.bundle import LABELS, MODEL, PICTURES, REPORT, TRUST, Bundle, write_bundle
from florist.confidence.file import to_bytes
from florist.pictures import SmallPicture
from florist.pictures import to_bytes as pictures_to_bytes
from tests.conftest import COLOURS
from tests.test_pictures import mistake, webp
from tests.trusted import judge_of_colours

GRID = 4

REPORTED: dict[str, Any] = {
    "pictures": 9,
    "accuracy": 7 / 9,
    "interval": [0.45, 0.94],
    "top3": None,
    "macro_f1": 0.77,
    "calibration_error": 0.05,
    "classes": [
        {"label": "blue", "precision": 1.0, "recall": 1.0, "f1": 1.0, "support": 3},
        {"label": "green", "precision": 1.0, "recall": 0.333, "f1": 0.5, "support": 3},
        {"label": "red", "precision": 0.6, "recall": 1.0, "f1": 0.75, "support": 3},
    ],
    "confusions": [{"label": "green", "predicted": "red", "count": 2}],
    "mistakes": [],
}


def write_explained_bundle(path: Path, plain: Bundle, width: int = 6) -> Bundle:
    """Write the folder of `plain` anew, with another network, small pictures and a report.

    `width` is that of the network's hidden layer: 24 bytes of weights each.
    """

    def write_network(folder: Path) -> None:
        (folder / MODEL).write_bytes(network(plain.manifest.spec.size, width))
        (folder / LABELS).write_bytes((plain.path / LABELS).read_bytes())

    draft = write_bundle(path.with_name("draft"), plain.manifest, write_network)

    def write_files(folder: Path) -> None:
        write_network(folder)
        (folder / TRUST).write_bytes(to_bytes(judge_of_colours(draft)))
        (folder / PICTURES).write_bytes(pictures_to_bytes(small_pictures()))
        (folder / REPORT).write_text(json.dumps(REPORTED), encoding="utf-8")

    return write_bundle(path, plain.manifest, write_files)


def small_pictures() -> list[SmallPicture]:
    """Return two mistakes, two right ones of each class, and the 60 of the bank."""
    tested = [mistake("green", "red", seed) for seed in (1, 2)]
    tested += [mistake(colour, colour, seed) for colour in COLOURS for seed in (3, 4)]
    trained = [
        SmallPicture(
            name=f"{colour}/{seed:03}.png",
            label=colour,
            content=webp(colour, seed),
            row=20 * place + seed,
        )
        for place, colour in enumerate(COLOURS)
        for seed in range(20)
    ]
    return tested + trained


def network(size: int, width: int = 6) -> bytes:
    """Return an ONNX file: the mean colour of each place, two dense layers, a softmax."""
    cell = size // GRID
    bgr_gain = 8 * np.array([[0, 0, 1], [0, 1, 0], [1, 0, 0]], np.float32)
    constants = {
        "white": np.array(255, np.float32),
        "places": np.array([1, 2], np.int64),
        "hidden": np.eye(3, width, dtype=np.float32) - np.eye(3, width, 3, dtype=np.float32),
        "shift": np.array([0, 0, 0, *[0.1] * (width - 3)], np.float32),
        "weights": np.concatenate([bgr_gain, -bgr_gain, np.zeros((width - 6, 3), np.float32)]),
        "biases": np.array([0.1, 0, -0.1], np.float32),
    }
    make = helper.make_node
    nodes = [
        make("Cast", ["pictures"], ["floats"], to=TensorProto.FLOAT),
        make("Div", ["floats", "white"], ["scaled"]),
        make("Transpose", ["scaled"], ["channels_first"], perm=[0, 3, 1, 2]),
        make(
            "AveragePool", ["channels_first"], ["cells"],
            kernel_shape=[cell, cell], strides=[cell, cell],
        ),
        make("Transpose", ["cells"], ["feature_map"], perm=[0, 2, 3, 1]),
        make("ReduceMean", ["feature_map", "places"], ["embedding"], keepdims=0),
        make("Identity", ["embedding"], ["early_embedding"]),
        make("MatMul", ["embedding", "hidden"], ["product"]),
        make("Add", ["product", "shift"], ["sum"]),
        make("Relu", ["sum"], ["relu"]),
        make("MatMul", ["relu", "weights"], ["last"]),
        make("Add", ["last", "biases"], ["logits"]),
        make("Softmax", ["logits"], ["probabilities"], axis=-1),
    ]  # fmt: skip
    outputs = {"early_embedding": 3, "embedding": 3, "logits": 3, "probabilities": 3}
    graph = helper.make_graph(
        nodes,
        "explained",
        [helper.make_tensor_value_info("pictures", TensorProto.UINT8, ["N", size, size, 3])],
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", width])
            for name, width in outputs.items()
        ],
        [numpy_helper.from_array(values, name) for name, values in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())
