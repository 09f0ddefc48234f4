"""What people keep in folders of pictures, and what a data set makes of it."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PIL import Image

from florist.dataset import SIDES, Dataset, read_labelled, require_trainable, scan
from florist.errors import DatasetError
from florist.images import ImageSpec, Limits
from tests.conftest import COLOURS, noisy_picture, write_colours

NOBODY = 65534


def problems(dataset: Dataset) -> dict[str, tuple[str, str]]:
    return {p.path: (p.severity, p.kind) for p in dataset.problems if p.kind != "tiny class"}


@contextmanager
def without_root() -> Iterator[None]:
    """Lose root's right to read everything, where the tests have it."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_folder_per_class(colours: Path) -> None:
    dataset = scan(colours)
    assert dataset.classes == ("blue", "green", "red")
    assert dataset.counts() == {"blue": 10, "green": 10, "red": 10}
    assert [len(dataset.side(side)) for side in SIDES] == [21, 4, 5]
    assert problems(dataset) == {}
    require_trainable(dataset)


def test_everything_that_people_keep_in_folders(tmp_path: Path) -> None:
    root = write_colours(tmp_path / "data", per_class=5)
    deep = root / "red" / "2024" / "été"
    deep.mkdir(parents=True)
    noisy_picture(COLOURS["red"], 50).save(deep / "Rouge Vif.PNG")
    noisy_picture(COLOURS["red"], 51).save(root / "red" / "e\u0301clat.JPG", "JPEG")
    (root / "red" / ".DS_Store").write_bytes(b"x")
    (root / "red" / "._000.png").write_bytes(b"x")
    (root / "red" / "Thumbs.db").write_bytes(b"x")
    (root / ".cache").mkdir()
    (root / "red" / "notes.txt").write_text("nice")
    (root / "README.md").write_text("about")
    dataset = scan(root)
    names = {s.name for s in dataset.samples}
    assert dataset.counts() == {"blue": 5, "green": 5, "red": 7}
    assert {"red/2024/été/Rouge Vif.PNG", "red/éclat.JPG"} <= names
    assert problems(dataset) == {"red/notes.txt": ("note", "not a picture")}


def test_every_problem_is_named_with_its_file(tmp_path: Path) -> None:
    root = write_colours(tmp_path / "data", per_class=6, size=64)
    red, blue = root / "red", root / "blue"
    (red / "zero.jpg").write_bytes(b"")
    (red / "cut.png").write_bytes((red / "000.png").read_bytes()[:-40])
    (red / "letter.jpg").write_text("Dear Sir")
    (red / "scan.psd").write_bytes(b"8BPS")
    (red / "named.jpg").write_bytes((red / "001.png").read_bytes())
    noisy_picture(COLOURS["red"], 90, 20).save(red / "stamp.png")
    shutil.copy(red / "002.png", red / "copy.png")
    shutil.copy(red / "003.png", blue / "wrong.png")
    noisy_picture(COLOURS["red"], 4, 64).save(red / "again.jpg", quality=80)
    noisy_picture(COLOURS["red"], 91, 64).save(root / "stray.png")
    (root / "empty").mkdir()
    found = problems(scan(root))
    assert found == {
        "red/zero.jpg": ("error", "unusable"),
        "red/cut.png": ("error", "unusable"),
        "red/letter.jpg": ("error", "unusable"),
        "red/scan.psd": ("error", "unusable"),
        "red/001.png": ("note", "duplicate"),
        "red/named.jpg": ("warning", "wrong ending"),
        "red/stamp.png": ("warning", "small"),
        "red/002.png": ("note", "duplicate"),
        "blue/wrong.png": ("warning", "duplicate"),
        "red/004.png": ("note", "near duplicate"),
        "stray.png": ("error", "outside"),
        "empty": ("error", "empty class"),
    }
    said = {p.path: (p.message, p.files) for p in scan(root).problems}
    assert "content is PNG" in said["red/named.jpg"][0]
    assert said["red/001.png"] == ("the same file as red/named.jpg", ("red/named.jpg",))
    assert "filed under blue and red" in said["blue/wrong.png"][0]


def test_imbalance_and_tiny_classes_are_named(tmp_path: Path) -> None:
    root = write_colours(tmp_path / "data", per_class=30)
    for path in sorted((root / "red").iterdir())[6:]:
        path.unlink()
    found = {p.kind: p for p in scan(root).problems}
    assert found["tiny class"].path == "red"
    assert "30 pictures, the smallest 6" in found["imbalance"].message


def test_links_may_stay_inside_but_not_leave(tmp_path: Path) -> None:
    root = write_colours(tmp_path / "data", per_class=5)
    elsewhere = write_colours(tmp_path / "elsewhere", per_class=5)
    noisy_picture(COLOURS["red"], 60).save(root / "red" / "real.png")
    (root / "red" / "real.png").rename(root / "green" / "kept.png")
    (root / "red" / "inside.png").symlink_to(root / "green" / "kept.png")
    (root / "red" / "outside.png").symlink_to(elsewhere / "red" / "001.png")
    (root / "red" / "broken.png").symlink_to(root / "nowhere.png")
    (root / "red" / "loop").symlink_to(root / "red", target_is_directory=True)
    (root / "violet").symlink_to(elsewhere / "blue", target_is_directory=True)
    dataset = scan(root)
    assert dataset.counts() == {"blue": 5, "green": 6, "red": 6}
    found = problems(dataset)
    assert found["red/outside.png"] == ("error", "outside link")
    assert found["red/broken.png"] == ("error", "broken link")
    assert found["violet"] == ("error", "outside link")
    assert len(found) == 4  # and the two names of one picture, in two classes


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda root: root.rmdir(), "There is no folder"),
        (lambda root: [root.rmdir(), root.write_text("x")], "is a file"),
        (lambda root: None, "is empty.*cats.*dogs"),
        (lambda root: Image.new("RGB", (9, 9)).save(root / "a.png"), "1 pictures but no class"),
    ],
)
def test_folders_that_are_no_data_set(tmp_path: Path, make, says: str) -> None:  # type: ignore[no-untyped-def]
    root = tmp_path / "data"
    root.mkdir()
    make(root)
    with pytest.raises(DatasetError, match=says):
        scan(root)


def test_a_picture_that_takes_its_decoder_too_long_is_set_aside(colours: Path) -> None:
    Image.new("RGB", (3000, 2000), "red").save(colours / "red" / "large.png")
    found = scan(colours, limits=Limits(seconds=0))
    assert problems(found)["red/large.png"] == ("error", "unusable")
    assert len(found.samples) == len(scan(colours).samples) - 1


def test_what_may_not_be_read_is_named(colours: Path) -> None:
    for folder in [colours, *colours.parents]:
        if folder.stat().st_uid == os.geteuid() and len(folder.parts) > 2:
            folder.chmod(0o755)
    (colours / "red" / "000.png").chmod(0)
    locked = colours / "red" / "locked"
    locked.mkdir(mode=0)
    with without_root():
        found = problems(scan(colours))
        assert found["red/000.png"] == ("error", "unusable")
        assert found["red/locked"] == ("error", "unreadable")
    colours.chmod(0)
    with without_root(), pytest.raises(DatasetError, match=r"permission denied.*chmod"):
        scan(colours)
    colours.chmod(0o755)


def test_given_sides_are_kept_and_leaks_between_them_named(tmp_path: Path) -> None:
    root = tmp_path / "data"
    write_colours(root / "Train", per_class=8)
    write_colours(root / "test", per_class=9)
    for path in (root / "test").rglob("*.png"):
        if int(path.stem) < 8 and path.parent.name != "red":
            path.unlink()
    dataset = scan(root)
    assert dataset.counts(dataset.test) == {"blue": 1, "green": 1, "red": 9}
    # There is no folder for validation, so a share of the training pictures takes its place.
    assert {s.name.split("/")[0] for s in dataset.val} == {"Train"}
    assert len(dataset.val) > 0
    leaks = [p for p in dataset.problems if p.kind == "leak"]
    assert len(leaks) == 8
    assert dataset.leaks == 16
    assert all(p.files[0].startswith("test/red/") for p in leaks)


def test_progress_counts_every_file(colours: Path) -> None:
    steps: list[tuple[str, int, int]] = []
    scan(colours, progress=lambda *step: steps.append(step))
    reading = [("Reading pictures", done, 30) for done in range(1, 31)]
    assert steps == [*reading, ("Comparing pictures", 30, 30)]


def test_an_interrupted_scan_stops(colours: Path) -> None:
    def interrupt(stage: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        scan(colours, progress=interrupt)


def test_reading_for_an_evaluation_splits_nothing(colours: Path, tmp_path: Path) -> None:
    assert len(read_labelled(colours).test) == 30
    shutil.copytree(colours, tmp_path / "sides" / "train")
    write_colours(tmp_path / "sides" / "test", per_class=2)
    found = read_labelled(tmp_path / "sides")
    assert {sample.name.split("/")[0] for sample in found.test} == {"test"}
    assert len(found.samples) == 6


def test_a_picture_that_goes_away_is_named(colours: Path) -> None:
    dataset = scan(colours)
    sample = dataset.samples[0]
    assert sample.load(ImageSpec(size=8)).shape == (8, 8, 3)
    sample.path.unlink()
    with pytest.raises(DatasetError, match=r"blue/000.png could be read before"):
        sample.load(ImageSpec(size=8))


def test_names_that_no_terminal_should_see(tmp_path: Path) -> None:
    root = write_colours(tmp_path / "data", per_class=5)
    (root / "red" / "a\x1b[31mb\n.png").write_bytes(b"")
    bad = os.fsencode(root / "red") + b"/\xff.png"
    with open(bad, "wb"):  # noqa: PTH123 - a name that is no text
        pass
    (root / "green").rename(os.fsdecode(os.fsencode(root) + b"/gr\xfcn"))
    dataset = scan(root)
    assert "red/a\\x1b[31mb\\n.png" in problems(dataset)
    assert "red/\\udcff.png" in problems(dataset)
    assert "gr\\udcfcn" in dataset.classes


def test_a_pipe_is_not_read(colours: Path) -> None:
    os.mkfifo(colours / "red" / "camera.jpg")
    os.mkfifo(colours / "red" / "camera")
    found = problems(scan(colours))
    assert found == {
        "red/camera": ("error", "not a file"),
        "red/camera.jpg": ("error", "not a file"),
    }


def test_the_digest_tells_data_sets_apart(colours: Path) -> None:
    first = scan(colours)
    assert scan(colours).digest == first.digest
    assert scan(colours, seed=1).digest != first.digest
    noisy_picture(COLOURS["red"], 99).save(colours / "red" / "000.png")
    assert scan(colours).digest != first.digest
