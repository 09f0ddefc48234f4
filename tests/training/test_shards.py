"""Files of rows: named by what they are made of, and whole or not there."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from florist.dataset import Sample
from florist.training.shards import SAMPLES, Arrays, Shards, shards_of, sweep

ROW = np.dtype([("wide", np.float16, (2, 3)), ("narrow", np.float16, (4,))])


def samples(count: int) -> list[Sample]:
    return [Sample(path=Path("x"), name=f"{n}", label=0, sha256=f"{n:064x}") for n in range(count)]


def shards(folder: Path, count: int = 70) -> Shards:
    return shards_of(samples(count), folder, made_by={"seed": 1}, rows=2, row=ROW)


def blocks(start: int, rows: int) -> list[Arrays]:
    """Return what every row of a shard holds, its own number, in two blocks."""
    numbers = np.arange(start, start + rows, dtype=np.float32)
    both = [
        np.broadcast_to(numbers[:, None, None], (rows, 2, 3)),
        np.broadcast_to(numbers[:, None], (rows, 4)),
    ]
    return [[each[:6] for each in both], [each[6:] for each in both]]


def filled(store: Shards) -> Shards:
    sweep(store.folder, [store])
    for number in store.missing():
        start = number * SAMPLES * store.rows
        store.write(number, blocks(start, len(store.part(number)) * store.rows))
    return store


def test_rows_come_back_as_they_were(tmp_path: Path) -> None:
    store = shards(tmp_path / "new")
    assert store.missing() == [0, 1, 2]
    assert store.row_count == 140
    filled(store)
    assert store.missing() == []
    wide, narrow = store.read(np.array([139, 0, 64, 63]))
    assert wide.shape == (4, 2, 3)
    assert narrow[:, 3].tolist() == wide[:, 1, 2].tolist() == [139, 0, 64, 63]
    assert wide.dtype == np.float16
    assert wide.flags.c_contiguous


def test_a_name_says_what_a_file_is_made_of(tmp_path: Path) -> None:
    names = shards(tmp_path).names
    assert names == shards(tmp_path / "elsewhere").names
    assert len({*names}) == 3
    more = shards(tmp_path, 90).names
    assert more[:2] == names[:2]
    assert more[2] != names[2]
    other_seed = shards_of(samples(70), tmp_path, made_by={"seed": 2}, rows=2, row=ROW)
    other_shape = shards_of(
        samples(70), tmp_path, made_by={"seed": 1}, rows=2, row=np.dtype([("wide", "f2", (7,))])
    )
    changed = samples(70)
    changed[40] = replace(changed[40], sha256="f" * 64)
    other_picture = shards_of(changed, tmp_path, made_by={"seed": 1}, rows=2, row=ROW)
    assert not {*names} & {*other_seed.names}
    assert not {*names} & {*other_shape.names}
    assert [a == b for a, b in zip(names, other_picture.names, strict=True)] == [True, False, True]


def test_what_was_interrupted_is_not_there(tmp_path: Path) -> None:
    store = filled(shards(tmp_path))
    (tmp_path / store.names[1]).unlink()

    def interrupted() -> object:
        yield blocks(64, 64)[0]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.write(1, interrupted())  # type: ignore[arg-type]
    assert store.missing() == [1]
    assert {path.name for path in tmp_path.iterdir()} == {store.names[0], store.names[2]}
    whole = (tmp_path / store.names[2]).read_bytes()
    (tmp_path / store.names[2]).write_bytes(whole[:-1])
    assert store.missing() == [1, 2]


def test_what_no_training_names_is_swept(tmp_path: Path) -> None:
    store = filled(shards(tmp_path))
    for left in (f"{store.names[0]}.1f2e.partial", "of another recipe.rows"):
        (tmp_path / left).write_bytes(b"x")
    sweep(tmp_path, [store])
    assert {path.name for path in tmp_path.iterdir()} == {*store.names}
