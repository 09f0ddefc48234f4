"""What a person types, and what they get."""

import io
import json
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from florist import __version__
from florist.bundle import MODEL, SPLIT, Bundle, write_bundle
from florist.cli import cli
from tests.conftest import write_colours

VERBS = cli.list_commands(click.Context(cli))
QUICK = [
    *("--backbone", "tiny", "--unfreeze", "3", "--views", "2", "--epochs", "2"),
    *("--dense", "8", "--batch-size", "8"),
]


def florist(*arguments: object, stdin: bytes | None = None) -> Result:
    runner = CliRunner(catch_exceptions=False)
    return runner.invoke(cli, [str(argument) for argument in arguments], input=stdin)


def test_version_and_help() -> None:
    assert florist("--version").stdout == f"florist, version {__version__}\n"
    assert "florist train photos" in florist("-h").stdout


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_with_an_example(verb: str) -> None:
    text = florist(verb, "--help").stdout
    assert "Example" in text
    assert f"florist {verb}" in text


@pytest.mark.parametrize("verb", VERBS)
def test_the_list_of_verbs_says_what_each_says_of_itself(verb: str) -> None:
    command = cli.get_command(click.Context(cli), verb)
    assert command is not None
    listed = florist("--help").stdout.split("Commands:")[1]
    assert command.get_short_help_str(200) in " ".join(listed.split())


def test_help_imports_only_what_it_needs() -> None:
    program = "import sys, florist.cli; florist.cli.cli(['--help'], standalone_mode=False);"
    program += "sys.exit(bool({'numpy', 'PIL', 'rich', 'flask', 'openvino'} & sys.modules.keys()))"
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_running_as_a_module() -> None:
    command = [sys.executable, "-m", "florist", "--version"]
    run = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert __version__ in run.stdout


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["predict"], 2),
        (["train"], 2),
        (["predict", "x", "--top", "0"], 2),
        (["evaluate", "x", "--fail-under", "2"], 2),
        (["train", "x", "--unfreeze", "some"], 2),
        (["wonder"], 2),
        (["check", "nowhere"], 1),
        (["predict", "x", "--model", "nowhere"], 1),
        (["train", "nowhere"], 1),
        (["train", "x", "--backbone", "mobilenet"], 1),
    ],
)
def test_exit_codes(arguments: list[str], code: int, monkeypatch: Any, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    result = florist(*arguments)
    assert result.exit_code == code
    assert "Traceback" not in result.output
    if code == 1:
        assert result.stderr.startswith("Error: ")
        assert result.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("where", ["before", "after"])
def test_debug_shows_the_traceback(where: str) -> None:
    from florist.errors import BundleError

    verb = ["predict", "x", "--model", "nowhere"]
    with pytest.raises(BundleError):
        florist(*(["--debug", *verb] if where == "before" else [*verb, "--debug"]))


@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
def test_evaluating(bundle: Bundle, tmp_path: Path, engine: str) -> None:
    root = write_colours(tmp_path / "data", per_class=4)
    (root / "red" / "000.png").rename(root / "blue" / "wrong.jpg")
    (root / "red" / "bad.png").write_bytes(b"")
    base = ["evaluate", root, "--model", bundle.path, "--engine", engine]
    result = florist(*base)
    assert result.exit_code == 0
    assert "Accuracy 91.7% on 12 pictures (95 % interval 64.6% to 98.5%)" in result.stdout
    assert "blue/wrong.jpg" in result.stdout
    assert "error   red/bad.png: empty file" in result.stderr
    assert "warning blue/wrong.jpg: its content is PNG" in result.stderr
    report = json.loads(florist(*base, "--json").stdout)
    assert report["confusions"] == [{"label": "blue", "predicted": "red", "count": 1}]
    assert report["guessing"] == 5 / 12
    assert florist(*base, "--fail-under", 0.9).exit_code == 0
    failed = florist(*base, "--fail-under", 0.95)
    assert failed.exit_code == 1
    assert "0.9167 is under 0.95" in failed.stderr


def test_pictures_that_made_the_model_do_not_measure_it(bundle: Bundle, tmp_path: Path) -> None:
    import hashlib

    root = write_colours(tmp_path / "data", per_class=4)
    model = tmp_path / "model"
    rows = ["side,class,sha256,file"]
    for path in sorted(root.rglob("*.png"))[:9]:
        side = "test" if path.stem == "003" else "train"
        rows.append(f"{side},x,{hashlib.sha256(path.read_bytes()).hexdigest()},x")

    def write_files(folder: Path) -> None:
        (folder / MODEL).write_bytes(bundle.read(MODEL))
        (folder / SPLIT).write_text("\n".join(rows) + "\n")

    write_bundle(model, replace(bundle.manifest, files={}), write_files)
    result = florist("evaluate", root, "--model", model)
    assert "7 of 12 pictures are left out" in result.stderr
    assert "on 5 pictures" in result.stdout
    assert "on 12 pictures" in florist("evaluate", root, "--model", model, "--include-seen").stdout


def test_checking(tmp_path: Path) -> None:
    root = write_colours(tmp_path / "data", per_class=20)
    good = florist("check", root)
    assert good.exit_code == 0
    assert "Ready to train." in good.stdout
    assert good.stdout.splitlines()[0].split() == ["class", "train", "val", "test", "all"]
    (root / "red" / "[x].png").write_bytes(b"")
    bad = florist("check", root)
    assert bad.exit_code == 1
    assert bad.stdout.startswith("error   red/[x].png: empty file (0 bytes)\n")
    answer = json.loads(florist("check", root, "--json").stdout)
    assert answer["trainable"]
    assert answer["problems"][0]["path"] == "red/[x].png"
    for path in (root / "red").glob("*.png"):
        path.unlink()
    ruined = florist("check", root)
    assert ruined.exit_code == 1
    assert "Class red" in ruined.stdout


def test_a_live_bar_on_a_terminal() -> None:
    from rich.console import Console

    from florist.cli.console import ConsoleListener

    screen = io.StringIO()
    listener = ConsoleListener(
        Console(file=screen, force_terminal=True, width=100, highlight=False)
    )
    for done in range(1, 4):
        listener.progress("Features", done, 3)
    listener.epoch(1, 9, dict.fromkeys(("loss", "accuracy", "val_loss", "val_accuracy"), 0.5))
    listener.close()
    assert "Features: 3, " in screen.getvalue()
    assert "← best" in screen.getvalue()
    assert "/3" in screen.getvalue()


def test_ctrl_c_is_heeded_even_where_it_was_swallowed() -> None:
    from florist.cli.console import listening

    # In a shell's background job it would be ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with listening() as listener:
            with suppress(KeyboardInterrupt):
                signal.raise_signal(signal.SIGINT)
            with pytest.raises(KeyboardInterrupt):
                listener.progress("Reading pictures", 1, 2)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_verb_whose_code_is_left_out_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """The image that serves holds neither florist.demo nor florist.training."""
    monkeypatch.delitem(sys.modules, "florist.cli.demo", raising=False)
    monkeypatch.setitem(sys.modules, "florist.demo", None)
    result = florist("demo")
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: `florist demo` needs florist.demo, which is left out")


def test_checking_with_other_limits(colours: Path) -> None:
    assert florist("check", colours, "--duplicates", "off").exit_code == 0
    small = florist("check", colours, "--max-megapixels", 0.001)  # each has 0.001024
    assert (small.exit_code, "0 usable pictures; 33 errors" in small.stdout) == (1, True)
