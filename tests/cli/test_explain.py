"""`florist explain`: pictures under a veil, beside a JSON."""

import json
from pathlib import Path

import numpy as np
from click.testing import CliRunner, Result
from PIL import Image

from florist.bundle import Bundle
from florist.cli import cli
from tests.conftest import COLOURS, noisy_picture, write_colours


def explain(bundle: Bundle, *arguments: object) -> Result:
    words = ["explain", "--model", str(bundle.path), *map(str, arguments)]
    return CliRunner(catch_exceptions=False).invoke(cli, words)


def test_a_folder_gets_overlays_beside_a_json(explained: Bundle, tmp_path: Path) -> None:
    root = write_colours(tmp_path / "in", per_class=1)
    noisy_picture(COLOURS["red"], 1).resize((120, 60)).save(root / "wide.PNG")
    result = explain(explained, root, "--output", tmp_path / "new" / "why")
    assert result.exit_code == 0
    assert "4 explained in" in result.output
    found = json.loads((tmp_path / "new" / "why" / "explanations.json").read_text())
    assert found["model"]["digest"] == explained.digest
    entries = found["explanations"]
    # All three are called 000.png.
    assert [entry["overlay"] for entry in entries] == [
        "000.jpg",
        "000-2.jpg",
        "000-3.jpg",
        "wide.jpg",
    ]
    names = ["explanations.json", *(entry["overlay"] for entry in entries)]
    assert {path.name for path in (tmp_path / "new" / "why").iterdir()} == set(names)
    assert [entry["predictions"][0]["label"] for entry in entries] == [*COLOURS, "red"]
    assert np.array(entries[0]["map"]).shape == (4, 4)
    similar = entries[0]["similar"][0]
    assert similar["label"] == "blue"
    assert similar["file"].startswith("blue/")
    with Image.open(tmp_path / "new" / "why" / "wide.jpg") as image:
        assert image.size == (120, 60)


def test_a_bad_picture_has_its_error_and_the_others_are_done(
    explained: Bundle, tmp_path: Path
) -> None:
    good, bad = tmp_path / "good.png", tmp_path / "bad.png"
    noisy_picture(COLOURS["red"], 1).save(good)
    bad.write_bytes(b"no picture")
    result = explain(explained, bad, good, tmp_path / "gone.png", "--output", tmp_path / "why")
    assert result.exit_code == 1
    assert "1 explained" in result.output
    found = json.loads((tmp_path / "why" / "explanations.json").read_text())["explanations"]
    assert [each.get("error", {}).get("code") for each in found] == [
        "unsupported-format", None, "unreadable-file",
    ]  # fmt: skip
    assert [path.name for path in (tmp_path / "why").glob("*.jpg")] == ["good.jpg"]


def test_a_model_that_has_no_reasons_is_named_before_anything_is_written(
    bundle: Bundle, tmp_path: Path
) -> None:
    picture = tmp_path / "red.png"
    noisy_picture(COLOURS["red"], 1).save(picture)
    result = CliRunner().invoke(
        cli,
        ["explain", "--model", str(bundle.path), str(picture), "--output", str(tmp_path / "why")],
    )
    assert result.exit_code == 1
    assert "cannot say why it answers as it does" in result.output
    assert not (tmp_path / "why").exists()
