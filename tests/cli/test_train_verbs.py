"""`florist train` and `florist demo`, as a person runs them."""

import os
import signal
import subprocess
import sys
import time
from itertools import takewhile
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from florist.bundle import read_bundle
from florist.cli import cli
from florist.training.workspace import Workspace
from tests import interrupted
from tests.conftest import COLOURS, noisy_picture, write_colours

QUICK = [
    *("--backbone", "tiny", "--unfreeze", "3", "--views", "2", "--epochs", "2"),
    *("--dense", "8", "--batch-size", "8"),
]


def florist(*arguments: object, stdin: bytes | None = None) -> Result:
    runner = CliRunner(catch_exceptions=False)
    return runner.invoke(cli, [str(argument) for argument in arguments], input=stdin)


def test_training_evaluating_and_predicting(tmp_path: Path) -> None:
    root = write_colours(tmp_path / "data", per_class=12)
    (root / "red" / "bad.png").write_bytes(b"")
    output = tmp_path / "output"
    result = florist("train", root, "--output", output, *QUICK)
    assert result.exit_code == 0
    assert "error   red/bad.png: empty file" in result.stderr
    assert "Epoch 2/2  loss " in result.stderr
    assert "Features (training): " in result.stderr
    assert f"Training plot: {output}{os.sep}training.png" in result.stdout
    accuracy = result.stdout.split("Accuracy ")[1].split(" (")[0]
    measured = florist("evaluate", root, "--model", output).stdout
    assert accuracy in measured
    taken = florist("train", root, "--output", output, *QUICK)
    assert (taken.exit_code, "--force" in taken.stderr) == (1, True)
    split = (output / "split.csv").read_text()
    noisy_picture(COLOURS["red"], 77).save(root / "red" / "new.png")
    other = ("--max-megapixels", 60, "--duplicates", "exact")
    replaced = florist("train", root, "--output", output, *QUICK, *other, "--force")
    assert replaced.exit_code == 0
    assert f"36 pictures keep the side that they had for the model in {output}" in replaced.stderr
    assert set(split.splitlines()) < set((output / "split.csv").read_text().splitlines())
    trained = read_bundle(output).manifest.trained
    assert trained is not None
    assert (trained.recipe["duplicates"], trained.recipe["max_megapixels"]) == ("exact", 60)
    models = tmp_path / "models"
    again = florist("train", root, "--registry", models, *QUICK)
    assert again.exit_code == 0
    assert f"Model folder: {read_bundle(models).path} (" in again.stdout
    assert florist("predict", root, "--model", models).exit_code == 1  # bad.png
    both = florist("train", root, "--registry", models, "--output", output, *QUICK)
    assert (both.exit_code, "not both" in both.stderr) == (2, True)


def test_a_resumed_training_keeps_its_recipe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from florist.cli.console import ConsoleListener

    root = write_colours(tmp_path / "data", per_class=12)
    output = tmp_path / "output"

    def interrupt(self: object, number: int, epochs: int, logs: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(ConsoleListener, "epoch", interrupt)
        result = florist("train", root, "--output", output, *QUICK, "--seed", 4)
    assert result.exit_code == 130
    assert "--resume" in result.stderr
    unfinished = Workspace.of(output).config()
    assert unfinished is not None
    assert unfinished.seed == 4
    other = florist("train", root, "--output", output, "--resume", "--epochs", 9)
    assert (other.exit_code, "epochs was 2, now 9" in other.stderr) == (1, True)
    result = florist("train", root, "--output", output, "--resume")
    assert result.exit_code == 0
    trained = read_bundle(output).manifest.trained
    assert trained is not None
    assert trained.recipe["seed"] == 4


def test_the_demo_goes_on_with_what_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = ["demo", "--per-class", 10, "--epochs", 1, "--no-serve"]
    first = florist(*arguments)
    assert first.exit_code == 0
    assert {path.name for path in tmp_path.iterdir()} == {"demo-data", "test-data", "output"}
    assert len(list((tmp_path / "demo-data").rglob("*.jpg"))) == 50
    assert "test-data/rose/rose_0000.jpg" in first.stdout
    second = florist(*arguments)
    assert second.exit_code == 0
    assert "nothing to train" in second.stderr
    assert (
        first.stdout.split("class ")[1] == second.stdout.split("class ")[1].replace("", "")
        or "Accuracy" in second.stdout
    )


def test_the_demo_ends_on_a_page_and_stops_cleanly(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "florist", "demo", "--per-class", "10", "--epochs", "1"]
    environment = os.environ | {"FLORIST_PORT": "0"}
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        try:
            lines = iter(process.stderr.readline, "")
            begun = list(takewhile(lambda line: "Booting worker" not in line, lines))
            assert any("Listening at" in line for line in begun)
            process.send_signal(signal.SIGTERM)
            rest = process.stderr.read()
            assert process.wait(timeout=60) == 0
        finally:
            process.kill()
    assert "SIGSEGV" not in rest


@pytest.mark.parametrize(("stage", "delay"), [("Reading", 0), ("Loading", 0), ("Loading", 0.5)])
def test_ctrl_c_leaves_nothing_broken(tmp_path: Path, stage: str, delay: float) -> None:
    root = write_colours(tmp_path / "data", per_class=12)
    with interrupted.start("train", "data", *QUICK, folder=tmp_path) as process:
        assert process.stderr is not None
        try:
            for line in process.stderr:
                if line.startswith(stage):
                    time.sleep(delay)
                    process.send_signal(signal.SIGINT)
                    break
            _, rest = process.communicate(timeout=120)
        finally:
            process.kill()
    assert process.returncode == 130
    assert rest.splitlines()[-1] == "Interrupted."
    assert "Traceback" not in rest
    assert not (tmp_path / "output").exists()
    assert root.exists()


def test_a_file_where_the_output_should_go(tmp_path: Path) -> None:
    root = write_colours(tmp_path / "data", per_class=6)
    (tmp_path / "output").write_text("a letter")
    result = florist("train", root, "--output", tmp_path / "output", *QUICK)
    assert result.exit_code == 1
    assert (tmp_path / "output").read_text() == "a letter"
