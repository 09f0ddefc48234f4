"""Whether there is enough to train on, and enough that differs."""

import shutil
from pathlib import Path

import pytest

from florist.dataset import require_trainable, scan
from florist.errors import DatasetError


def leave_one_class(root: Path) -> None:
    shutil.rmtree(root / "blue")
    shutil.rmtree(root / "green")


def leave_four_pictures(root: Path) -> None:
    for path in sorted((root / "red").iterdir())[4:]:
        path.unlink()


def repeat_one_picture(root: Path) -> None:
    content = (root / "red" / "000.png").read_bytes()
    for path in (root / "red").iterdir():
        path.write_bytes(content)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (leave_one_class, "one class"),
        (leave_four_pictures, "red.*has 4 usable pictures; at least 5"),
        (repeat_one_picture, "red.*no picture for the val side.*near-identical"),
    ],
)
def test_too_little_to_train_on(colours: Path, spoil, says: str) -> None:  # type: ignore[no-untyped-def]
    spoil(colours)
    with pytest.raises(DatasetError, match=says):
        require_trainable(scan(colours))
