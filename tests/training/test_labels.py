"""Labels that are wrong, found before anything is trained on them."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

from florist.dataset import Dataset, scan
from florist.training import train
from tests.cli.test_cli import florist
from tests.conftest import COLOURS, noisy_picture, write_colours
from tests.training.conftest import Recording, quick

WRONG = {"blue/red.png": "red", "green/blue.png": "blue"}


@pytest.fixture(scope="module")
def spoilt(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    root = write_colours(tmp_path_factory.mktemp("spoilt") / "colours", per_class=14)
    for name, shows in WRONG.items():
        noisy_picture(COLOURS[shows], seed=77).save(root / name)
    return scan(root)


@pytest.mark.parametrize("views", [2, 0])
def test_training_names_them(spoilt: Dataset, tmp_path: Path, views: int) -> None:
    said = Recording()
    config = quick(epochs=1, views=views, batch_size=16)
    bundle = train(spoilt, config, tmp_path / "model", listener=said)
    with (bundle.path / "doubts.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["file"]: row["looks_like"] for row in rows[:2]} == WRONG
    assert [row["label"] for row in rows[:2]] == [row["file"].split("/")[0] for row in rows[:2]]
    found = json.loads((bundle.path / "report.json").read_text())["doubts"]
    assert (found["pictures"], found["found"]) == (44, len(rows))
    assert found["agreement"] > 0.9
    assert found["reason"] in said.said
    assert found["reason"] in (bundle.path / "README.md").read_text()


def test_checking_names_them_too(spoilt: Dataset, tmp_path: Path) -> None:
    network = ["--labels", "--backbone", "tiny"]
    output = tmp_path / "doubts.csv"
    run = florist("check", spoilt.root, *network, "--output", output)
    assert run.exit_code == 0, run.output
    assert "look more like another class" in run.stdout
    lines = [line.split() for line in run.stdout.splitlines()]
    assert {line[0]: line[2] for line in lines if line and line[0] in WRONG} == WRONG
    with output.open(newline="") as file:
        assert {row["file"] for row in list(csv.DictReader(file))[:2]} == {*WRONG}
    told = json.loads(florist("check", spoilt.root, *network, "--json").stdout)
    assert {each["name"] for each in told["doubts"][:2]} == {*WRONG}


def test_checking_without_looking_writes_nothing(spoilt: Dataset, tmp_path: Path) -> None:
    run = florist("check", spoilt.root, "--output", tmp_path / "doubts.csv")
    assert run.exit_code == 2
    assert "--labels" in run.stderr


def test_moving_by_the_command_line(tmp_path: Path) -> None:
    root = write_colours(tmp_path / "colours", per_class=2)
    review, name = tmp_path / "review.csv", "red/001.png"
    review.write_text(f"file,move_to\n{name},blue\n")
    there = (root / name).read_bytes()
    moved = florist("check", root, "--apply", review)
    assert (moved.exit_code, (root / "blue" / "001-2.png").read_bytes()) == (0, there)
    undo = tmp_path / "review.undo.json"
    assert f"--undo {undo}" in moved.stdout
    assert "Nothing to move" in florist("check", root, "--apply", review).stdout
    assert florist("check", root, "--labels", "--undo", undo).exit_code == 2
    missing = florist("check", root, "--apply", tmp_path / "nothing.csv")
    assert (missing.exit_code, "nothing.csv: No such file" in missing.stderr) == (1, True)
    (root / "blue" / "001-2.png").unlink()
    lost = florist("check", root, "--undo", undo)
    assert lost.exit_code == 1
    assert "blue/001-2.png is not there any more" in lost.stderr


def test_what_only_serves_can_check() -> None:
    """The image that serves has no florist.training."""
    program = "import sys, florist.cli.check; print('florist.training' in sys.modules)"
    command = [sys.executable, "-c", program]
    told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert told.stdout == "False\n"
