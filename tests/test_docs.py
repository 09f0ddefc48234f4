"""What the documentation says is what the software does. `make docs` renews docs/cli.md."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
from PIL import Image

from florist.bundle import Bundle
from florist.cli import cli
from florist.training import TrainingConfig
from florist.training.backbones import BACKBONES
from florist.training.recipes import RECIPES
from tests.conftest import write_colours

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(encoding="utf-8"), re.M | re.S)


def commands(page: Path) -> list[str]:
    lines = "\n".join(blocks(page, "sh")).replace("\\\n", " ").splitlines()
    return [line for line in lines if line.startswith("florist ")]


def verb(name: str) -> click.Command:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None, name
    return command


def cli_reference() -> str:
    """Return docs/cli.md: the help of every verb."""
    parts = ["# Every command\n\n`make docs` writes this page from `--help`.\n"]
    settings = {**cli.context_settings, "terminal_width": 90}
    root = click.Context(cli, info_name="florist", **settings)
    verbs = []
    for name in cli.list_commands(root):
        context = click.Context(verb(name), root, name)
        below = getattr(context.command, "commands", {}).items()
        verbs += [context, *(click.Context(each, context, name) for name, each in below)]
    for context in (root, *verbs):
        help_text = context.command.get_help(context)
        parts.append(f"## `{context.command_path}`\n\n```\n{help_text}\n```\n")
    return "\n".join(parts)


def test_the_command_reference_is_what_help_prints() -> None:
    assert (ROOT / "docs" / "cli.md").read_text(encoding="utf-8") == cli_reference()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_in_the_docs_are_understood(page: Path, tmp_path: Path) -> None:
    for line in commands(page):
        name, *arguments = shlex.split(line.split(" | ")[0], comments=True)[1:]
        verb(name).make_context(name, arguments)


def test_the_readme_shows_commands_of_every_verb_that_a_newcomer_needs() -> None:
    shown = {line.split()[1] for line in commands(ROOT / "README.md")}
    assert shown >= {"check", "train", "predict", "evaluate", "serve"}


def test_make_targets_in_the_docs_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    for page in PAGES:
        assert set(re.findall(r"`?make ([a-z-]+)\b", "\n".join(blocks(page, "sh")))) <= targets


def test_links_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_python_in_the_readme_runs(
    bundle: Bundle,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    shutil.copytree(bundle.path, tmp_path / "output")
    (tmp_path / "holiday").mkdir()
    for name in ("rose.jpg", "holiday/rose.jpg"):
        Image.new("RGB", (30, 30), (200, 20, 20)).save(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    (code,) = blocks(ROOT / "README.md", "python")
    exec(code, {})
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith("red 0.")
    assert printed[3:] == ["red"]


def test_training_from_python_runs_and_prints_what_is_ours_alone(tmp_path: Path) -> None:
    write_colours(tmp_path / "photos", per_class=12)
    (code,) = blocks(ROOT / "docs/training.md", "python")
    command = [sys.executable, "-c", code]
    # JAX, where it is installed, sets this in the process of the tests once they import Keras.
    env = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}
    run = subprocess.run(
        command, cwd=tmp_path, env=env, capture_output=True, text=True, check=True, timeout=300
    )
    assert "warning red only 12 usable pictures" in run.stdout
    assert "Epoch  1/20  loss " in run.stderr
    assert not re.search("tensorflow|cuda|onednn|absl|[EIW]0000", run.stderr, re.IGNORECASE)


def test_the_backbones_of_the_docs_are_those_of_the_table() -> None:
    text = (ROOT / "docs/training.md").read_text()
    rows = re.findall(r"^\| `(\w[\w.-]+)` \| (\d+) \|", text, re.M)
    assert {name: int(size) for name, size in rows} == {
        name: backbone.size for name, backbone in BACKBONES.items()
    }


def test_the_recipe_of_the_docs_is_the_default() -> None:
    text = (ROOT / "docs/training.md").read_text()
    default, few, many = TrainingConfig(), RECIPES["cosine"], RECIPES["classic"]
    mobile = BACKBONES["mobilenetv2"]
    for option, value in [
        ("`--backbone`", f"`{default.backbone}`"),
        ("`--weights`", f"`{default.weights}`"),
        ("`--recipe`", f"`{default.recipe_name}`"),
        ("`--unfreeze`", f"{default.trained_layers}, or {mobile.unfreeze} for MobileNetV2"),
        ("`--views`", f"{few.views}, or {many.views} for `classic`"),
        ("`--epochs`", f"{few.epochs}, or {many.epochs} for `classic`"),
        ("`--patience`", default.patience),
        ("`--fit`", f"`{default.fit}`"),
        ("`--class-weight`", f"`{default.class_weight}`"),
    ]:
        assert f"| {option} | {value} |" in text


if __name__ == "__main__":
    (ROOT / "docs" / "cli.md").write_text(cli_reference(), encoding="utf-8")


def test_what_is_promised_names_tests_that_are_there() -> None:
    promises = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (?!promise|---)(.*) \| (.*) \|$", promises, re.M)
    assert len(rows) > 20
    for promise, tests in rows:
        files, targets = re.findall(r"`([\w/]+\.py)`", tests), re.findall(r"`make ([\w-]+)`", tests)
        assert files or targets, promise
        assert all((ROOT / "tests" / file).is_file() for file in files), promise
        makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
        assert all(f"\n{target}: " in makefile for target in targets), promise
