"""Nodes of a Ray cluster, raylets of this machine: they come late, die, and are the wrong ones."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from florist import __version__
from florist.batch.run import SUCCESS
from florist.bundle import Bundle
from tests.batch.conftest import (
    assert_killed,
    parts,
    predict,
    predicted,
    rows_of,
    write_killer,
)
from tests.batch.test_local import run

pytestmark = [
    pytest.mark.once,
    pytest.mark.timeout(150),
    pytest.mark.filterwarnings("ignore"),  # Ray's own
    pytest.mark.skipif(sys.platform == "win32", reason="Ray's cluster_utils needs fork"),
]

_STORE = 80 * 2**20


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Give a cluster whose head does nothing; afterwards nothing of it runs."""
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    from ray.cluster_utils import Cluster

    # A socket's path is 107 bytes long at most, and pytest's folders are longer.
    folder = tempfile.mkdtemp(prefix="ray-", dir="/tmp")
    monkeypatch.setenv("TMPDIR", folder)  # where Ray works, and nodes keep the model
    head = {"num_cpus": 0, "object_store_memory": _STORE, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    try:
        yield cluster
    finally:
        cluster.shutdown()
        shutil.rmtree(folder)
        assert list(running(folder)) == []


def running(text: str) -> Iterator[str]:
    """Yield the processes that were started with a text in their command."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if text.encode() in path.read_bytes():
                yield path.parent.name
        except OSError:  # it has just ended
            continue


def add_node(cluster: Any, **options: Any) -> Any:
    return cluster.add_node(num_cpus=1, object_store_memory=_STORE, **options)


def begin(
    bundle: Bundle, photos: Path, output: Path, cluster: Any, shard: int = 1
) -> subprocess.Popen[str]:
    arguments = [photos, "--output", f"{output}/", "--shard", shard, "--ray", cluster.address]
    return run(bundle, *arguments)


def test_a_node_that_joins_late_and_one_that_is_killed(
    bundle: Bundle, photos: Path, tmp_path: Path, cluster: Any
) -> None:
    predict(bundle, photos, "--output", f"{tmp_path / 'local'}/", "--shard", 1)
    process = begin(bundle, photos, tmp_path / "ray", cluster)
    while not (tmp_path / "ray" / "plan").exists():  # nobody is there to do it
        assert process.poll() is None
    nodes = [add_node(cluster) for _ in range(3)]
    while len(parts(tmp_path / "ray")) < 3:
        assert process.poll() is None
    cluster.remove_node(nodes[0], allow_graceful=False)
    _, stderr = process.communicate(timeout=120)
    assert process.returncode == 1, stderr
    assert "Error: 2 of 38 pictures could not be used" in stderr
    assert parts(tmp_path / "ray") == parts(tmp_path / "local")
    for name in ("run.json", SUCCESS):
        assert (tmp_path / "ray" / name).read_bytes() == (tmp_path / "local" / name).read_bytes()
    assert rows_of(tmp_path / "ray") == predicted(bundle, photos)


def test_relative_names_and_the_model_reach_a_node(
    bundle: Bundle, photos: Path, tmp_path: Path, cluster: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_node(cluster)
    monkeypatch.chdir(photos.parent)
    output = os.path.relpath(tmp_path / "ray")
    process = begin(bundle, Path(photos.name), Path(output), cluster, shard=20)
    _, stderr = process.communicate(timeout=120)
    assert process.returncode == 1, stderr
    assert "Predicting: 38, 2 of 2 shards, 2 errors, 1 node" in stderr
    assert rows_of(tmp_path / "ray") == predicted(bundle, photos.name)
    (kept,) = Path(os.environ["TMPDIR"]).glob("florist-models-*/*")
    assert kept.name == bundle.digest
    assert {path.name for path in kept.iterdir()} == {"manifest.json", "model.onnx"}


def test_a_picture_that_kills_its_process_has_a_row(
    bundle: Bundle, tmp_path: Path, cluster: Any
) -> None:
    path = write_killer(tmp_path / "killer", tmp_path / "site")
    add_node(cluster, env_vars={"PYTHONPATH": path})
    process = begin(bundle, tmp_path / "killer", tmp_path / "ray", cluster, shard=3)
    _, stderr = process.communicate(timeout=120)
    assert process.returncode == 1, stderr
    assert "Error: 1 of 3 pictures could not be used" in stderr
    assert_killed(rows_of(tmp_path / "ray"), predicted(bundle, tmp_path / "killer"))


def test_another_florist_on_a_node_is_refused_by_name(
    bundle: Bundle, photos: Path, tmp_path: Path, cluster: Any
) -> None:
    (tmp_path / "old" / "florist").mkdir(parents=True)
    (tmp_path / "old" / "florist" / "__init__.py").write_text('__version__ = "0.0.1"\n')
    add_node(cluster, env_vars={"PYTHONPATH": str(tmp_path / "old")})
    process = begin(bundle, photos, tmp_path / "ray", cluster)
    _, stderr = process.communicate(timeout=120)
    assert process.returncode == 1
    assert f"has florist 0.0.1, and this is florist {__version__}. Install the same" in stderr
    assert not parts(tmp_path / "ray")


def test_no_cluster_is_said(bundle: Bundle, photos: Path, tmp_path: Path) -> None:
    process = run(bundle, photos, "--output", f"{tmp_path}/", "--ray", "127.0.0.1:1")
    _, stderr = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "There is no Ray cluster at 127.0.0.1:1" in stderr
    assert "Traceback" not in stderr
