"""A model folder whose network knows what is familiar: the colours that it tells apart."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper

from florist.bundle import LABELS, MODEL, TRUST, Bundle, write_bundle
from florist.confidence.familiarity import Embeddings, Familiarity, familiarity_of
from florist.confidence.file import to_bytes
from florist.confidence.refusal import Validated
from florist.confidence.verdict import Judge
from florist.engine import EARLY_EMBEDDING, EMBEDDING, load_engine
from florist.images import load_rgb
from tests.conftest import COLOURS, noisy_picture

NAMES = (EMBEDDING, EARLY_EMBEDDING)


def write_trusted_bundle(path: Path, plain: Bundle) -> Bundle:
    """Write the folder of `plain` anew: its network tells the mean colour, as both embeddings."""
    model = onnx.load(plain.path / MODEL)
    for name in NAMES:
        model.graph.node.append(helper.make_node("Identity", ["mean"], [name]))
        value = helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", 3])
        model.graph.output.append(value)

    def write_network(folder: Path) -> None:
        onnx.save(model, folder / MODEL)
        (folder / LABELS).write_bytes((plain.path / LABELS).read_bytes())

    draft = write_bundle(path.with_name("draft"), plain.manifest, write_network)

    def write_files(folder: Path) -> None:
        write_network(folder)
        (folder / TRUST).write_bytes(to_bytes(judge_of_colours(draft)))

    return write_bundle(path, plain.manifest, write_files)


def judge_of_colours(bundle: Bundle) -> Judge:
    """Return a judge whose network is sure of its answers, and right on 117 of 120 pictures."""
    best = np.linspace(0.8, 1, 120).astype(np.float32)
    truth = np.where(np.arange(120) < 3, 0, best).astype(np.float32)
    found = Validated(best=best, truth=truth, familiarity=np.ones(120, np.float32))
    return Judge(familiarity=colours_of(bundle), validated={"float32": found, "int8": found})


def colours_of(bundle: Bundle) -> Familiarity:
    """Fit with 60 pictures, and with 120 others."""
    trained, others = embedded(bundle, range(20)), embedded(bundle, range(20, 60))
    return familiarity_of(trained, {"float32": others, "int8": others})


def embedded(bundle: Bundle, seeds: range) -> Embeddings:
    """Return the embeddings of pictures of each colour."""
    engine, spec = load_engine(bundle), bundle.manifest.spec
    pictures = [noisy_picture(colour, seed) for colour in COLOURS.values() for seed in seeds]
    answers = [engine.run(load_rgb(picture, spec)[np.newaxis]) for picture in pictures]
    return {name: np.concatenate([each[name] for each in answers]) for name in NAMES}
