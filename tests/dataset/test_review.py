"""What a person has confirmed is moved, once, and back again."""

import csv
import errno
import json
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from florist.dataset import apply_review, undo
from florist.errors import DatasetError
from tests.conftest import noisy_picture


def data_set(root: Path, *names: str) -> Path:
    """Write pictures, each with its own name inside."""
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(name.encode())
    return root


def contents(root: Path) -> dict[str, str]:
    return {
        path.relative_to(root).as_posix(): path.read_text()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def review(path: Path, rows: Mapping[str, str], separator: str = ",") -> Path:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, delimiter=separator)
        writer.writerow(["file", "label", "looks_like", "sure", "move_to"])
        writer.writerows([name, "?", "?", "0.9", wanted] for name, wanted in rows.items())
    return path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return data_set(
        tmp_path / "photos",
        *("rose/1.png", "rose/2.png", "rose/in/1.png", "tulip/1.png", "tulip/3.png"),
    )


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_what_is_confirmed_moves_and_comes_back(root: Path, tmp_path: Path, separator: str) -> None:
    before = contents(root)
    rows = {
        "rose/1.png": "tulip",
        "rose/in/1.png": "tulip",
        "rose/2.png": "",
        "tulip/3.png": "tulip",
    }
    wanted = review(tmp_path / "review.csv", rows, separator)
    assert apply_review(root, wanted) == (tmp_path / "review.undo.json", 2, [])
    assert contents(root) == {
        "rose/2.png": "rose/2.png",
        "tulip/1.png": "tulip/1.png",  # whose name two others have: nothing is overwritten
        "tulip/1-2.png": "rose/1.png",
        "tulip/1-3.png": "rose/in/1.png",
        "tulip/3.png": "tulip/3.png",
    }
    assert apply_review(root, wanted) == (None, 0, [])  # all of it is done
    assert undo(root, tmp_path / "review.undo.json") == (2, [])
    assert contents(root) == before
    assert not (tmp_path / "review.undo.json").exists()


def test_sides_are_kept(tmp_path: Path) -> None:
    root = data_set(
        tmp_path / "photos",
        *("train/rose/1.png", "train/tulip/1.png", "test/rose/2.png", "val/rose/3.png"),
        "val/tulip/3.png",
    )
    rows = {"train/rose/1.png": "tulip", "test/rose/2.png": "tulip", "val/rose/3.png": "tulip"}
    apply_review(root, review(tmp_path / "r.csv", rows))
    assert {*contents(root)} == {
        *("train/tulip/1.png", "train/tulip/1-2.png"),
        "test/tulip/2.png",  # a folder that was not there
        *("val/tulip/3.png", "val/tulip/3-2.png"),
    }


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"rose/9.png": "tulip"}, "line 3: rose/9.png is no picture of"),
        ({"../outside/1.png": "tulip"}, "is no picture of"),
        ({"/etc/passwd": "tulip"}, "is no picture of"),
        ({"rose/1.png": "lily"}, "line 3: there is no class lily. The data set has rose, tulip"),
        ({"rose/1.png": "../outside"}, "there is no class"),
    ],
)
def test_a_row_that_cannot_be_stops_all(
    root: Path, tmp_path: Path, row: dict[str, str], says: str
) -> None:
    data_set(tmp_path, "outside/1.png")
    before = contents(tmp_path)
    wanted = review(tmp_path / "review.csv", {"rose/2.png": "tulip"} | row)
    with pytest.raises(DatasetError, match=says):
        apply_review(root, wanted)
    wanted.unlink()
    assert contents(tmp_path) == before


@pytest.mark.parametrize("content", [b"file,label\nrose/1.png,rose\n", b"", b"\xff\xfe", b"\0"])
def test_a_file_that_is_no_review_moves_nothing(root: Path, tmp_path: Path, content: bytes) -> None:
    before = contents(root)
    (tmp_path / "review.csv").write_bytes(content)
    with pytest.raises(DatasetError, match="review.csv"):
        apply_review(root, tmp_path / "review.csv")
    assert contents(root) == before


def test_links_are_left_alone(root: Path, tmp_path: Path) -> None:
    (root / "rose" / "link.png").symlink_to(root / "tulip" / "3.png")
    (root / "rose" / "folder").symlink_to(root / "tulip")
    before = contents(root)
    for name in ("rose/link.png", "rose/folder/3.png"):
        with pytest.raises(DatasetError, match="is a link, or lies behind one"):
            apply_review(root, review(tmp_path / f"{name[5:7]}.csv", {name: "tulip"}))
    assert contents(root) == before


@pytest.mark.parametrize("dies_at", range(4))  # the undo file, two pictures, the undo file
@pytest.mark.parametrize("after", [False, True])
def test_whatever_a_kill_leaves_is_gone_on_with(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dies_at: int, after: bool
) -> None:
    before, undo_file = contents(root), tmp_path / "review.undo.json"
    wanted = review(tmp_path / "review.csv", {"rose/1.png": "tulip", "rose/2.png": "tulip"})
    moved = {"rose/in/1.png", "tulip/1.png", "tulip/1-2.png", "tulip/2.png", "tulip/3.png"}
    replace = Path.replace

    def killed(work: Callable[[], object]) -> None:
        calls = iter(range(100))

        def dying(self: Path, target: Path) -> Path:
            dies = next(calls) == dies_at
            if dies and not after:
                raise KeyboardInterrupt
            found = replace(self, target)
            if dies:
                raise KeyboardInterrupt
            return found

        with monkeypatch.context() as patched, suppress(KeyboardInterrupt):
            patched.setattr(Path, "replace", dying)
            work()

    killed(lambda: apply_review(root, wanted))
    apply_review(root, wanted)
    assert {*contents(root)} == moved
    killed(lambda: undo(root, undo_file))
    if undo_file.exists():
        undo(root, undo_file)
    assert contents(root) == before
    killed(lambda: apply_review(root, wanted))
    if undo_file.exists():  # taken back without having been brought to its end
        undo(root, undo_file)
    assert contents(root) == before


def test_a_full_disk_loses_nothing(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = contents(root)

    def full(path: Path, content: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    monkeypatch.setattr("florist.dataset.moves.write_atomically", full)
    with pytest.raises(OSError, match="No space left"):
        apply_review(root, review(tmp_path / "review.csv", {"rose/1.png": "tulip"}))
    assert contents(root) == before


@pytest.mark.parametrize(
    "raw",
    [
        {"done": True, "moves": [["tulip/1.png", "../rose/1.png"]]},
        {"done": True, "moves": [["tulip/1.png", "/tmp/1.png"]]},
        {"moves": [["tulip/1.png"]]},
        {"moves": [[1, 2]]},
        {"moves": 7},
        [],
    ],
)
def test_an_undo_file_of_somebody_else(root: Path, tmp_path: Path, raw: Any) -> None:
    (tmp_path / "undo.json").write_text(json.dumps(raw))
    before = contents(root)
    with pytest.raises(DatasetError, match="is no undo file of florist"):
        undo(root, tmp_path / "undo.json")
    assert contents(root) == before


def test_taking_back_overwrites_nothing_and_names_what_is_lost(root: Path, tmp_path: Path) -> None:
    wanted = review(tmp_path / "review.csv", {"rose/1.png": "tulip", "rose/2.png": "tulip"})
    undo_file, _, _ = apply_review(root, wanted)
    assert undo_file is not None
    data_set(root, "rose/1.png")
    (root / "tulip" / "2.png").unlink()
    with pytest.raises(DatasetError, match="where another file is"):
        undo(root, undo_file)
    (root / "rose" / "1.png").unlink()
    done, lost = undo(root, undo_file)
    assert (done, [each.source for each in lost]) == (1, ["tulip/2.png"])


def test_a_second_look_has_an_undo_file_of_its_own(root: Path, tmp_path: Path) -> None:
    before, path = contents(root), tmp_path / "review.csv"
    first, _, _ = apply_review(root, review(path, {"rose/1.png": "tulip"}))
    second, _, _ = apply_review(root, review(path, {"tulip/1-2.png": "rose"}))
    assert first == path.with_name("review.undo.json")
    assert second == path.with_name("review.undo-2.json")
    for each in (second, first):
        assert each is not None
        assert undo(root, each)[0] == 1
    assert contents(root) == before


def test_the_names_are_those_that_the_doubts_have(tmp_path: Path) -> None:
    noisy = tmp_path / "photos" / "=rose" / "a\x1bb.png"
    noisy.parent.mkdir(parents=True)
    noisy_picture((1, 2, 3), 0).save(noisy)
    data_set(tmp_path / "photos", "-tulip/1.png")
    rows = {"'=rose/a\\x1bb.png": "'-tulip"}
    assert apply_review(tmp_path / "photos", review(tmp_path / "r.csv", rows))[1] == 1
    assert (tmp_path / "photos" / "-tulip" / noisy.name).exists()
