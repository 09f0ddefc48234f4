"""A model folder is read as what its digest names, or not at all."""

import json
import shutil
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

import florist
from florist.bundle import (
    CARD,
    KERAS_MODEL,
    LABELS,
    MANIFEST,
    MODEL,
    SPLIT,
    Bundle,
    Provenance,
    read_bundle,
    write_bundle,
)
from florist.errors import BundleError
from florist.evaluation import unseen
from tests.conftest import TRAINED, spoil_manifest


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (shutil.rmtree, "is not there.*florist train"),
        (lambda f: (f / MANIFEST).unlink(), "has no manifest.json"),
        (lambda f: (f / MANIFEST).write_text("{"), "is not a manifest"),
        (lambda f: (f / MANIFEST).write_text("[" * 100_000), "is not a manifest"),
        (lambda f: (f / MODEL).unlink(), "model.onnx is missing"),
        (lambda f: (f / LABELS).write_text("a\nb\nc\n"), "labels.txt.*SHA-256 is [0-9a-f]{64}"),
        (lambda f: spoil_manifest(f, schema=99), "schema 99.*pip install --upgrade"),
        (lambda f: spoil_manifest(f, schema=0), "is not a manifest"),
        (lambda f: spoil_manifest(f, schema=True), "is not a manifest"),
        (lambda f: spoil_manifest(f, schema="2"), "is not a manifest"),
        (lambda f: spoil_manifest(f, classes=["a", "a"]), "cannot be used.*classes"),
        (lambda f: spoil_manifest(f, classes=[1, 2]), "expected text"),
        (lambda f: spoil_manifest(f, classes=["a", "\x1b[2J"]), "expected text"),
        (lambda f: spoil_manifest(f, classes=["a", "\ud800"]), "expected text"),
        (lambda f: spoil_manifest(f, name="one\ntwo"), "expected text"),
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
        read_bundle(model).verify()


def test_older_schemas_are_read(model: Path) -> None:
    spoil_manifest(model, schema=1, trained={})
    bundle = read_bundle(model)
    bundle.verify()
    assert bundle.manifest.trained is None


@pytest.fixture
def whole(bundle: Bundle, tmp_path: Path) -> Bundle:
    """Return a model with files of both roles."""

    def write_files(folder: Path) -> None:
        shutil.copy(bundle.path / MODEL, folder / MODEL)
        (folder / CARD).write_text("# A card\n")
        (folder / KERAS_MODEL).write_bytes(b"weights")
        (folder / SPLIT).write_text("side,class,sha256,file\n")

    manifest = replace(bundle.manifest, files={}, trained=TRAINED)
    return write_bundle(tmp_path / "whole", manifest, write_files)


def test_what_only_training_needs_may_be_missing_where_a_model_is_served(whole: Bundle) -> None:
    for name in (KERAS_MODEL, SPLIT):
        (whole.path / name).unlink()
    served = read_bundle(whole.path)
    served.verify()
    assert florist.load(whole.path).bundle == served
    with pytest.raises(BundleError, match="split.csv is missing.*where a model was trained"):
        unseen([], served)


def test_a_split_that_training_did_not_write_is_named_with_its_line(whole: Bundle) -> None:
    def write_files(folder: Path) -> None:
        shutil.copy(whole.path / MODEL, folder / MODEL)
        (folder / SPLIT).write_text(f"side,class,sha256,file\nelse,a,{'0' * 64},x.png\n")

    spoilt = write_bundle(whole.path, whole.manifest, write_files, replace=True)
    with pytest.raises(BundleError, match=r"split\.csv is not .*, line 2: 'else' is none of"):
        unseen([], spoilt)


def test_a_replaced_file_is_never_taken_for_the_one_that_was_there(whole: Bundle) -> None:
    held = whole.hold()
    spoil_manifest(whole.path, name="another")
    for name in (MODEL, CARD):
        (whole.path / name).unlink()
        (whole.path / name).write_bytes(b"of another model")
    for name in (MODEL, CARD, MANIFEST):
        with pytest.raises(BundleError, match="is not the file that training wrote"):
            whole.read(name)
    assert held.read(CARD) == b"# A card\n"
    assert len(held.read(MODEL)) > 100


def test_provenance_comes_back_as_it_was_written(whole: Bundle) -> None:
    assert read_bundle(whole.path).manifest.trained == TRAINED


NOTED: dict[str, Any] = asdict(TRAINED)


@pytest.mark.parametrize(
    "trained",
    [
        None,
        [],
        NOTED | {"epochs": -1},
        NOTED | {"epochs": True},
        NOTED | {"val_accuracy": float("nan")},
        NOTED | {"val_accuracy": 1.5},
        NOTED | {"keras": "\ud800"},
        NOTED | {"recipe": {"weights": "\x1b[31m"}},
        NOTED | {"recipe": {"rate": float("inf")}},
        NOTED | {"recipe": 3},
        NOTED | {"dataset": {"digest": "abc", "pictures": {"train": 3}, "leaks": 0}},
        NOTED | {"dataset": {"digest": "abc", "pictures": {"train": {"blue": -3}}, "leaks": 0}},
    ],
)
def test_provenance_of_another_shape_is_left_out(model: Path, trained: Any) -> None:
    spoil_manifest(model, trained=json.loads(json.dumps(trained)))
    assert read_bundle(model).manifest.trained is None
    with pytest.raises((ValueError, TypeError, AttributeError)):
        Provenance.from_dict(trained)
