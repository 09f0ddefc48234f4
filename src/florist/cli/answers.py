"""`florist predict --output FOLDER/`: answers of any number of pictures, a file a shard."""

import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import PIL

from florist import __version__
from florist.cli.console import ConsoleListener, listening, print_error, stderr
from florist.cli.results import Row, write_rows
from florist.engine import Runtime, version_of
from florist.errors import FloristError, printable
from florist.formats import formats
from florist.prediction import Predictor, load
from florist.storage import Storage, is_address, storage_at
from florist.system import cpu_limit

try:
    from florist.batch import cluster, local
    from florist.batch.manifest import names_in
    from florist.batch.plan import Plan
    from florist.batch.run import INSTRUCTION_SETS, Execute, Share, State, answer, begin, rows
    from florist.batch.shard import Job, result_of
    from florist.batch.tar import with_members
except ModuleNotFoundError as error:
    if error.name != "pyarrow":
        raise
    raise FloristError(
        "Answers in a folder are Parquet, which needs pyarrow: pip install 'florist[batch]'"
    ) from error


def write_answers(
    names: Iterable[str],
    problems: list[str],
    output: str,
    model: Path,
    runtime: Runtime,
    how: Mapping[str, Any],
) -> int:
    """Answer what is not answered yet, with all CPUs; return how many pictures have an error.

    What is wrong with a tar is added to `problems`.
    """
    # A process a CPU, each with one thread.
    runtime = replace(runtime, threads=1)
    predictor = load(model, runtime, none=how["none"], max_error=how["max_error"])
    facts = _facts(predictor) | {"top": how["top"], "sets": how["sets"]}
    if how["manifest"]:
        names = chain(names, names_in(how["manifest"]))
    folder = storage_at(output)
    plan = begin(with_members(names, problems), folder, facts, how["shard"])
    if not plan.pictures:
        return 0
    job = _job(predictor, output, how)
    part, parts = how["part"] or (1, 1)
    with listening() as listener:
        told = _Told(listener)
        execute = _executor(how["ray"])
        try:
            counts = answer(plan, job, Share(part=part, parts=parts), execute, told)
        except KeyboardInterrupt:
            stderr().print(f"{told.shards} are done. The same command goes on from there.")
            raise
    if how["form"] == "csv":
        top = min(how["top"], len(predictor.classes))
        write_rows(top, _collected(plan, folder), sys.stdout, with_sets=how["sets"] is not None)
    if counts.errors:
        print_error(
            f"{counts.errors:,} of {counts.pictures:,} pictures could not be used; the column "
            f"`error` in {printable(output)} says why."
        )
    return counts.errors


def _job(predictor: Predictor, output: str, how: Mapping[str, Any]) -> Job:
    # On another machine, nothing is relative to where this was called.
    base = str(Path.cwd()) if how["ray"] else ""
    return Job(
        model=predictor.bundle.path,
        digest=predictor.bundle.digest,
        runtime=predictor.engine.runtime,
        top=how["top"],
        none=how["none"],
        max_error=how["max_error"],
        sets=how["sets"],
        output=output if is_address(output) else os.path.join(base, output),  # noqa: PTH118
        base=base,
    )


def _collected(plan: Plan, folder: Storage) -> Iterator[Row]:
    """Yield the answers of all shards, in the order of the plan."""
    for row in rows(plan, folder):
        yield row["file"], result_of(row), row["set"] or ()


def _executor(ray: str | None) -> Execute:
    """Return what answers: the processes of this machine, or the nodes of a cluster."""
    if ray is None:
        return partial(local.answered, processes=cpu_limit())
    if find_spec("ray") is None:
        raise FloristError("--ray needs Ray: pip install 'florist[batch,ray]'")
    return partial(cluster.answered, address=ray)


def _facts(predictor: Predictor) -> dict[str, Any]:
    """Return what the answers depend on, beside the pictures and what was asked."""
    runtime, limits = predictor.engine.runtime, predictor.limits
    return {
        "florist": __version__,
        "model": predictor.bundle.digest,
        "engine": runtime.engine,
        "engine_version": version_of(runtime),
        "pillow": PIL.__version__,
        "numpy": np.__version__,
        INSTRUCTION_SETS: _instruction_sets(),
        "precision": runtime.precision,
        "none": predictor.judge.none,
        "max_error": predictor.judge.max_error,
        "max_bytes": limits.max_bytes,
        "max_pixels": limits.max_pixels,
        "formats": [name for name in formats() if name in limits.formats],
    }


def _instruction_sets() -> list[str]:
    """Return what this CPU can do beyond what all of its kind can, in NumPy's words."""
    known = np.show_config(mode="dicts")
    return list(known["SIMD Extensions"]["found"]) if known else []


class _Told:
    """Shows how far it is."""

    def __init__(self, listener: ConsoleListener) -> None:
        self._listener = listener
        self.shards = "No shards"

    def __call__(self, state: State) -> None:
        errors = state.counts.errors
        self.shards = f"{state.shards:,} of {state.of_shards:,} shards"
        nodes = f", {_number(state.nodes, 'node')}" if state.nodes else ""
        self._listener.detail = f", {self.shards}, {_number(errors, 'error')}{nodes}"
        self._listener.progress("Predicting", state.counts.pictures, state.of_pictures)


def _number(count: int, what: str) -> str:
    return f"{count:,} {what}{'s' * (count != 1)}"
