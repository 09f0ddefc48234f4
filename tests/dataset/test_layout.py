"""Which folders are classes, which are sides, and what is said of the others."""

import shutil
from pathlib import Path

import pytest
from PIL import Image

from florist.dataset import Dataset, read_labelled, require_trainable, scan
from florist.errors import DatasetError
from tests.conftest import COLOURS, noisy_picture, write_colours
from tests.dataset.test_scan import problems


def write_flat(folder: Path, count: int = 3) -> None:
    folder.mkdir(parents=True)
    for number in range(count):
        noisy_picture(COLOURS["red"], 500 + number).save(folder / f"{number}.png")


def test_an_unlabelled_test_folder_is_no_class(tmp_path: Path) -> None:
    """The layout of a competition: train/<classes>, test/*.png."""
    write_colours(tmp_path / "train", per_class=10)
    write_flat(tmp_path / "test")
    dataset = scan(tmp_path)
    require_trainable(dataset)
    assert dataset.classes == ("blue", "green", "red")
    assert problems(dataset) == {"test": ("warning", "no classes")}
    assert "its 3 pictures lie in no class folders" in dataset.problems[0].message
    assert {sample.name.split("/")[0] for sample in dataset.test} == {"train"}
    assert len(read_labelled(tmp_path).samples) == 30


def test_what_lies_beside_train_is_named(tmp_path: Path) -> None:
    write_colours(tmp_path / "train", per_class=6)
    write_colours(tmp_path / "test", per_class=3)
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "val").mkdir()
    write_flat(tmp_path / "plots" / "2026")
    dataset = scan(tmp_path)
    assert dataset.classes == ("blue", "green", "red")
    assert dataset.counts(dataset.test) == {"blue": 3, "green": 3, "red": 3}
    found = {p.path: (p.severity, p.kind) for p in dataset.problems if p.kind[-5:] != "class"}
    assert {path: found.get(path) for path in ("notebooks", "val", "plots")} == {
        "notebooks": ("note", "beside train"),
        "val": ("note", "no classes"),
        "plots": ("warning", "beside train"),
    }


def test_what_systems_leave_behind_is_no_class(tmp_path: Path) -> None:
    root = write_colours(tmp_path / "disk", per_class=5)
    for name in ("lost+found", "__MACOSX", ".Trash"):
        (root / name).mkdir()
    found = scan(root)
    assert found.classes == ("blue", "green", "red")
    assert {problem.kind for problem in found.problems} == {"tiny class"}


@pytest.mark.parametrize("inner", ["", "train"])
def test_foreign_pictures_beside_the_classes_are_no_class(tmp_path: Path, inner: str) -> None:
    write_colours(tmp_path / "data" / inner, per_class=10)
    write_flat(tmp_path / "data" / "_none")
    found = scan(tmp_path / "data")
    assert found.classes == ("blue", "green", "red")
    assert len(found.samples) == len(read_labelled(tmp_path / "data").samples) == 30
    noted = [(p.path, p.severity) for p in found.problems if p.kind == "foreign"]
    assert noted == [("_none", "note")]


def test_classes_may_be_called_like_sides(tmp_path: Path) -> None:
    root = write_colours(tmp_path / "vehicles", per_class=5)
    (root / "red").rename(root / "train")
    (root / "blue").rename(root / "test")
    assert scan(root).classes == ("green", "test", "train")


@pytest.mark.parametrize("inner", ["photos", "download/photos", "download/photos/train"])
def test_one_level_too_high(tmp_path: Path, inner: str) -> None:
    write_colours(tmp_path / "wrapped" / inner, per_class=5)
    (tmp_path / "wrapped" / "LICENSE").write_text("free")
    (tmp_path / "wrapped" / "__MACOSX").mkdir()
    right = tmp_path / "wrapped" / inner.removesuffix("/train")
    with pytest.raises(DatasetError, match=rf"give the folder .*: {right}\.$"):
        scan(tmp_path / "wrapped")
    assert len(scan(right).classes) == 3


def test_one_class_in_folders_of_its_own_is_not_one_level_too_high(tmp_path: Path) -> None:
    shutil.move(write_colours(tmp_path / "colours") / "red", tmp_path / "data" / "red" / "2026")
    with pytest.raises(DatasetError, match="has one class folder only, red"):
        require_trainable(scan(tmp_path / "data"))


@pytest.mark.parametrize(("side", "others"), [("train", "val and test"), ("val", "train and test")])
def test_a_side_that_lacks_a_class(tmp_path: Path, side: str, others: str) -> None:
    for number, folder in enumerate(("train", "val", "test")):
        write_colours(tmp_path / folder, per_class=6 + number)
    shutil.rmtree(tmp_path / side / "green")
    with pytest.raises(
        DatasetError, match=f"green .* no usable picture on the {side} side.*{others}"
    ):
        require_trainable(scan(tmp_path))


def test_classes_that_capital_letters_tell_apart(colours: Path) -> None:
    shutil.copytree(colours / "red", colours / "Red")
    (warning,) = [p for p in scan(colours, duplicates="off").problems if p.kind == "spelt alike"]
    assert (warning.path, warning.severity) == ("red", "warning")
    assert "another class than Red" in warning.message


def links(root: Path, target: Path) -> Dataset:
    root.mkdir()
    for name in COLOURS:
        (root / name).symlink_to(target / name, target_is_directory=True)
    return scan(root)


def test_class_folders_that_are_links_to_elsewhere(colours: Path, tmp_path: Path) -> None:
    dataset = links(tmp_path / "links", colours)
    assert {p.kind for p in dataset.problems} == {"outside link"}
    with pytest.raises(
        DatasetError, match="no class folder that can be used.*blue: a link that le"
    ):
        require_trainable(dataset)


def test_class_folders_that_are_links_to_nothing(tmp_path: Path) -> None:
    dataset = links(tmp_path / "links", tmp_path / "nowhere")
    assert {p.kind for p in dataset.problems} == {"broken link"}
    with pytest.raises(DatasetError, match="no class folder that can be used.*a link to nothing"):
        require_trainable(dataset)


def test_a_side_that_is_a_link_to_elsewhere(colours: Path, tmp_path: Path) -> None:
    root = tmp_path / "data"
    write_colours(root / "train", per_class=6)
    (root / "test").symlink_to(colours, target_is_directory=True)
    dataset = scan(root)
    assert problems(dataset) == {"test": ("error", "outside link")}
    assert len(dataset.samples) == 18


def test_a_link_to_a_class_folder_inside(colours: Path) -> None:
    (colours / "violet").symlink_to(colours / "blue", target_is_directory=True)
    assert scan(colours, duplicates="off").counts()["violet"] == 10


def test_a_picture_without_an_ending_is_read(colours: Path) -> None:
    Image.open(colours / "red" / "000.png").save(colours / "red" / "IMG_0001", "JPEG")
    (colours / "red" / "LICENSE").write_text("free")
    dataset = scan(colours, duplicates="off")
    assert dataset.counts()["red"] == 11
    assert problems(dataset) == {"red/LICENSE": ("note", "not a picture")}
