"""Why a model answers as it does, from the loaded folder to JSON."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import florist
from florist.bundle import MODEL, PICTURES, TRUST, Bundle, digests, read_bundle
from florist.confidence.bank import bank_of
from florist.confidence.familiarity import Familiarity
from florist.confidence.file import to_bytes
from florist.confidence.verdict import Judge
from florist.engine import EMBEDDING, ENGINES, Runtime, dense_layers
from florist.errors import BundleError
from florist.explaining import Explainer, Explanation, explains
from florist.images import ImageSpec
from florist.prediction import Predictor
from tests.conftest import COLOURS, noisy_picture, spoil_manifest
from tests.explained import network


def explanation(predictor: Predictor, picture: object) -> Explanation:
    result = predictor.result(picture)  # type: ignore[arg-type]
    assert isinstance(result, Explanation)
    return result


def a_corner_of(colour: str) -> np.ndarray:
    """Return a dark picture whose lower right quarter has a colour."""
    pixels = np.full((64, 64, 3), 20, np.uint8)
    pixels[32:, 32:] = COLOURS[colour]
    return pixels


@pytest.mark.parametrize("engine", list(ENGINES))
def test_the_map_lies_where_the_colour_is(explained: Bundle, engine: str) -> None:
    predictor = florist.load(explained.path, Runtime(engine=engine, threads=1))
    explainer = Explainer(predictor)
    for colour in COLOURS:
        found = explanation(explainer, a_corner_of(colour))
        assert found.predictions[0].label == colour
        assert found.heat.shape == (4, 4)
        assert found.heat[2:, 2:].sum() > 0.8 * found.heat.sum()


def test_it_answers_as_the_predictor_does(explained: Bundle) -> None:
    predictor = florist.load(explained.path, Runtime(threads=1))
    picture = noisy_picture(COLOURS["red"], 5)
    expected, found = predictor.result(picture), explanation(Explainer(predictor), picture)
    assert found.predictions == expected.predictions
    assert (found.verdict, found.familiarity) == (expected.verdict, expected.familiarity)
    assert (found.width, found.height) == (expected.width, expected.height)
    told = found.to_dict()
    assert told.keys() - expected.to_dict().keys() == {"map", "similar"}
    assert np.array(told["map"]) == pytest.approx(found.heat, abs=1e-4)
    assert Explainer(predictor).result(b"no picture").error is not None


def test_the_most_similar_training_pictures_are_told(explained: Bundle) -> None:
    explainer = Explainer(florist.load(explained.path, Runtime(threads=1)))
    found = explanation(explainer, noisy_picture(COLOURS["green"], 7))  # one that was trained on
    assert [each.picture.label for each in found.similar] == ["green"] * 5
    similarities = [each.similarity for each in found.similar]
    assert similarities == sorted(similarities, reverse=True)
    assert similarities[0] == pytest.approx(1, abs=1e-3)
    nearest = {
        each.picture.name for each in found.similar if each.similarity > similarities[0] - 1e-3
    }
    assert "green/007.png" in nearest


def test_the_crop_is_taken_into_account(explained: Bundle) -> None:
    predictor = florist.load(explained.path, Runtime(threads=1))
    cropping = replace(
        explained, manifest=replace(explained.manifest, spec=ImageSpec(size=16, fit="crop"))
    )
    explainer = Explainer(Predictor(cropping, predictor.engine, judge=predictor.judge))
    pixels = np.full((40, 120, 3), 20, np.uint8)
    pixels[:, 40:60] = COLOURS["blue"]  # the left half of what is seen of it
    found = explanation(explainer, pixels)
    assert found.heat[:, :2].sum() > 0.8 * found.heat.sum()
    assert found.spec.fit == "crop"


def test_a_folder_of_pictures_alone_has_no_reasons(bundle: Bundle) -> None:
    predictor = florist.load(bundle.path, Runtime(threads=1))
    assert not explains(predictor)
    with pytest.raises(BundleError, match="with probabilities alone. Train it again"):
        Explainer(predictor)


def test_a_network_with_another_head_has_none(explained: Bundle, tmp_path: Path) -> None:
    content = (explained.path / MODEL).read_bytes()
    folder = tmp_path / "model"
    folder.mkdir()
    for name in explained.manifest.files:
        (folder / name).write_bytes(explained.read(name))
    (folder / "manifest.json").write_bytes(explained.read("manifest.json"))
    (folder / MODEL).write_bytes(content.replace(b"Relu", b"Tanh"))
    (folder / PICTURES).unlink()
    files = {name: digest for name, digest in digests(folder).items() if name != "manifest.json"}
    spoil_manifest(folder, files=files)
    predictor = florist.load(folder, Runtime(threads=1))
    with pytest.raises(BundleError, match="Tanh where Relu is expected"):
        Explainer(predictor)
    assert read_bundle(folder).manifest.files.keys() == files.keys()


def test_a_bank_of_another_network_is_refused(explained: Bundle, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(explained.path, folder)
    other = bank_of(np.random.default_rng(0).random((60, 7), dtype=np.float32))
    content = to_bytes(Judge(familiarity=Familiarity(banks={EMBEDDING: other})))
    (folder / TRUST).write_bytes(content)
    files = {name: digest for name, digest in digests(folder).items() if name != "manifest.json"}
    spoil_manifest(folder, files=files)
    with pytest.raises(BundleError, match="trust.npz is of another network"):
        Explainer(florist.load(folder, Runtime(threads=1)))


def test_the_layers_are_read_as_they_are() -> None:
    first, last = dense_layers(network(16))
    assert [each.shape for each in (*first, *last)] == [(3, 6), (6,), (6, 3), (3,)]
    assert last[1] == pytest.approx([0.1, 0, -0.1])
    with pytest.raises(ValueError, match="there is no logits"):
        dense_layers(network(16).replace(b"logits", b"lodges"))
