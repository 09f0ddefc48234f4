"""A model folder, its engines, and what comes out of them."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import florist
from florist.bundle import MANIFEST, Bundle, Manifest, read_bundle, require_free, write_bundle
from florist.engine import ENGINES, Runtime, load_engine
from florist.errors import BundleError, EngineError
from florist.images import ImageSpec
from tests.conftest import COLOURS, noisy_picture


@pytest.fixture
def model(bundle: Bundle, tmp_path: Path) -> Path:
    """Return a model folder that a test may spoil."""
    return Path(shutil.copytree(bundle.path, tmp_path / "model"))


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
    first, second = (load_engine(bundle, Runtime(engine=name))(pictures) for name in ENGINES)
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


def spoil_manifest(folder: Path, **changes: object) -> None:
    manifest = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps(manifest | changes))


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (shutil.rmtree, "is not there.*florist train"),
        (lambda f: (f / MANIFEST).unlink(), "has no manifest.json"),
        (lambda f: (f / MANIFEST).write_text("{"), "is not a manifest"),
        (lambda f: (f / MANIFEST).write_text("[" * 100_000), "is not a manifest"),
        (lambda f: (f / "model.onnx").unlink(), "model.onnx is missing"),
        (
            lambda f: (f / "labels.txt").write_text("a\nb\nc\n"),
            "labels.txt.*SHA-256 is [0-9a-f]{64}",
        ),
        (lambda f: spoil_manifest(f, schema=99), "schema 99.*pip install --upgrade"),
        (lambda f: spoil_manifest(f, classes=["a", "a"]), "cannot be used.*classes"),
        (lambda f: spoil_manifest(f, classes=[1, 2]), "expected text"),
        (lambda f: spoil_manifest(f, spec={"size": 10**9, "fit": "pad"}), "spec.size"),
        (lambda f: spoil_manifest(f, spec={"size": 32, "fit": "melt"}), "spec.fit"),
        (lambda f: spoil_manifest(f, files={}), "model.onnx is not among"),
        (lambda f: spoil_manifest(f, precision="int4"), "precision"),
        (lambda f: spoil_manifest(f, precision="int8"), "model.int8.onnx is not among"),
        (lambda f: spoil_manifest(f, files={"../../etc/passwd": "0"}), "cannot be used"),
    ],
)
def test_a_spoilt_model_folder_is_named(model: Path, spoil, says: str) -> None:  # type: ignore[no-untyped-def]
    spoil(model)
    with pytest.raises(BundleError, match=says):
        read_bundle(model)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_network_that_does_not_fit_its_manifest(bundle: Bundle, model: Path, engine: str) -> None:
    spoil_manifest(model, classes=["one", "two"])
    with pytest.raises(EngineError, match="shape \\(1, 3\\).*2 classes"):
        load_engine(read_bundle(model), Runtime(engine=engine))
    broken = Bundle(path=model, manifest=bundle.manifest, digest="")
    broken.network("float32").write_bytes(b"no network")
    with pytest.raises(EngineError, match=f"{engine} cannot run"):
        load_engine(broken, Runtime(engine=engine))


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


def test_writing_leaves_all_or_nothing(tmp_path: Path) -> None:
    manifest = Manifest(
        name="n", created="c", florist="f", classes=("a", "b"), spec=ImageSpec(size=8)
    )

    def fail(folder: Path) -> None:
        (folder / "model.onnx").write_bytes(b"half")
        raise KeyboardInterrupt

    def succeed(folder: Path) -> None:
        (folder / "model.onnx").write_bytes(b"whole")

    target = tmp_path / "model"
    with pytest.raises(KeyboardInterrupt):
        write_bundle(target, manifest, fail)
    assert list(tmp_path.iterdir()) == []

    written = write_bundle(target, manifest, succeed)
    with pytest.raises(BundleError, match="--force"):
        require_free(target, replace=False)
    with pytest.raises(KeyboardInterrupt):
        write_bundle(target, manifest, fail, replace=True)
    assert read_bundle(target) == written
    again = write_bundle(target, replace(manifest, name="m"), succeed, replace=True)
    assert again.digest != written.digest
    assert list(tmp_path.iterdir()) == [target]


def test_a_folder_of_something_else_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(BundleError, match="no model folder.*left alone"):
        require_free(tmp_path, replace=True)


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


def test_the_public_names_are_these() -> None:
    assert florist.__all__ == ["FloristError", "Prediction", "Predictor", "Runtime", "load"]
