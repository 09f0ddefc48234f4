"""A small folder of pictures, some of them bad, and a job that answers it in this process."""

import json
import os
import sys
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from PIL import Image

from florist.batch.pieces import Pieces
from florist.batch.run import Share, answer, begin
from florist.batch.shard import Counts, Done, Job, Worker
from florist.bundle import Bundle
from florist.cli import cli
from florist.engine import Runtime
from florist.storage import Folder
from tests.conftest import write_colours

Rows = list[dict[str, Any]]

# What kills a process that decodes a picture of this size, as a decoder's crash would.
_KILLING_SIZE = (33, 47)
_KILLER = f"""
import os, signal
from PIL import Image
kept = Image.open
def killing(*arguments, **options):
    picture = kept(*arguments, **options)
    if picture.size == {_KILLING_SIZE}:
        os.kill(os.getpid(), signal.SIGKILL)
    return picture
Image.open = killing
"""


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = write_colours(tmp_path_factory.mktemp("batch") / "photos", per_class=12)
    (root / "green" / "cut.jpg").write_bytes(b"\xff\xd8\xff")
    (root / "red" / "empty.png").write_bytes(b"")
    return root


def names_in(photos: Path) -> list[str]:
    return sorted(map(str, photos.rglob("*.*")))


def job_for(bundle: Bundle, output: Path) -> Job:
    return Job(
        model=bundle.path,
        digest=bundle.digest,
        runtime=Runtime(threads=1, precision="float32"),
        top=3,
        none=None,
        max_error=None,
        sets=None,
        output=str(output),
    )


def here(job: Job, pieces: Pieces) -> Generator[Done]:
    """Do all pieces in this process."""
    worker = Worker(job)
    while piece := pieces.take():
        done = worker.do(piece)
        pieces.done()
        yield done


def answer_here(
    bundle: Bundle,
    names: list[str],
    output: Path,
    shard: int = 5,
    share: Share = Share(),  # noqa: B008 - frozen
    execute: Callable[[Job, Pieces], Generator[Done]] = here,
) -> Counts:
    plan = begin(names, Folder(output), {"model": bundle.digest}, shard)
    return answer(plan, job_for(bundle, output), share, execute, lambda _: None)


def parts(output: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(output.glob("part-*.parquet"))}


def rows_of(output: Path) -> Rows:
    tables = [pq.read_table(path) for path in sorted(output.glob("part-*.parquet"))]
    rows: Rows = pa.concat_tables(tables).to_pylist()
    return rows


def predict(bundle: Bundle, *arguments: object) -> Any:
    words = ["predict", "--model", str(bundle.path), *map(str, arguments)]
    return CliRunner(catch_exceptions=False).invoke(cli, words)


def predicted(bundle: Bundle, *arguments: object) -> Rows:
    """Return what `florist predict --json` says, in the columns of a file of answers."""
    answers = json.loads(predict(bundle, *arguments, "--json").stdout)["predictions"]
    return [
        {
            "file": each["filename"],
            "error": each.get("error", {}).get("detail"),
            "error_code": each.get("error", {}).get("code"),
            "width": each.get("width"),
            "height": each.get("height"),
            "labels": [one["label"] for one in each["predictions"]] if "width" in each else None,
            "scores": [one["score"] for one in each["predictions"]] if "width" in each else None,
            "verdict": each.get("verdict"),
            "familiarity": each.get("familiarity"),
            "set": each.get("set"),
        }
        for each in answers
    ]


def write_killer(folder: Path, site: Path) -> str:
    """Write three pictures; return the PYTHONPATH with which the second one kills its process."""
    site.mkdir()
    (site / "sitecustomize.py").write_text(_KILLER)
    folder.mkdir()
    Image.new("RGB", _KILLING_SIZE).save(folder / "b.png")
    for name in ("a.png", "c.png"):
        Image.new("RGB", (20, 20), (210, 50, 40)).save(folder / name)
    return os.pathsep.join([str(site), *filter(None, sys.path)])


def assert_killed(rows: Rows, expected: Rows) -> None:
    """See that only the row of the killer differs, and says so."""
    (killed,) = [row for row, other in zip(rows, expected, strict=True) if row != other]
    assert Path(killed["file"]).name == "b.png"
    assert killed["error_code"] == "decoder-failed"
    assert "the process that read it died" in killed["error"]
