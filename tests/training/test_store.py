"""Arrays on disk after whatever happened to the writer."""

from pathlib import Path

import numpy as np

from florist.training.store import ArrayStore


def make(folder: Path) -> ArrayStore:
    return ArrayStore(folder=folder, name="x", shapes=((2, 3), (4,)), dtype=np.float16)


def test_rows_come_back_as_they_were(tmp_path: Path) -> None:
    store = make(tmp_path / "new")
    assert store.rows() == 0
    store.truncate(0)
    first, second = np.arange(30.0).reshape(5, 2, 3), np.arange(20.0).reshape(5, 4)
    store.append([first[:2], second[:2]])
    store.append([first[2:], second[2:]])
    assert store.rows() == 5
    assert store.row_bytes == (6 + 4) * 2
    wide, narrow = store.read(np.array([4, 0]))
    assert np.array_equal(wide, first[[4, 0]])
    assert np.array_equal(narrow, second[[4, 0]])
    assert wide.dtype == np.float16
    assert not isinstance(wide, np.memmap)


def test_half_written_rows_are_dropped(tmp_path: Path) -> None:
    store = make(tmp_path)
    store.append([np.ones((3, 2, 3)), np.ones((3, 4))])
    with (tmp_path / "x-0.bin").open("ab") as file:
        file.write(b"\xff" * 17)  # killed between the first file and the second
    assert store.rows() == 3
    store.truncate(2)
    store.append([np.zeros((1, 2, 3)), np.zeros((1, 4))])
    assert store.rows() == 3
    wide, narrow = store.read(np.arange(3))
    assert wide[:, 0, 0].tolist() == narrow[:, 0].tolist() == [1, 1, 0]
