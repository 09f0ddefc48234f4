"""A model folder, its engines, and what comes out of them."""

import subprocess
import sys
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import florist
from florist.bundle import MODEL, Bundle, digests, read_bundle
from florist.engine import ENGINES, PROBABILITIES, Runtime, load_engine
from florist.errors import BundleError, EngineError
from florist.images import Limits
from tests.conftest import COLOURS, noisy_picture, spoil_manifest
from tests.engines import answers
from tests.web.conftest import encoded


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("colour", COLOURS)
def test_the_best_prediction_comes_first(bundle: Bundle, engine: str, colour: str) -> None:
    buffer = BytesIO()
    noisy_picture(COLOURS[colour], 1).save(buffer, "PNG")
    predictions = florist.load(bundle.path, Runtime(engine=engine)).predict(
        buffer.getvalue(), top=2
    )
    assert predictions[0].label == colour
    assert predictions[0].score > predictions[1].score
    assert len(predictions) == 2


def test_engines_agree(bundle: Bundle) -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (9, 16, 16, 3), np.uint8)
    engines = [load_engine(bundle, Runtime(engine=name)) for name in ENGINES]
    first, second = (answers(engine, pictures)[PROBABILITIES] for engine in engines)
    assert first.shape == (9, 3)
    np.testing.assert_allclose(first, second, atol=1e-6)
    np.testing.assert_allclose(first.sum(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("at_once", [1, 4])
def test_an_engine_answers_several_threads_at_once(bundle: Bundle, at_once: int) -> None:
    from concurrent.futures import ThreadPoolExecutor

    predictor = florist.load(bundle.path, Runtime(threads=1, at_once=at_once))
    pictures = np.random.default_rng(0).integers(0, 256, (64, 16, 16, 3), np.uint8)
    alone = [predictor.probabilities(picture) for picture in pictures]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(predictor.probabilities, pictures))
    assert np.array_equal(alone, together)


def test_paths_work_as_well_as_bytes(bundle: Bundle, tmp_path: Path) -> None:
    Image.new("RGB", (20, 20), "red").save(tmp_path / "rose.jpg")
    assert florist.load(bundle.path).predict(tmp_path / "rose.jpg")[0].label == "red"


def test_a_picture_that_takes_its_decoder_too_long_is_an_error_beside_answers(
    bundle: Bundle,
) -> None:
    predictor = florist.load(bundle.path, limits=Limits(seconds=0))
    large, small = (Image.new("RGB", size, "red") for size in ((3000, 2000), (20, 20)))
    first, second = predictor.predict_many([encoded(large), encoded(small)])
    assert first.error is not None
    assert first.error.code == "too-costly"
    assert second.predictions[0].label == "red"


@pytest.mark.parametrize("engine", ENGINES)
def test_a_network_that_does_not_fit_its_manifest(bundle: Bundle, model: Path, engine: str) -> None:
    spoil_manifest(model, classes=["one", "two"])
    with pytest.raises(EngineError, match="shape \\(1, 3\\).*2 classes"):
        load_engine(read_bundle(model), Runtime(engine=engine))
    (model / MODEL).write_bytes(b"\x08\x0a")  # ONNX, as far as it goes
    manifest = replace(bundle.manifest, files=digests(model))
    with pytest.raises(EngineError, match=f"{engine} cannot run"):
        load_engine(Bundle(path=model, manifest=manifest, digest=""), Runtime(engine=engine))


def test_engines_that_are_not_there(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(EngineError, match="openvino, onnxruntime"):
        load_engine(bundle, Runtime(engine="tensorrt"))
    with pytest.raises(EngineError, match="auto, float32, int8"):
        Runtime(precision="int4")
    with pytest.raises(BundleError, match=r"has no model\.int8\.onnx"):
        load_engine(bundle, Runtime(precision="int8"))
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(EngineError, match=r"pip install 'florist\[onnxruntime\]'"):
        load_engine(bundle, Runtime(engine="onnxruntime"))


def test_predicting_imports_no_tensorflow_and_reports_to_nobody(bundle: Bundle) -> None:
    code = (
        "import sys, florist, florist.evaluation, florist.dataset, florist.demo;"
        f"florist.load({str(bundle.path)!r});"
        "unwanted = {'tensorflow', 'keras', 'matplotlib', 'scipy', 'onnx'} & set(sys.modules);"
        "unwanted |= {name for name in sys.modules if name.startswith('openvino_telemetry.')};"
        "print(sorted(unwanted), sys.modules['openvino_telemetry'])"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )
    assert run.stdout.strip() == "[] None"
