"""`florist predict --output FOLDER/`: what a person types, and what is refused."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from florist.batch.run import RUN, SUCCESS
from florist.bundle import Bundle
from tests.batch.conftest import parts, predict, predicted, rows_of


def test_a_folder_is_answered_and_the_same_command_has_nothing_left_to_do(
    bundle: Bundle, photos: Path, tmp_path: Path
) -> None:
    output = tmp_path / "answers"
    first = predict(bundle, photos / "blue", "--output", f"{output}/")
    assert (first.exit_code, first.stdout) == (0, "")
    assert first.stderr.startswith("Predicting: 12, 1 of 1 shards, 0 errors")
    assert rows_of(output) == predicted(bundle, photos / "blue")
    again = predict(bundle, photos / "blue", "--output", output)
    assert (again.exit_code, again.stdout) == (0, "")
    assert again.stderr == "Predicting: 12, 1 of 1 shards, 0 errors\n"


def test_errors_are_counted_and_end_in_exit_code_1_each_time(
    bundle: Bundle, photos: Path, tmp_path: Path
) -> None:
    (tmp_path / "answers").mkdir()
    for _ in range(2):
        result = predict(bundle, photos, "--output", tmp_path / "answers")
        assert result.exit_code == 1
        assert "Error: 2 of 38 pictures could not be used; the column `error`" in result.stderr
    assert rows_of(tmp_path / "answers") == predicted(bundle, photos)


def test_a_manifest_names_the_pictures(bundle: Bundle, photos: Path, tmp_path: Path) -> None:
    predict(bundle, photos, "--output", f"{tmp_path / 'folder'}/")
    # What has a column of files is a list of them: answers, too.
    listed = tmp_path / "folder" / "part-000000.parquet"
    result = predict(bundle, "--manifest", listed, "--output", f"{tmp_path / 'listed'}/")
    assert "Error: 1 of 32 pictures" in result.stderr
    assert parts(tmp_path / "listed") == {
        "part-000000.parquet": parts(tmp_path / "folder")["part-000000.parquet"]
    }
    nothing = predict(bundle, "--output", f"{tmp_path / 'none'}/")
    assert nothing.exit_code == 2
    assert "Name pictures" in nothing.stderr


def test_every_option_of_predict_means_the_same_here(
    trusted: Bundle, photos: Path, tmp_path: Path
) -> None:
    options = ["--top", 2, "--none", 0.2, "--sets", 0.9, "--engine", "onnxruntime"]
    result = predict(trusted, photos, *options, "--output", f"{tmp_path / 'answers'}/")
    assert "Error: 2 of 38 pictures" in result.stderr
    rows = rows_of(tmp_path / "answers")
    assert rows == predicted(trusted, photos, *options)
    assert {len(row["labels"]) for row in rows if not row["error"]} == {2}
    assert {bool(row["set"]) for row in rows if not row["error"]} == {True}


def test_parts_are_done_one_by_one(bundle: Bundle, photos: Path, tmp_path: Path) -> None:
    arguments = [photos, "--output", f"{tmp_path / 'answers'}/", "--shard", 10]
    first = predict(bundle, *arguments, "--part", "1/2")
    assert "2 of 2 shards" in first.stderr
    assert [*parts(tmp_path / "answers")] == ["part-000000.parquet", "part-000002.parquet"]
    assert not (tmp_path / "answers" / SUCCESS).exists()
    predict(bundle, *arguments, "--part", "2/2")
    assert (tmp_path / "answers" / SUCCESS).exists()
    assert rows_of(tmp_path / "answers") == predicted(bundle, photos)


def test_another_option_is_refused_by_name(bundle: Bundle, photos: Path, tmp_path: Path) -> None:
    arguments = [photos / "blue", "--output", f"{tmp_path / 'answers'}/"]
    predict(bundle, *arguments)
    before = (tmp_path / "answers" / RUN).read_bytes()
    result = predict(bundle, *arguments, "--top", 1)
    assert result.exit_code == 1
    assert "run.json was begun with top 3, not 1. Give what it was begun with" in result.stderr
    assert (tmp_path / "answers" / RUN).read_bytes() == before


@pytest.mark.parametrize("options", [["--top", 9], ["--sets", 0.9, "--none", 0.3]])
def test_csv_collects_what_predict_writes_as_csv(
    trusted: Bundle, photos: Path, tmp_path: Path, options: list[object]
) -> None:
    expected = predict(trusted, photos, *options, "--csv")
    arguments = [photos, *options, "--output", f"{tmp_path}/answers/", "--shard", 10, "--csv"]
    found = [predict(trusted, *arguments) for _ in range(2)]
    assert {each.stdout for each in found} == {expected.stdout}
    assert {each.exit_code for each in found} == {1}
    assert expected.stdout.count("\n") == 39


def test_another_version_is_refused_and_another_cpu_is_not(
    bundle: Bundle, photos: Path, tmp_path: Path
) -> None:
    arguments = [photos / "blue", "--output", f"{tmp_path / 'answers'}/"]
    predict(bundle, *arguments)
    run = tmp_path / "answers" / RUN
    facts = json.loads(run.read_bytes())
    assert facts["instruction_sets"] == np.show_config(mode="dicts")["SIMD Extensions"]["found"]
    run.write_text(json.dumps(facts | {"instruction_sets": ["of another"]}))
    assert predict(bundle, *arguments).exit_code == 0
    for library in ("pillow", "numpy", "engine_version"):
        run.write_text(json.dumps(facts | {library: "1.0"}))
        refused = predict(bundle, *arguments)
        assert f'run.json was begun with {library} "1.0", not "' in refused.stderr


def test_an_empty_folder_leaves_nothing(bundle: Bundle, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    result = predict(bundle, tmp_path / "empty", "--output", f"{tmp_path / 'answers'}/")
    assert result.exit_code == 1
    assert "There is no picture in" in result.stderr
    assert not (tmp_path / "answers").exists()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--json", "--output", "answers/"], "Into a folder go no --json"),
        (["--csv", "--part", "1/2", "--output", "answers/"], "--csv is of all parts"),
        (["-", "--output", "answers/"], "no standard input"),
        (["--output", "a.csv", "--shard", "5"], "need a folder: --output answers/"),
        (["--json", "--ray", "auto"], "need a folder"),
        (["--json", "--manifest", "list.csv"], "need a folder"),
        (["--part", "1/2"], "need a folder"),
        (["--output", "answers/", "--part", "0/2"], "'0/2' is none; the first of 64 parts is 1/64"),
        (["--output", "answers/", "--part", "3/2"], "'3/2' is none"),
        (["--output", "answers/", "--part", "3"], "'3' is none"),
        (["--output", "answers/", "--shard", "0"], "0 is not in the range"),
        (["--output", "red.png/"], "is there, and is no folder"),
        (["--output", "nowhere/answers/"], "there is no folder"),
    ],
)
def test_what_makes_no_sense_is_refused_at_once(
    bundle: Bundle,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    says: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "red.png").write_bytes(b"")
    result = predict(bundle, "red.png", *arguments)
    assert result.exit_code == 2
    assert says in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["red.png"]


def test_without_pyarrow_it_says_what_to_install(bundle: Bundle, tmp_path: Path) -> None:
    program = "import sys; sys.modules['pyarrow'] = None; from florist.cli import main; main()"
    command = [sys.executable, "-c", program, "predict", "a.png", "--model", str(bundle.path)]
    run = subprocess.run(
        [*command, "--output", f"{tmp_path}/"], capture_output=True, text=True, check=False
    )
    assert run.returncode == 1
    assert "pip install 'florist[batch]'" in run.stderr
    assert "Traceback" not in run.stderr
