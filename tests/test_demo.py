from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from florist.demo import FLOWERS, draw_flower, write_demo
from florist.errors import DatasetError

SMALL = 32


def contents(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.glob("*/*"))
    }


def colour_histogram(picture: Image.Image) -> npt.NDArray[np.float64]:
    red, green, blue = (np.asarray(picture) // 64).astype(int).reshape(-1, 3).T
    return np.bincount(16 * red + 4 * green + blue, minlength=64) / red.size


def test_a_demo_has_a_folder_for_each_flower(tmp_path: Path) -> None:
    root = tmp_path / "new" / "demo"
    write_demo(root, per_class=2, size=SMALL)
    expected = [f"{name}/{name}_{index:04d}.jpg" for name in FLOWERS for index in range(2)]
    assert list(contents(root)) == expected
    assert [path.name for path in root.parent.iterdir()] == ["demo"]
    for name in expected:
        with Image.open(root / name) as picture:
            assert (picture.format, picture.mode, picture.size) == ("JPEG", "RGB", (SMALL, SMALL))


def test_the_seed_decides_every_byte(tmp_path: Path) -> None:
    for folder, seed, per_class in (("a", 7, 2), ("b", 7, 2), ("longer", 7, 3), ("other", 8, 2)):
        write_demo(tmp_path / folder, per_class=per_class, size=SMALL, seed=seed)
    first = contents(tmp_path / "a")
    assert contents(tmp_path / "b") == first
    assert first.items() <= contents(tmp_path / "longer").items()
    other = contents(tmp_path / "other")
    assert all(other[name] != picture for name, picture in first.items())


def test_progress_counts_every_picture(tmp_path: Path) -> None:
    steps: list[tuple[str, int, int]] = []
    write_demo(tmp_path / "demo", per_class=2, size=SMALL, progress=lambda *s: steps.append(s))
    total = 2 * len(FLOWERS)
    assert steps == [("Drawing flowers", done, total) for done in range(1, total + 1)]


def test_an_interrupted_run_leaves_nothing(tmp_path: Path) -> None:
    def interrupt(stage: str, done: int, total: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_demo(tmp_path / "demo", per_class=2, size=SMALL, progress=interrupt)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_exists_is_left_alone(tmp_path: Path) -> None:
    root = tmp_path / "demo"
    root.mkdir()
    with pytest.raises(DatasetError, match=r"demo is already there\. Remove it"):
        write_demo(root, per_class=1, size=SMALL)
    assert list(tmp_path.rglob("*")) == [root]


@pytest.mark.parametrize("size", [16, 75, 224])
@pytest.mark.parametrize("name", FLOWERS)
def test_a_flower_is_drawn_at_any_size(name: str, size: int) -> None:
    picture = draw_flower(name, np.random.default_rng(3), size)
    assert (picture.mode, picture.size) == ("RGB", (size, size))
    assert np.asarray(picture).std() > 8


@pytest.mark.parametrize("name", FLOWERS)
def test_no_two_pictures_of_a_flower_are_alike(name: str) -> None:
    pictures = [
        np.asarray(draw_flower(name, np.random.default_rng(seed), SMALL), dtype=float)
        for seed in range(6)
    ]
    assert all(np.abs(one - next_).mean() > 15 for one, next_ in pairwise(pictures))


def test_the_flowers_differ_in_more_than_name() -> None:
    # The nearest mean colour histogram is a weak classifier; it must still beat guessing, 0.2.
    histograms = np.array(
        [
            [
                colour_histogram(draw_flower(name, np.random.default_rng([5, index]), SMALL))
                for index in range(18)
            ]
            for name in FLOWERS
        ]
    )
    means = histograms[:, :12].mean(axis=1)
    distances = np.abs(histograms[:, 12:, None, :] - means).sum(axis=-1)
    hits = distances.argmin(axis=-1) == np.arange(len(FLOWERS))[:, None]
    assert hits.mean() > 0.3
