"""Whether there is enough to train on, and enough that differs."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from florist.dataset import Sample, require_trainable, scan
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


def test_near_identity_is_found_among_many(tmp_path: Path) -> None:
    from florist.dataset.duplicates import NEAR_BITS, describe_duplicates, group_duplicates

    rng = np.random.default_rng(0)
    hashes = rng.integers(0, 256, (1500, 32), np.uint8)
    near = hashes[700].copy()
    near[: NEAR_BITS // 8] ^= 0xFF  # exactly as many bits as are still near
    hashes[1400] = near
    far = hashes[20].copy()
    far[: NEAR_BITS // 8 + 1] ^= 0xFF
    hashes[30] = far
    samples = [
        Sample(path=tmp_path, name=str(i), label=0, sha256=str(i), fingerprint=h.tobytes())
        for i, h in enumerate(hashes)
    ]
    groups = [group for group in group_duplicates(samples) if len(group) > 1]
    assert groups == [[700, 1400]]
    (problem,) = describe_duplicates(samples, ["a"])
    assert (problem.path, problem.message) == ("1400", "nearly the same picture as 700")
