"""Small real things to test with: pictures of a few pixels, a model of a few kilobytes."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from florist.bundle import (
    LABELS,
    MANIFEST,
    MODEL,
    Bundle,
    Manifest,
    Provenance,
    TrainedOn,
    write_bundle,
)
from florist.images import ImageSpec

COLOURS = {"blue": (40, 70, 200), "green": (50, 180, 60), "red": (210, 50, 40)}


TRAINED = Provenance(
    recipe={
        "backbone": "tiny",
        "unfreeze": "all",
        "learning_rate": 0.001,
        "augmentation": {"flip": True},
    },
    epochs=4,
    best_epoch=3,
    val_accuracy=0.85,
    dataset=TrainedOn(
        digest="abc",
        pictures={side: dict.fromkeys(COLOURS, n) for side, n in (("train", 14), ("val", 3))},
        leaks=0,
    ),
    keras="3.12 (tensorflow)",
)


FOREIGN = (235, 50, 150)
"""A colour that is none of them."""


def noisy_picture(colour: tuple[int, int, int], seed: int, size: int = 32) -> Image.Image:
    """Return a coarse random pattern in shades of a colour: no two are near-identical."""
    rng = np.random.default_rng([seed, *colour])
    shade = rng.uniform(0.4, 1.6, (8, 8, 1)) * np.array(colour)
    pixels = (shade + rng.normal(0, 8, (8, 8, 3))).clip(0, 255).astype(np.uint8)
    return Image.fromarray(pixels).resize((size, size), Image.Resampling.BICUBIC)


def write_colours(root: Path, per_class: int = 10, size: int = 32, suffix: str = ".png") -> Path:
    """Write a data set of three classes that a colour tells apart."""
    for name, colour in COLOURS.items():
        (root / name).mkdir(parents=True)
        for seed in range(per_class):
            noisy_picture(colour, seed, size).save(root / name / f"{seed:03}{suffix}")
    return root


@pytest.fixture
def colours(tmp_path: Path) -> Path:
    return write_colours(tmp_path / "colours")


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return write_colour_bundle(tmp_path_factory.mktemp("bundle") / "model")


@pytest.fixture(scope="session")
def trusted(bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """Return a model folder that knows what it was not made for."""
    from tests.trusted import write_trusted_bundle

    return write_trusted_bundle(tmp_path_factory.mktemp("trusted") / "model", bundle)


@pytest.fixture(scope="session")
def explained(bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """Return a model folder that says why it answers as it does."""
    from tests.explained import write_explained_bundle

    return write_explained_bundle(tmp_path_factory.mktemp("explained") / "model", bundle)


@pytest.fixture
def model(bundle: Bundle, tmp_path: Path) -> Path:
    """Return a model folder that a test may spoil."""
    return Path(shutil.copytree(bundle.path, tmp_path / "model"))


def spoil_manifest(folder: Path, **changes: object) -> None:
    manifest = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps(manifest | changes))


def write_colour_bundle(path: Path, size: int = 16) -> Bundle:
    """Write a model folder whose network tells blue, green and red by the mean colour."""
    from onnx import TensorProto, checker, helper, numpy_helper, save

    bgr_gain = 8 * np.array([[0, 0, 1], [0, 1, 0], [1, 0, 0]], np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("Cast", ["pictures"], ["floats"], to=TensorProto.FLOAT),
            helper.make_node("ReduceMean", ["floats", "axes"], ["mean"], keepdims=0),
            helper.make_node("Div", ["mean", "white"], ["scaled"]),
            helper.make_node("MatMul", ["scaled", "weights"], ["logits"]),
            helper.make_node("Softmax", ["logits"], ["probabilities"], axis=-1),
        ],
        "colours",
        [helper.make_tensor_value_info("pictures", TensorProto.UINT8, ["N", size, size, 3])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["N", 3])],
        [
            numpy_helper.from_array(np.array([1, 2], np.int64), "axes"),
            numpy_helper.from_array(np.array(255, np.float32), "white"),
            numpy_helper.from_array(bgr_gain, "weights"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    checker.check_model(model)

    def write_files(folder: Path) -> None:
        save(model, folder / MODEL)
        (folder / LABELS).write_text("\n".join(COLOURS) + "\n", encoding="utf-8")

    manifest = Manifest(
        name="colours",
        created="2026-01-02T03:04:05+00:00",
        florist="0.1.0",
        classes=tuple(COLOURS),
        spec=ImageSpec(size=size),
    )
    return write_bundle(path, manifest, write_files)
