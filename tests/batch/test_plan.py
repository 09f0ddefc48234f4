"""Names in, numbered stretches of them out: a function of the names alone."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from florist.batch.plan import Names, copy_plan, write_plan
from florist.errors import BatchError
from florist.storage import Folder


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob("*.parquet")}


def test_the_same_names_give_the_same_plan(tmp_path: Path) -> None:
    names = [f"photos/{number}.jpg" for number in range(100)]
    one = write_plan(names, Folder(tmp_path / "one"))
    assert write_plan(iter(names), Folder(tmp_path / "two")) == one
    assert files(tmp_path / "one") == files(tmp_path / "two") != {}
    for other in (names[1:], names[::-1], ["photos/0.jp", "gphotos/1.jpg", *names[2:]]):
        assert write_plan(other, Folder(tmp_path / "other")).names != one.names


def test_stretches_of_more_names_than_a_file_holds(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    names = [str(number) for number in range(140_000)]
    plan = write_plan(names, folder, 1000)
    assert len(files(tmp_path)) == 3
    pieces = [plan.piece(number) for number in range(plan.shards)]
    assert len(pieces) == 140
    read = Names(folder)
    assert [name for each in pieces for name in read.between(each.first, each.last)] == names
    assert read.between(65_535, 131_073) == names[65_535:131_073]


def test_names_that_are_no_text_come_back(tmp_path: Path) -> None:
    names = [os.fsdecode(b"caf\xe9.jpg"), "caf\u00e9.jpg", "a\nb.jpg"]
    plan = write_plan(names, Folder(tmp_path))
    assert Names(Folder(tmp_path)).between(0, plan.pictures) == names


@pytest.mark.parametrize(
    "spoil", [lambda _: b"", lambda it: it[:-9], lambda it: bytes(99) + it[-8:]]
)
def test_a_damaged_plan_is_named(tmp_path: Path, spoil: Callable[[bytes], bytes]) -> None:
    write_plan(["a.png"], Folder(tmp_path))
    file = tmp_path / "plan" / "000000.parquet"
    file.write_bytes(spoil(file.read_bytes()))
    with pytest.raises(BatchError, match=r"000000\.parquet is damaged"):
        Names(Folder(tmp_path)).between(0, 1)


@pytest.mark.parametrize(
    ("pictures", "size", "shards"),
    [(1, 32, 1), (33, 32, 2), (4096, 32, 128), (10_000, 79, 127), (10**6, 1024, 977)],
)
def test_few_pictures_still_occupy_many_cpus(
    tmp_path: Path, pictures: int, size: int, shards: int
) -> None:
    plan = write_plan(map(str, range(pictures)), Folder(tmp_path))
    assert (plan.shard, plan.shards) == (size, shards)
    assert plan.piece(shards - 1).last == pictures


def test_a_plan_is_copied_where_it_is_not(tmp_path: Path) -> None:
    source, target = Folder(tmp_path / "source"), Folder(tmp_path / "target")
    plan = write_plan(map(str, range(70_000)), source)
    target.write("plan/000001.parquet", b"there")
    copy_plan(plan, source, target)
    assert target.read("plan/000000.parquet") == source.read("plan/000000.parquet")
    assert target.read("plan/000001.parquet") == b"there"
