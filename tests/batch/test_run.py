"""The folder of answers: what it holds, who may go on in it, and when it is done."""

import json
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from florist.batch.pieces import Piece, Pieces
from florist.batch.run import RUN, SUCCESS, Share, begin
from florist.batch.shard import Counts, Done, Job, Worker
from florist.bundle import Bundle
from florist.errors import BatchError
from florist.storage import Folder
from tests.batch.conftest import answer_here, here, names_in, parts, predicted, rows_of

PICTURES = Counts(pictures=38, errors=2)


def test_the_answers_are_those_of_predict(trusted: Bundle, photos: Path, tmp_path: Path) -> None:
    names = [*names_in(photos), "gone.png"]
    assert answer_here(trusted, names, tmp_path) == Counts(pictures=39, errors=3)
    rows = rows_of(tmp_path)
    assert rows == predicted(trusted, *names)
    assert {row["familiarity"] is None for row in rows if not row["error"]} == {False}
    success = json.loads((tmp_path / SUCCESS).read_bytes())
    assert success == {"pictures": 39, "errors": 3, "shards": 8}


def test_any_shard_size_gives_the_same_rows(bundle: Bundle, photos: Path, tmp_path: Path) -> None:
    names = names_in(photos)
    for size in (1, 7, 38, 1000):
        answer_here(bundle, names, tmp_path / str(size), shard=size)
        assert rows_of(tmp_path / str(size)) == predicted(bundle, *names)
        assert len(parts(tmp_path / str(size))) == -(-38 // size)


def test_what_is_there_is_not_done_again(bundle: Bundle, photos: Path, tmp_path: Path) -> None:
    names = names_in(photos)
    answer_here(bundle, names, tmp_path)
    before = parts(tmp_path)
    marked = pq.read_table(tmp_path / "part-000002.parquet")
    marked = marked.set_column(0, "file", [["kept"] * len(marked)])
    pq.write_table(marked, tmp_path / "part-000002.parquet")
    (tmp_path / "part-000001.parquet").unlink()
    assert answer_here(bundle, names, tmp_path) == PICTURES
    after = parts(tmp_path)
    assert [name for name in before if before[name] != after[name]] == ["part-000002.parquet"]
    assert (tmp_path / SUCCESS).is_file()


def test_an_interrupted_run_is_no_success(bundle: Bundle, photos: Path, tmp_path: Path) -> None:
    def interrupted(job: Job, pieces: Pieces) -> Generator[Done]:
        for number, done in enumerate(here(job, pieces)):
            if number == 3:
                raise KeyboardInterrupt
            yield done

    answer_here(bundle, names_in(photos), tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        answer_here(bundle, names_in(photos), tmp_path / "cut", execute=interrupted)
    assert not (tmp_path / "cut" / SUCCESS).exists()
    answer_here(bundle, names_in(photos), tmp_path / "cut")
    assert parts(tmp_path / "cut") == parts(tmp_path / "whole")


def test_parts_of_the_work_make_the_whole(bundle: Bundle, photos: Path, tmp_path: Path) -> None:
    names = names_in(photos)
    answer_here(bundle, names, tmp_path / "one")
    found = []
    for part in (3, 1, 2):
        assert not (tmp_path / "three" / SUCCESS).exists()
        share = Share(part=part, parts=3)
        found.append(answer_here(bundle, names, tmp_path / "three", share=share))
    assert [each.pictures for each in found] == [10, 15, 13]
    for file in (SUCCESS, RUN):
        assert (tmp_path / "three" / file).read_bytes() == (tmp_path / "one" / file).read_bytes()
    assert parts(tmp_path / "three") == parts(tmp_path / "one")


def test_halves_are_joined_to_the_bytes_of_the_whole(
    bundle: Bundle, photos: Path, tmp_path: Path
) -> None:
    """The pieces of a shard come in any order, with those of others between them."""

    def halving(job: Job, pieces: Pieces) -> Generator[Done]:
        worker = Worker(job)
        for _ in range(3):  # the first shard has died of something
            piece = pieces.take()
            assert piece
            pieces.died(piece)
        halves = [pieces.take(), pieces.take()]
        yield from here(job, pieces)
        for half in reversed(halves):
            assert half
            yield worker.do(half)

    answer_here(bundle, names_in(photos), tmp_path / "whole", shard=13)
    found = answer_here(bundle, names_in(photos), tmp_path / "halves", shard=13, execute=halving)
    assert found == PICTURES
    assert parts(tmp_path / "halves") == parts(tmp_path / "whole")
    assert (tmp_path / "halves" / SUCCESS).is_file()


def test_a_lost_picture_has_a_row_that_says_so(
    bundle: Bundle, photos: Path, tmp_path: Path
) -> None:
    def losing(job: Job, pieces: Pieces) -> Generator[Done]:
        worker = Worker(job)
        while piece := pieces.take():
            pieces.done()
            yield worker.do(Piece(shard=piece.shard, first=piece.first, last=piece.last, lost=True))

    names = names_in(photos)[:2]
    assert answer_here(bundle, names, tmp_path, shard=1, execute=losing).errors == 2
    assert [row["file"] for row in rows_of(tmp_path)] == names
    assert {row["error_code"] for row in rows_of(tmp_path)} == {"decoder-failed"}


@pytest.mark.parametrize(
    ("facts", "shard", "says"),
    [
        ({"model": "other"}, 5, 'model "abc", not "other"'),
        ({"model": "abc", "top": 1}, 5, "top null, not 1"),
        ({"model": "abc"}, 6, "shard 5, not 6"),
    ],
)
def test_other_options_are_refused_by_name(
    tmp_path: Path, facts: dict[str, object], shard: int, says: str
) -> None:
    begin(["a.png"], Folder(tmp_path), {"model": "abc"}, 5)
    with pytest.raises(BatchError, match=says):
        begin(["a.png"], Folder(tmp_path), facts, shard)
    with pytest.raises(BatchError, match="pictures 1, not 2; names"):
        begin(["a.png", "b.png"], Folder(tmp_path), {"model": "abc"}, 5)
    assert begin(["a.png"], Folder(tmp_path), {"model": "abc"}, 5).pictures == 1


def test_no_pictures_write_nothing(tmp_path: Path) -> None:
    assert begin([], Folder(tmp_path / "answers"), {}, None).pictures == 0
    assert not (tmp_path / "answers").exists()


@pytest.mark.parametrize("content", [b"", b"[1]", b"{", b"[" * 10_000, b"\xff"])
def test_a_run_file_that_is_none_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / RUN).write_bytes(content)
    with pytest.raises(BatchError, match=r"run\.json does not say"):
        begin(["a.png"], Folder(tmp_path), {}, None)


def test_answers_of_nobody_knows_what_are_refused(tmp_path: Path) -> None:
    (tmp_path / "part-000003.parquet").write_bytes(b"")
    with pytest.raises(BatchError, match=r"holds part-000003\.parquet, but no run\.json"):
        begin(["a.png"], Folder(tmp_path), {}, None)


def test_a_part_that_is_none_is_named(bundle: Bundle, photos: Path, tmp_path: Path) -> None:
    answer_here(bundle, names_in(photos), tmp_path)
    part = tmp_path / "part-000001.parquet"
    for content, says in [
        (b"", "no file of answers"),
        (part.read_bytes()[:-100], "no file of answers"),
        (bytes(52) + part.read_bytes()[-8:], "no file of answers"),
        ((tmp_path / "plan" / "000000.parquet").read_bytes(), "no file of answers"),
        ((tmp_path / "part-000007.parquet").read_bytes(), "has 3 rows, not 5"),
    ]:
        part.write_bytes(content)
        with pytest.raises(BatchError, match=says):
            answer_here(bundle, names_in(photos), tmp_path)
    part.unlink()
    assert answer_here(bundle, names_in(photos), tmp_path) == PICTURES


def test_a_model_that_was_replaced_is_refused(
    bundle: Bundle, trusted: Bundle, photos: Path, tmp_path: Path
) -> None:
    def replaced(job: Job, pieces: Pieces) -> Generator[Done]:
        return here(replace(job, model=trusted.path), pieces)

    with pytest.raises(BatchError, match="was replaced meanwhile"):
        answer_here(bundle, names_in(photos), tmp_path, execute=replaced)
