"""`florist predict`: what pictures show, in the form that was asked for."""

import csv
import io
import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from PIL import Image

from florist.bundle import Bundle
from florist.cli import cli
from tests import interrupted
from tests.conftest import COLOURS, noisy_picture, write_colours


def predict(bundle: Bundle, *arguments: object, stdin: bytes | None = None) -> Result:
    runner = CliRunner(catch_exceptions=False)
    words = ["predict", "--model", str(bundle.path), *map(str, arguments)]
    return runner.invoke(cli, words, input=stdin)


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


@pytest.fixture
def red(tmp_path: Path) -> Path:
    path = tmp_path / "red.png"
    noisy_picture(COLOURS["red"], 1).save(path)
    return path


def test_files_folders_and_patterns(bundle: Bundle, tmp_path: Path) -> None:
    root = write_colours(tmp_path / "in", per_class=2)
    (root / "red" / ".hidden.png").write_bytes(b"x")
    (root / "red" / "notes.txt").write_bytes(b"x")
    (root / "red" / "folder.png").mkdir()
    result = predict(
        bundle, root / "red", root / "g*" / "*.png", root / "blue" / "001.png", "--json"
    )
    assert result.exit_code == 0
    answer = json.loads(result.stdout)
    assert answer["model"] == {"name": "colours", "digest": bundle.digest}
    best = [(Path(p["filename"]).parent.name, p["predictions"][0]) for p in answer["predictions"]]
    assert [folder for folder, _ in best] == ["red", "red", "green", "green", "blue"]
    assert all(folder == prediction["label"] for folder, prediction in best)
    assert all(p["width"] == 32 and len(p["predictions"]) == 3 for p in answer["predictions"])


def test_a_bad_file_has_its_own_error_and_the_others_are_done(
    bundle: Bundle, red: Path, tmp_path: Path
) -> None:
    (tmp_path / "cut.jpg").write_bytes(b"\xff\xd8\xff")
    paths = [tmp_path / "cut.jpg", tmp_path / "gone.png", tmp_path / "no*.png", red]
    result = predict(bundle, *paths, "--json")
    assert result.exit_code == 1
    answers = json.loads(result.stdout)["predictions"]
    assert "broken header" in answers[0]["error"]["detail"]
    assert "No such file" in answers[1]["error"]["detail"]
    assert "No such file" in answers[2]["error"]["detail"]
    assert answers[3]["predictions"][0]["label"] == "red"
    table = predict(bundle, *paths)
    assert table.exit_code == 1
    assert [line.split()[0] for line in table.stdout.splitlines()] == ["picture", str(red)]
    errors = table.stderr.splitlines()
    assert [line.split(": ")[:2] for line in errors] == [["Error", str(path)] for path in paths[:3]]
    assert "broken header" in errors[0]
    assert table.output.endswith(table.stderr)  # below the table


def test_csv_has_a_row_for_each_picture(bundle: Bundle, red: Path, tmp_path: Path) -> None:
    result = predict(bundle, tmp_path / "gone.png", red, "--csv", "--top", 2)
    assert result.exit_code == 1
    head = result.stdout.splitlines()[0]
    assert head == "file,label,score,label_2,score_2,verdict,familiarity,error"
    gone, good = rows_of(result.stdout)
    assert gone["error"] == "cannot be read: No such file or directory"
    assert {gone[column] for column in head.split(",")[1:-1]} == {""}
    assert (good["file"], good["label"], good["error"]) == (str(red), "red", "")
    assert (good["verdict"], good["familiarity"]) == ("answer", "")  # the model does not know
    assert 0 <= float(good["score_2"]) <= float(good["score"]) <= 1
    (one,) = rows_of(predict(bundle, red, "--csv", "--top", 1).stdout)
    assert list(one) == ["file", "label", "score", "verdict", "familiarity", "error"]
    (all_three,) = rows_of(predict(bundle, red, "--csv", "--top", 99).stdout)
    assert [all_three[f"label{rank}"] for rank in ("", "_2", "_3")] == ["red", "green", "blue"]


@pytest.mark.parametrize("name", ["=1+2.png", "@SUM(A1).png", "+1.png", "-1.png", "＝1.png"])
def test_no_cell_is_a_formula(
    bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    noisy_picture(COLOURS["red"], 1).save(name)
    (row,) = rows_of(predict(bundle, "--csv", "--", name).stdout)
    assert row["file"] == f"'{name}"


def test_two_forms_at_once_are_a_mistake(bundle: Bundle, red: Path) -> None:
    result = predict(bundle, red, "--csv", "--json")
    assert result.exit_code == 2
    assert "give one of them" in result.stderr
    assert result.stdout == ""


def test_an_empty_folder_is_said_and_the_others_are_done(
    bundle: Bundle, red: Path, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "notes.txt").write_text("no picture")
    alone = predict(bundle, tmp_path / "empty")
    assert (alone.exit_code, alone.stdout) == (1, "")
    assert alone.stderr == f"Error: There is no picture in {tmp_path / 'empty'}.\n"
    both = predict(bundle, tmp_path / "empty", red)
    assert both.exit_code == 1
    assert both.stderr == alone.stderr
    assert str(red) in both.stdout


@pytest.mark.parametrize("form", [["--csv"], ["--json"], []])
def test_the_output_is_a_file_that_is_whole(
    bundle: Bundle, red: Path, tmp_path: Path, form: list[str]
) -> None:
    output = tmp_path / "answers"
    output.write_text("before")
    result = predict(bundle, red, *form, "--output", output)
    assert (result.exit_code, result.stdout) == (0, "")
    written = output.read_text(encoding="utf-8")
    printed = predict(bundle, red, *form).stdout
    assert [line for line in written.splitlines() if '"ms"' not in line] == [
        line for line in printed.splitlines() if '"ms"' not in line
    ]
    assert {path.name for path in tmp_path.iterdir()} == {"answers", "red.png"}


def test_ctrl_c_ends_the_waiting_and_leaves_the_output_as_it_was(
    bundle: Bundle, tmp_path: Path
) -> None:
    output = tmp_path / "answers.csv"
    output.write_text("before")
    words = ["predict", "-", "--csv", "--output", output, "--model", bundle.path]
    with interrupted.start(*words) as process:
        while not list(tmp_path.glob("*.partial")):
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        assert process.stderr.read() == "Interrupted.\n"
        assert process.wait(timeout=60) == 130
    assert output.read_text() == "before"
    assert [path.name for path in tmp_path.iterdir()] == ["answers.csv"]


def test_an_output_that_cannot_be_written_is_refused_at_once(
    bundle: Bundle, red: Path, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path, says in [
        (tmp_path / "pipe", "is no file"),
        (tmp_path / "nowhere" / "a.csv", "there is no folder"),
    ]:
        result = predict(bundle, red, "--output", path)
        assert result.exit_code == 2
        assert says in result.stderr


def test_standard_input(bundle: Bundle, red: Path) -> None:
    result = predict(bundle, "-", "--top", 1, stdin=red.read_bytes())
    assert result.exit_code == 0
    assert result.stdout.splitlines()[1].split()[:2] == ["-", "red"]
    (row,) = rows_of(predict(bundle, "-", "--csv", stdin=red.read_bytes()).stdout)
    assert row["file"] == "-"
    assert predict(bundle, "-", stdin=b"").exit_code == 1
    large = predict(bundle, "-", "--json", stdin=bytes(2**26 + 1))
    assert "larger than 64 MiB" in large.stdout


def test_names_with_brackets_and_escapes_are_shown_as_they_are(
    bundle: Bundle, tmp_path: Path
) -> None:
    name = tmp_path / "[bold]a\x1b[31m.png"
    noisy_picture(COLOURS["red"], 1).save(name)
    assert "[bold]a\\x1b[31m.png  red" in predict(bundle, name).stdout


def test_progress_is_shown_on_a_terminal_alone(bundle: Bundle, tmp_path: Path) -> None:
    write_colours(tmp_path / "many", per_class=10)
    command = [sys.executable, "-m", "florist", "predict", "many", "--model", str(bundle.path)]
    reader, terminal = pty.openpty()
    os.set_blocking(reader, False)
    try:
        run = subprocess.run(
            command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=terminal, check=True, timeout=60
        )
        shown = os.read(reader, 2**20).decode()
    finally:
        os.close(reader)
        os.close(terminal)
    assert "Predicting: 30, " in shown
    assert len(run.stdout.splitlines()) == 31
    assert predict(bundle, tmp_path / "many").stderr == ""


def test_an_unreadable_terminal_pipe_is_no_error(bundle: Bundle, red: Path) -> None:
    command = f"{sys.executable} -m florist predict {red} --model {bundle.path} --csv | head -c 1"
    run = subprocess.run(
        command, shell=True, capture_output=True, text=True, check=False, timeout=60
    )
    assert "Traceback" not in run.stderr


def test_a_picture_of_any_kind_is_answered_alike(bundle: Bundle, tmp_path: Path) -> None:
    Image.new("CMYK", (40, 30), (0, 255, 255, 0)).save(tmp_path / "a.jpg")
    Image.new("RGBA", (40, 30), (255, 0, 0, 255)).save(tmp_path / "b.webp")
    answers = json.loads(predict(bundle, tmp_path, "--json").stdout)["predictions"]
    assert [a["predictions"][0]["label"] for a in answers] == ["red", "red"]
