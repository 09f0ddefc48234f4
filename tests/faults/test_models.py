"""Writing a model: whatever fails, what was there before or what is new is there as a whole."""

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from florist.bundle import Bundle, Registry, read_bundle, write_bundle
from florist.errors import BundleError
from tests.faults import writers
from tests.faults.faults import Tally, exercise
from tests.faults.watched import Run, Watched

OLD = replace(writers.MANIFEST_OF, name="old")
ADD, WRITE = (f"{writers.__name__}:{name}" for name in ("add_to_registry", "write_output"))


def write_old_files(folder: Path) -> None:
    for name in ("model.onnx", "labels.txt", "report.json"):
        (folder / name).write_text("old")


def whole(path: Path) -> Bundle:
    """Return a model, every file of which is what its manifest says."""
    bundle = read_bundle(path)
    for name in bundle.manifest.files:
        bundle.read(name)
    return bundle


@pytest.mark.parametrize("before", ["nothing", "another", "the same"])
def test_a_registry(before: str, watched: Watched, tally: Tally, tmp_path: Path) -> None:
    start, old = tmp_path / "start", None
    start.mkdir()
    if before == "another":
        old = write_bundle(Registry(start / "models"), OLD, write_old_files).digest
    if before == "the same":
        old = writers.add_to_registry(str(start))
    new = writers.add_to_registry(str(tmp_path / "elsewhere"))

    def check(folder: Path, run: Run) -> None:
        registry = folder / "models"
        models = [*registry.glob("[0-9a-f]" * 12)]
        assert {whole(model).digest for model in models} <= {old, new}
        current = whole(registry).digest if (registry / "current").exists() else None
        assert current in ({new} if run.value else {old, new})
        assert run.value in {None, new}
        assert watched.run(ADD, folder).value == new
        assert whole(registry).digest == new
        assert {each.name for each in registry.iterdir()} == {
            "current", *(digest[:12] for digest in (old, new) if digest)
        }  # fmt: skip

    exercise(watched, ADD, start, check, tally)


@pytest.mark.parametrize("before", ["nothing", "another"])
def test_a_model_folder(before: str, watched: Watched, tally: Tally, tmp_path: Path) -> None:
    """One that is there is filled file by file: in between it is none, and says so."""
    start = tmp_path / "start"
    start.mkdir()
    names = {"model.onnx", "labels.txt", "model.keras", "manifest.json"}
    if before == "another":
        write_bundle(start / "model", OLD, write_old_files)
    new = writers.write_output(str(tmp_path))

    def check(folder: Path, run: Run) -> None:
        path = folder / "model"
        if before == "nothing" or run.value:
            assert not path.exists() or whole(path).digest == new
        else:
            with suppress(BundleError):
                assert whole(path).manifest.name in {"old", "new"}
        assert run.value == (new if run.value else None)
        assert watched.run(WRITE, folder).value == whole(path).digest == new
        assert {each.name for each in path.iterdir()} == names
        assert [*folder.iterdir()] == [path]

    exercise(watched, WRITE, start, check, tally)
