"""The nodes of a Ray cluster: tasks without state, one a piece. The only file that imports Ray.

A node needs florist, of the version that asks, and sees the pictures and the folder of answers. The
model comes to it through Ray, once, and is kept by its digest.
"""

import os
import pickle
import secrets
import shutil
import socket
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, cast

from florist import __version__
from florist.batch.pieces import Piece, Pieces
from florist.batch.shard import Done, Job, Worker
from florist.bundle import MANIFEST, TRUST, Precision, read_bundle
from florist.errors import BatchError, printable

_SECONDS_TO_ANSWER: Final = 10.0

_AHEAD: Final = 2
"""So many tasks a CPU are given out: the next one waits where the one before ends."""

_SECONDS_BETWEEN_LOOKS: Final = 1.0
"""At how many CPUs there are: nodes come and go."""


def answered(job: Job, pieces: Pieces, address: str) -> Generator[Done]:
    """Yield what is done, until nothing is left; what is under way when it ends is cancelled.

    Raises what a node raised, and `BatchError` where there is no cluster, or a node has another
    florist.
    """
    # Set before Ray is imported: it would report each use of itself to its makers.
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    import ray

    if not pieces:
        return
    try:
        _knock(address)
        ray.init(address=address, log_to_driver=False, logging_level="ERROR")
    except (OSError, ValueError, RuntimeError) as error:
        raise BatchError(
            f"There is no Ray cluster at {printable(address)} ({error}). Start one with `ray start "
            "--head`, or name its head: --ray ray://HOST:10001."
        ) from error
    try:
        yield from _answered(ray, job, pieces)
    finally:
        ray.shutdown()


def _knock(address: str) -> None:
    """Raise `OSError` where nobody answers: Ray itself would wait for minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdecimal():
        socket.create_connection((host, int(port)), _SECONDS_TO_ANSWER).close()


def _answered(ray: Any, job: Job, pieces: Pieces) -> Generator[Done]:
    bundle = read_bundle(job.model)
    network = bundle.network(cast(Precision, job.runtime.precision)).name
    needed = [MANIFEST, network, *({TRUST} & {*bundle.manifest.files})]
    model = ray.put({name: bundle.read(name) for name in needed})
    # A task that dies is given out again here, where somebody counts.
    do = ray.remote(num_cpus=1, max_retries=0)(_task())

    def ask(piece: Piece) -> Any:
        # In a list, Ray leaves the model where it is until somebody needs it.
        return do.remote(__version__, pickle.dumps((job, piece)), [model])

    with closing(given_out(ray, pieces, ask)) as given:
        for said, nodes in given:
            yield replace(_checked(said), nodes=nodes)


def given_out(ray: Any, pieces: Pieces, ask: Callable[[Piece], Any]) -> Generator[tuple[Any, int]]:
    """Yield what tasks say that do pieces, until none are left, and how many nodes there are.

    A task is what `ask` has a connected cluster begin. Raises what a task raised.
    """
    died = (
        ray.exceptions.WorkerCrashedError,
        ray.exceptions.NodeDiedError,
        ray.exceptions.LocalRayletDiedError,
        ray.exceptions.OutOfMemoryError,
    )
    asked: dict[Any, Piece] = {}
    cpus: list[int] = []
    looked = float("-inf")
    try:
        while pieces:
            if time.monotonic() - looked > _SECONDS_BETWEEN_LOOKS:
                looked = time.monotonic()
                cpus = _cpus(ray)
            room = _AHEAD * max(1, sum(cpus))
            while len(asked) < room and (piece := pieces.take()):
                asked[ask(piece)] = piece
            ready, _ = ray.wait([*asked], timeout=_SECONDS_BETWEEN_LOOKS)
            for each in ready:
                piece = asked.pop(each)
                try:
                    yield ray.get(each), len(cpus)
                except died:
                    pieces.died(piece)
                    continue
                except ray.exceptions.RayTaskError as error:
                    raise error.cause from error
                pieces.done()
    finally:
        for each in asked:
            ray.cancel(each, force=True)


def _cpus(ray: Any) -> list[int]:
    """Return the number of CPUs of each node that has some."""
    alive = (node["Resources"] for node in ray.nodes() if node["Alive"])
    return [int(each["CPU"]) for each in alive if each.get("CPU")]


def _checked(said: "Done | str") -> Done:
    if isinstance(said, str):
        raise BatchError(
            f"{said}, and this is florist {__version__}. Install the same on all nodes."
        )
    return said


def _task() -> Any:
    """Return what a node does.

    A function inside of another one travels as code, not by its name: it can say which florist it
    found, whatever that is.
    """

    def do(version: str, work: bytes, model: list[Any]) -> Any:
        import socket

        try:
            import florist
        except ImportError:
            return f"Node {socket.gethostname()} has no florist"
        if florist.__version__ != version:
            return f"Node {socket.gethostname()} has florist {florist.__version__}"
        from florist.batch.cluster import perform

        return perform(work, model)

    return do


def perform(work: bytes, model: list[Any]) -> Done:
    """Answer a piece, on a node."""
    job, piece = pickle.loads(work)  # noqa: S301 - a cluster runs what its driver sends
    return _worker(job, model[0]).do(piece)


_WORKERS: Final[dict[Job, Worker]] = {}
"""The one of this process, which loads a model once."""


def _worker(job: Job, model: Any) -> Worker:
    if job not in _WORKERS:
        _WORKERS.clear()
        _WORKERS[job] = Worker(replace(job, model=_kept(job.digest, model)))
    return _WORKERS[job]


def _kept(digest: str, model: Any) -> Path:
    """Return the folder in which a node keeps the model, which is verified when it is read."""
    import ray

    models = Path(tempfile.gettempdir(), f"florist-models-{os.getuid()}")
    models.mkdir(mode=0o700, exist_ok=True)
    folder = models / digest
    if not folder.exists():
        partial = models / f"{digest}.{secrets.token_hex(4)}"
        partial.mkdir()
        for name, content in ray.get(model).items():
            (partial / name).write_bytes(content)
        try:
            partial.rename(folder)
        except OSError:  # another process was first
            shutil.rmtree(partial)
    return folder
