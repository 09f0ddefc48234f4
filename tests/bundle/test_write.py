"""A model folder is written as a whole, wherever it is."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from florist.bundle import (
    CURRENT,
    KERAS_MODEL,
    MANIFEST,
    MODEL,
    Bundle,
    Manifest,
    Registry,
    read_bundle,
    require_free,
    sweep,
    write_bundle,
)
from florist.errors import BundleError
from florist.images import ImageSpec
from tests.conftest import spoil_manifest

MANIFEST_OF = Manifest(
    name="n", created="c", florist="f", classes=("a", "b"), spec=ImageSpec(size=8)
)


def files(**contents: str) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        for name, content in contents.items():
            (folder / name.replace("_", ".")).write_text(content)

    return write


def fail(folder: Path) -> None:
    (folder / MODEL).write_bytes(b"half")
    raise KeyboardInterrupt


def test_writing_leaves_all_or_nothing(tmp_path: Path) -> None:
    target = tmp_path / "model"
    with pytest.raises(KeyboardInterrupt):
        write_bundle(target, MANIFEST_OF, fail)
    assert list(tmp_path.iterdir()) == []

    written = write_bundle(target, MANIFEST_OF, files(model_onnx="whole"))
    with pytest.raises(BundleError, match="--force"):
        require_free(target, replace=False)
    with pytest.raises(KeyboardInterrupt):
        write_bundle(target, MANIFEST_OF, fail, replace=True)
    assert read_bundle(target) == written
    again = write_bundle(
        target, replace(MANIFEST_OF, name="m"), files(model_onnx="whole"), replace=True
    )
    assert again.digest != written.digest
    assert list(tmp_path.iterdir()) == [target]


def test_a_folder_that_is_there_is_filled_and_never_renamed(tmp_path: Path) -> None:
    """A mount point cannot be renamed, and its parent may belong to somebody else."""
    before = tmp_path.stat().st_ino
    write_bundle(tmp_path, MANIFEST_OF, files(model_onnx="first", model_keras="first"))
    (tmp_path / "notes.txt").write_text("mine")
    second = write_bundle(tmp_path, MANIFEST_OF, files(model_onnx="second"), replace=True)
    assert tmp_path.stat().st_ino == before
    assert second.read(MODEL) == b"second"
    assert not (tmp_path / KERAS_MODEL).exists()
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_an_interrupted_replacement_mixes_nothing_and_can_be_repeated(tmp_path: Path) -> None:
    old = write_bundle(tmp_path, MANIFEST_OF, files(a_txt="old", model_onnx="old"))
    (tmp_path / MODEL).unlink()
    (tmp_path / MODEL / "in the way").mkdir(parents=True)
    with pytest.raises(OSError, match="directory"):
        write_bundle(tmp_path, MANIFEST_OF, files(a_txt="new", model_onnx="new"), replace=True)
    assert read_bundle(tmp_path).digest == old.digest
    with pytest.raises(BundleError, match="not the file that training wrote"):
        read_bundle(tmp_path).read("a.txt")
    shutil.rmtree(tmp_path / MODEL)
    write_bundle(tmp_path, MANIFEST_OF, files(a_txt="new", model_onnx="new"), replace=True).verify()


def test_what_a_killed_process_left_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / ".model.abc.partial").mkdir()
    (tmp_path / MODEL).write_text("moved before the kill")
    write_bundle(tmp_path, MANIFEST_OF, files(model_onnx="whole")).verify()


def test_a_fresh_disk_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "lost+found").mkdir()
    require_free(tmp_path, replace=False)
    write_bundle(tmp_path, MANIFEST_OF, files(model_onnx="whole")).verify()
    assert (tmp_path / "lost+found").is_dir()


def test_only_what_was_written_for_the_same_model_is_swept(tmp_path: Path) -> None:
    names = [
        ".model.x[1].0a1b2c_3.partial",
        ".model.x[1].y.0a1b2c_3.partial",
        ".model.x1.0a1b2c_3.partial",
    ]
    for name in [*names, "x[1].partial"]:
        (tmp_path / name).mkdir()
    sweep(tmp_path / "x[1]")
    assert {each.name for each in tmp_path.iterdir()} == {*names[1:], "x[1].partial"}
    write_bundle(tmp_path / "x[1]", MANIFEST_OF, files(model_onnx="whole"))
    (tmp_path / "x[1]" / names[0]).mkdir()
    sweep(tmp_path / "x[1]")
    assert {each.name for each in (tmp_path / "x[1]").iterdir()} == {MODEL, MANIFEST}


def test_a_folder_of_something_else_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(BundleError, match="no model folder.*left alone"):
        require_free(tmp_path, replace=True)


@pytest.mark.parametrize("registry", [False, True])
def test_a_place_that_cannot_be_written_to_is_known_before_training(
    tmp_path: Path, registry: bool
) -> None:
    (tmp_path / "file").write_text("no folder")
    # Nobody, not even root, makes a file in /proc.
    for place in (Path("/proc/models/flowers"), tmp_path / "file" / "flowers"):
        with pytest.raises(BundleError, match="Nothing can be written into.*Choose another"):
            require_free(Registry(place) if registry else place, replace=True)


def test_a_registry_keeps_every_model_and_names_one(tmp_path: Path) -> None:
    registry = Registry(tmp_path / "models" / "flowers")
    first = write_bundle(registry, MANIFEST_OF, files(model_onnx="first"))
    assert read_bundle(registry.path) == first
    assert first.path == registry.path / first.digest[:12]
    second = write_bundle(registry, MANIFEST_OF, files(model_onnx="second"))
    assert read_bundle(registry.path).read(MODEL) == b"second"
    assert read_bundle(first.path).digest == first.digest
    assert {each.name for each in registry.path.iterdir()} == {
        CURRENT,
        first.path.name,
        second.path.name,
    }
    (registry.path / CURRENT).write_text(first.path.name)  # back to the older one
    assert read_bundle(registry.path) == first
    with pytest.raises(KeyboardInterrupt):
        write_bundle(registry, MANIFEST_OF, fail)
    assert read_bundle(registry.path) == first
    same = write_bundle(registry, MANIFEST_OF, files(model_onnx="second"))
    assert (same, read_bundle(registry.path)) == (second, second)


@pytest.mark.parametrize("name", ["", "../../etc", "latest", "\0" * 12, "A" * 12, "0" * 10_000])
def test_a_registry_that_names_no_model(tmp_path: Path, name: str) -> None:
    (tmp_path / CURRENT).write_text(name)
    with pytest.raises(BundleError, match="current names no model"):
        read_bundle(tmp_path)


def test_a_model_in_a_registry_is_what_its_name_says(tmp_path: Path) -> None:
    written = write_bundle(Registry(tmp_path), MANIFEST_OF, files(model_onnx="whole"))
    spoil_manifest(written.path, name="another")
    with pytest.raises(BundleError, match="not the manifest that training wrote"):
        read_bundle(tmp_path)


def test_a_model_folder_is_no_registry(model: Path, bundle: Bundle) -> None:
    with pytest.raises(BundleError, match="is a model folder, not a folder for several"):
        require_free(Registry(model), replace=True)
    assert read_bundle(model) == replace(bundle, path=model)
    assert (model / MANIFEST).is_file()
