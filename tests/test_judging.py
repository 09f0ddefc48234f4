"""A model folder that says "none of these", on its way from the file to every answer."""

import json
import shutil
import socket
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from click.testing import CliRunner

import florist
from florist.bundle import TRUST, Bundle, digests, read_bundle
from florist.cli import cli
from florist.confidence.file import to_bytes
from florist.confidence.verdict import Judge
from florist.engine import ENGINES, Runtime
from florist.errors import BundleError
from florist.web import create_app
from florist.web.server.run import serve
from florist.web.settings import Settings
from tests.conftest import COLOURS, FOREIGN, TRAINED, noisy_picture, spoil_manifest
from tests.trusted import colours_of
from tests.web.conftest import encoded
from tests.web.door.calls import raw


@pytest.mark.parametrize("engine", ENGINES)
def test_a_foreign_colour_is_none_of_them(trusted: Bundle, engine: str) -> None:
    predictor = florist.load(trusted.path, Runtime(engine=engine))
    found = predictor.result(noisy_picture(FOREIGN, 0))
    assert found.verdict == "none"
    assert found.familiarity == pytest.approx(1 / 121)
    assert found.predictions[0].label in {"red", "blue"}  # what it looks most like
    kept = [predictor.result(noisy_picture(c, 96)) for c in COLOURS.values()]
    assert [each.verdict for each in kept] == ["answer"] * 3
    assert all(each.familiarity is not None and each.familiarity > 0.05 for each in kept)


def test_who_asks_says_how_strange_is_foreign(trusted: Bundle) -> None:
    never = florist.load(trusted.path, none=0).result(noisy_picture(FOREIGN, 0))
    assert never.verdict == "answer"
    assert never.familiarity == pytest.approx(1 / 121)
    often = florist.load(trusted.path, none=0.5)
    found = [often.result(noisy_picture(c, s)) for c in COLOURS.values() for s in range(60, 80)]
    assert 0.3 < sum(each.verdict == "none" for each in found) / 60 < 0.7


def test_a_folder_without_it_answers_as_before(bundle: Bundle) -> None:
    found = florist.load(bundle.path).result(noisy_picture(FOREIGN, 0))
    assert (found.verdict, found.familiarity) == ("answer", None)


def test_json_of_command_line_and_api_say_it(trusted: Bundle, tmp_path: Path) -> None:
    picture = tmp_path / "strange.png"
    picture.write_bytes(encoded(noisy_picture(FOREIGN, 0)))
    command = ["predict", str(picture), "--json", "--model", str(trusted.path)]
    (printed,) = json.loads(CliRunner().invoke(cli, command).stdout)["predictions"]
    assert (printed["verdict"], printed["familiarity"]) == ("none", pytest.approx(1 / 121))
    (kept,) = json.loads(CliRunner().invoke(cli, [*command, "--none", "0"]).stdout)["predictions"]
    assert kept["verdict"] == "answer"
    for none, verdict in ((None, "none"), (0.0, "answer")):
        settings = Settings(keep_uploads=False, none=none)
        client = create_app(florist.load(trusted.path), settings).test_client()
        answered = client.post(**raw(picture.read_bytes())).json
        assert answered is not None
        assert answered["predictions"][0]["verdict"] == verdict
        assert f'florist_verdicts_total{{verdict="{verdict}"}} 1.0' in client.get("/metrics").text


def test_a_served_folder_is_judged_as_the_settings_say(trusted: Bundle) -> None:
    settings = Settings(keep_uploads=False, model=str(trusted.path), none=0.2)
    app = create_app(settings=settings)
    model = app.extensions["florist"].model
    model.wait(60)
    judge = model.predictor().judge
    assert judge.familiarity is not None
    assert judge.none == 0.2


@pytest.mark.parametrize("content", [b"no archive", None])
def test_a_file_that_cannot_be_used_is_named(
    trusted: Bundle, tmp_path: Path, content: bytes | None
) -> None:
    """None stands for a file that is whole, but of another network."""
    folder = Path(shutil.copytree(trusted.path, tmp_path / "model"))
    if content is None:
        known = colours_of(trusted)
        renamed = {f"other {name}": bank for name, bank in known.banks.items()}
        content = to_bytes(Judge(familiarity=replace(known, banks=renamed)))
    (folder / TRUST).write_bytes(content)
    with pytest.raises(BundleError, match="is not the file that training wrote"):
        florist.load(folder)
    (folder / "manifest.json").rename(tmp_path / "manifest.json")
    files = digests(folder)
    (tmp_path / "manifest.json").rename(folder / "manifest.json")
    spoil_manifest(folder, files=files)
    with pytest.raises(BundleError, match="does not say of this network what is familiar"):
        florist.load(folder)
    assert read_bundle(folder).manifest.files[TRUST] == files[TRUST]


def test_who_asks_says_how_many_answers_may_be_wrong(trusted: Bundle) -> None:
    sure, doubtful = noisy_picture(COLOURS["red"], 99), noisy_picture((140, 70, 110), 3)
    plain = florist.load(trusted.path, none=0)
    scores = [plain.result(each).predictions[0].score for each in (sure, doubtful)]
    strict = florist.load(trusted.path, none=0, max_error=0.05)
    assert scores[0] > strict.judge.least > scores[1] > 0.5
    assert [plain.result(each).verdict for each in (sure, doubtful)] == ["answer", "answer"]
    assert [strict.result(each).verdict for each in (sure, doubtful)] == ["answer", "unsure"]


def test_command_line_and_server_keep_to_the_errors_that_are_allowed(
    trusted: Bundle, colours: Path, tmp_path: Path
) -> None:
    picture = tmp_path / "doubtful.png"
    picture.write_bytes(encoded(noisy_picture((140, 70, 110), 3)))
    options = ["--model", str(trusted.path), "--max-error", "0.05"]
    command = ["predict", str(picture), "--json", "--none", "0", *options]
    (printed,) = json.loads(CliRunner().invoke(cli, command).stdout)["predictions"]
    assert printed["verdict"] == "unsure"
    settings = Settings(keep_uploads=False, none=0, max_error=0.05)
    client = create_app(florist.load(trusted.path), settings).test_client()
    answered = client.post(**raw(picture.read_bytes())).json
    assert answered is not None
    assert answered["predictions"][0]["verdict"] == "unsure"
    measured = CliRunner().invoke(cli, ["evaluate", str(colours), *options])
    assert "Answers " in measured.stdout
    found = json.loads(
        CliRunner().invoke(cli, ["evaluate", str(colours), *options, "--json"]).stdout
    )
    assert sum(found["verdicts"][name] for name in ("answer", "unsure", "none")) == 30
    assert found["verdicts"]["right"] == found["verdicts"]["answer"] > 0


def test_what_cannot_be_promised_is_an_error_with_both_numbers(
    trusted: Bundle, bundle: Bundle, model: Path
) -> None:
    with pytest.raises(BundleError, match=r"at most 1 % .* 230 validation .* there are 120"):
        florist.load(trusted.path, max_error=0.01)
    with pytest.raises(BundleError, match=r"at most 1.96 % .* 120 validation pictures show"):
        florist.load(trusted.path, max_error=0.0196)
    with pytest.raises(BundleError, match="an older florist trained it"):
        florist.load(bundle.path, max_error=0.05)
    spoil_manifest(model, trained=asdict(TRAINED))
    with pytest.raises(BundleError, match=r"takes 100 validation pictures, .* with 9\."):
        florist.load(model, max_error=0.05)


def test_a_server_that_cannot_keep_to_it_does_not_start(bundle: Bundle) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        settings = Settings(model=str(bundle.path), keep_uploads=False, max_error=0.02)
        with pytest.raises(BundleError, match="cannot promise that at most 2 %"):
            serve(settings, listener)


def test_sets_are_named_where_they_are_asked_for(trusted: Bundle, tmp_path: Path) -> None:
    picture = tmp_path / "doubtful.png"
    picture.write_bytes(encoded(noisy_picture((140, 70, 110), 3)))
    command = ["predict", str(picture), "--json", "--model", str(trusted.path)]
    (plain,) = json.loads(CliRunner().invoke(cli, command).stdout)["predictions"]
    assert "set" not in plain
    (printed,) = json.loads(CliRunner().invoke(cli, [*command, "--sets", "0.99"]).stdout)[
        "predictions"
    ]
    assert printed["set"][0] == printed["predictions"][0]["label"]
    assert len(printed["set"]) == 3  # two of 120 had their right class at a score of 0
    client = create_app(florist.load(trusted.path), Settings(keep_uploads=False)).test_client()
    for coverage, found in (("0.99", printed["set"]), ("0.5", printed["set"][:1])):
        answered = client.post(**raw(picture.read_bytes(), f"?sets={coverage}")).json
        assert answered is not None
        assert answered["predictions"][0]["set"] == found


def test_a_model_that_knows_no_sets_says_so(bundle: Bundle, tmp_path: Path) -> None:
    picture = tmp_path / "red.png"
    picture.write_bytes(encoded(noisy_picture(COLOURS["red"], 0)))
    said = CliRunner().invoke(
        cli, ["predict", str(picture), "--sets", "0.9", "--model", str(bundle.path)]
    )
    assert said.exit_code == 1
    assert "cannot name sets of classes: an older florist trained it" in said.output
