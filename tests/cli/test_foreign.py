"""`florist evaluate --foreign`."""

import json
from pathlib import Path

import pytest

from florist.bundle import Bundle
from tests.cli.test_cli import florist
from tests.conftest import COLOURS, FOREIGN, noisy_picture, write_colours


@pytest.fixture
def pictures(tmp_path: Path) -> tuple[Path, Path]:
    """Return pictures of the classes, and foreign ones: most are told, others are not."""
    foreign = tmp_path / "foreign"
    for name, colour in {"pink": FOREIGN, "like red": COLOURS["red"]}.items():
        (foreign / name / "deeper").mkdir(parents=True)
        for seed in range(4):
            noisy_picture(colour, 300 + seed).save(foreign / name / "deeper" / f"{seed}.png")
    noisy_picture(FOREIGN, 9).save(foreign / "beside.png")
    (foreign / "pink" / "broken.png").write_bytes(b"")
    (foreign / "pink" / ".hidden.png").write_bytes(b"")
    return write_colours(tmp_path / "data", per_class=10), foreign


def test_each_folder_is_a_set(trusted: Bundle, pictures: tuple[Path, Path]) -> None:
    data, foreign = pictures
    command = ["evaluate", data, "--model", trusted.path, "--foreign", foreign]
    told = florist(*command)
    assert told.exit_code == 0, told.output
    assert "1 of the foreign pictures cannot be read" in told.stderr
    rows = [line.rsplit(maxsplit=3) for line in told.stdout.splitlines() if "%" in line]
    assert [".", "1", "1.000", "100.0%"] in rows
    assert ["pink", "4", "1.000", "100.0%"] in rows
    found = json.loads(florist(*command, "--json").stdout)["foreign"]
    sets = {each["name"]: each for each in found["sets"]}
    assert sets["like red"]["auroc"] < 0.95
    assert found["kept"] > 0.9
    assert sets["like red"]["caught"] < 0.5
    assert found["all"]["pictures"] == 9
    area = found["all"]["auroc"]
    assert florist(*command, "--fail-under-auroc", area - 0.01).exit_code == 0
    failed = florist(*command, "--fail-under-auroc", min(1, area + 0.01))
    assert failed.exit_code == 1
    assert f"AUROC {area:.4f} is under" in failed.stderr


def test_what_cannot_be_measured_is_said(
    bundle: Bundle, trusted: Bundle, pictures: tuple[Path, Path], tmp_path: Path
) -> None:
    data, foreign = pictures
    old = florist("evaluate", data, "--model", bundle.path, "--foreign", foreign)
    assert (old.exit_code, "nothing says what is familiar" in old.stderr) == (1, True)
    (tmp_path / "empty").mkdir()
    empty = florist("evaluate", data, "--model", trusted.path, "--foreign", tmp_path / "empty")
    assert (empty.exit_code, "has no picture that can be read" in empty.stderr) == (1, True)
    lonely = florist("evaluate", data, "--model", trusted.path, "--fail-under-auroc", 0.9)
    assert lonely.exit_code == 2
