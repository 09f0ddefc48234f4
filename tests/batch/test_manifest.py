"""Lists of pictures, made by anybody."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from florist.batch.manifest import names_in
from florist.errors import BatchError

NAMES = ["b.jpg", "a,1.jpg", 'quoted "c".jpg', "ä/\n.jpg", "s3://bucket/d.jpg", "b.jpg"]


def test_csv_and_parquet_say_the_same(tmp_path: Path) -> None:
    quoted = ['"' + name.replace('"', '""') + '"' for name in NAMES]
    lines = ["label,file", *(f"rose,{name}" for name in quoted)]
    (tmp_path / "list.csv").write_text("\ufeff" + "\r\n".join(lines), encoding="utf-8")
    for kind in (pa.string(), pa.large_string()):
        table = pa.table({"label": ["rose"] * 6, "file": pa.array(NAMES, kind)})
        pq.write_table(table, tmp_path / "list.parquet", row_group_size=4)
        assert [*names_in(str(tmp_path / "list.parquet"))] == NAMES
    assert [*names_in(str(tmp_path / "list.csv"))] == NAMES


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "its first line is ''"),
        (b"a.jpg\nb.jpg\n", "its first line is 'a.jpg'"),
        (b"file,label\na.jpg,x\n,y\n", "row 2 has no name"),
        (b"label,file\nx\n", "row 1 has no name"),
        (b"file\n\xff.jpg\n", "utf-8"),
        (b"file\n" + b"x" * 200_000, "field larger than"),
    ],
)
def test_a_csv_that_is_none_is_named(tmp_path: Path, content: bytes, says: str) -> None:
    (tmp_path / "list.csv").write_bytes(content)
    with pytest.raises(BatchError, match=says) as raised:
        [*names_in(str(tmp_path / "list.csv"))]
    assert "list.csv is no list of pictures" in str(raised.value)


def test_a_parquet_file_that_is_none_is_named(tmp_path: Path) -> None:
    file = tmp_path / "list.parquet"
    pq.write_table(pa.table({"file": NAMES}), file)
    whole = file.read_bytes()
    pq.write_table(pa.table({"file": ["a.jpg", None]}), tmp_path / "null.parquet")
    pq.write_table(pa.table({"file": [1, 2]}), tmp_path / "numbers.parquet")
    pq.write_table(pa.table({"name": NAMES}), tmp_path / "name.parquet")
    for content, says in [
        (b"", "is no list"),
        (whole[:-9], "is no list"),
        (bytes(99) + whole[-8:], "is no list"),
        (bytes(60) + whole[60:], "is no list"),
        ((tmp_path / "null.parquet").read_bytes(), "row 2 has no name"),
        ((tmp_path / "numbers.parquet").read_bytes(), "holds int64, not text"),
        ((tmp_path / "name.parquet").read_bytes(), "is no list"),
    ]:
        file.write_bytes(content)
        with pytest.raises(BatchError, match=says):
            [*names_in(str(file))]


def test_a_list_that_is_not_there(tmp_path: Path) -> None:
    for name in ("gone.csv", "gone.parquet"):
        with pytest.raises(FileNotFoundError):
            [*names_in(str(tmp_path / name))]
