"""The folder of an unfinished training: whose it is, and who is at work in it."""

import subprocess
import sys
from pathlib import Path

import pytest

from florist.bundle import MANIFEST
from florist.dataset import Dataset
from florist.errors import TrainingError
from florist.training import train
from florist.training.workspace import Workspace
from tests.training.conftest import interrupt_at_epoch, quick

HOLDER = """
import sys
from florist.dataset import scan
from florist.progress import Listener
from florist.training import TrainingConfig, train

class Waiting(Listener):
    def epoch(self, number, epochs, logs):
        print("at work", flush=True)
        sys.stdin.read()

config = TrainingConfig(backbone="tiny", unfreeze=3, views=2, epochs=3, dense=8, batch_size=8)
train(scan(sys.argv[1]), config, sys.argv[2], listener=Waiting())
"""


def test_one_training_at_a_time(dataset: Dataset, tmp_path: Path) -> None:
    output = tmp_path / "output"
    command = [sys.executable, "-c", HOLDER, str(dataset.root), str(output)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as first:
        assert first.stdout is not None
        try:
            assert first.stdout.readline() == b"at work\n"
            before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
            for force in (False, True):
                for resume in (False, True):
                    with pytest.raises(TrainingError, match=rf"at work .*process {first.pid} on"):
                        train(dataset, quick(), output, force=force, resume=resume)
            with pytest.raises(TrainingError, match="since 20"):
                Workspace.of(output).require_idle()
            assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before
        finally:
            first.kill()
    assert (tmp_path / "output.training" / "lock").exists()
    Workspace.of(output).require_idle()
    train(dataset, quick(), output, resume=True)
    assert {path.name for path in tmp_path.iterdir()} == {"output"}


def test_somebody_elses_folder_is_left_alone(dataset: Dataset, tmp_path: Path) -> None:
    own = tmp_path / "flowers.training" / "features" / "rose.jpg"
    own.parent.mkdir(parents=True)
    own.write_bytes(b"a rose")
    for force in (False, True):
        with pytest.raises(TrainingError, match="holds features and no training.json.*--output"):
            train(dataset, quick(), tmp_path / "flowers", force=force)
    assert own.read_bytes() == b"a rose"
    assert [*own.parent.parent.iterdir()] == [own.parent]


def test_what_a_kill_left_is_swept(tmp_path: Path) -> None:
    workspace = Workspace.of(tmp_path / "output")
    workspace.path.mkdir()
    (workspace.path / "training.json.0a1b2c3d.partial").write_text('{"conf')
    (workspace.path / "tmp0a1b2c3d.partial").mkdir()
    (workspace.path / "tmp0a1b2c3d.partial" / "model.keras").touch()
    with workspace.held():
        workspace.require_free(resume=False, force=False)
        workspace.begin({"config": {}}, restart=False)
    assert {path.name for path in workspace.path.iterdir()} == {"training.json", "fit"}


def test_a_mount_point_holds_the_unfinished_training_too(
    dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "volume"
    output.mkdir()
    monkeypatch.setattr("os.path.ismount", lambda path: Path(path) == output)
    with pytest.raises(KeyboardInterrupt):
        train(dataset, quick(), output, listener=interrupt_at_epoch(1))
    assert {path.name for path in output.iterdir()} == {".training"}
    model = train(dataset, quick(), output, resume=True)
    assert {path.name for path in output.iterdir()} == {MANIFEST, *model.manifest.files}
    assert {path.name for path in tmp_path.iterdir()} == {"volume"}
