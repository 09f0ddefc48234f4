"""The folder of answers: begun once, worked on by anybody, and finished when all of it is there."""

import json
import re
import tempfile
from collections import defaultdict
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from functools import reduce
from pathlib import Path
from typing import Any, Final

from florist import checks
from florist.batch.pieces import Piece, Pieces
from florist.batch.plan import Plan, copy_plan, write_plan
from florist.batch.shard import Counts, Done, Job, counts_of, joined, part, rows_of
from florist.batch.tar import Picture
from florist.errors import BatchError, printable
from florist.parallel import in_order
from florist.storage import Folder, Storage, storage_at

RUN: Final = "run.json"
SUCCESS: Final = "_SUCCESS.json"

INSTRUCTION_SETS: Final = "instruction_sets"
"""In `run.json`: of the CPU that began it. Others may go on, as the nodes of a cluster differ."""

_PART: Final = re.compile(r"part-(\d{6,})\.parquet")
_OURS: Final = re.compile(rf"{_PART.pattern}|plan/\d{{6,}}\.parquet|{RUN}|{SUCCESS}")
_SECONDS_LEFT_BEHIND: Final = 3600.0


@dataclass(frozen=True, kw_only=True)
class Share:
    """The shards that are done here: every one of `parts`, from the one with number `part` on."""

    part: int = 1
    parts: int = 1


@dataclass(frozen=True, kw_only=True)
class State:
    """How far a share is: so many shards and pictures are done, of so many, by so many nodes."""

    shards: int
    of_shards: int
    of_pictures: int
    counts: Counts
    nodes: int = 0

    def plus(self, shards: int, counts: Counts, nodes: int = 0) -> "State":
        """Return the state once more is done."""
        counts = self.counts.plus(counts)
        return replace(self, shards=self.shards + shards, counts=counts, nodes=nodes)


Execute = Callable[[Job, Pieces], Generator[Done]]
"""Has pieces done, by processes of this machine or of many."""


def begin(
    names: Iterable[Picture], folder: Storage, facts: Mapping[str, Any], shard: int | None
) -> Plan:
    """Write `run.json` and the plan, or see that they are those of the same pictures and facts.

    Where there are no pictures, nothing is written. Raises `BatchError` where the folder holds
    other answers, `OSError` or `StorageError` where it cannot be used.
    """
    # Beside the answers, names of other pictures would replace those that are worked on.
    with tempfile.TemporaryDirectory(prefix="florist-plan-") as spool:
        plan = write_plan(names, Folder(Path(spool)), shard)
        if plan.pictures:
            _claim(folder, {**facts, **asdict(plan)})
            copy_plan(plan, Folder(Path(spool)), folder)
    return plan


def _claim(folder: Storage, facts: Mapping[str, Any]) -> None:
    """Write what is asked for, unless somebody has; see that it is the same."""
    try:
        there = folder.read(RUN)
    except FileNotFoundError:
        strays = _parts(folder)
        if strays:
            raise BatchError(
                f"{printable(folder.where())} holds {part(min(strays))}, but no {RUN} that says "
                "what it was made with. Name another folder with --output."
            ) from None
        if folder.create(RUN, _json(facts)):
            return
        there = folder.read(RUN)
    _require_same(there, json.loads(json.dumps(facts)), printable(folder.where(RUN)))


def _require_same(there: bytes, facts: Mapping[str, Any], file: str) -> None:
    try:
        was = dict(json.loads(there))
    except checks.NOT_AS_EXPECTED as error:
        raise BatchError(
            f"{file} does not say what the answers beside it were made with ({error!r}). Name "
            "another folder with --output."
        ) from error
    other = [
        f"{name} {_shown(was.get(name))}, not {_shown(facts.get(name))}"
        for name in dict.fromkeys([*facts, *was])
        if name != INSTRUCTION_SETS and was.get(name) != facts.get(name)
    ]
    if other:
        raise BatchError(
            f"{file} was begun with {'; '.join(other)}. Give what it was begun with, or name "
            "another folder with --output."
        )


def _shown(value: object) -> str:
    return printable(json.dumps(value, ensure_ascii=False))


def answer(
    plan: Plan, job: Job, share: Share, execute: Execute, told: Callable[[State], None]
) -> Counts:
    """Answer what is not answered yet of a share; return what is there of it then.

    Where all shards are done, `_SUCCESS.json` says so, with the counts of all. Raises `BatchError`
    where a file is none of answers, what `execute` raises, `OSError` and `StorageError`.
    """
    folder = storage_at(job.output)
    folder.sweep(None, _SECONDS_LEFT_BEHIND, lambda name: bool(_OURS.fullmatch(name)))
    ours = range(share.part - 1, plan.shards, share.parts)
    there = _parts(folder)
    todo = [number for number in ours if number not in there]
    if todo:
        folder.remove(SUCCESS)  # whoever removed a part wants it anew
    state = State(
        shards=0,
        counts=Counts(),
        of_shards=len(ours),
        of_pictures=sum(map(len, map(plan.piece, ours))),
    )
    for counts in _counts(plan, folder, (number for number in ours if number in there)):
        state = state.plus(1, counts)
    told(state)
    halved = _Halved(plan, folder)
    with closing(execute(job, Pieces(map(plan.piece, todo)))) as answered:
        for done in answered:
            shards = int(done.piece.whole or halved.add(done))
            state = state.plus(shards, done.counts, done.nodes)
            told(state)
    there = _parts(folder)
    if lost := {*todo} - there:
        raise BatchError(
            f"{printable(folder.where(part(min(lost))))} was written, but is not there: who "
            "answers has to see the same folder. Share it with all nodes, or take a bucket."
        )
    if there.issuperset(range(plan.shards)):
        others = (number for number in range(plan.shards) if number not in ours)
        total = reduce(Counts.plus, _counts(plan, folder, others), state.counts)
        folder.write(SUCCESS, _json({**asdict(total), "shards": plan.shards}))
    return state.counts


def rows(plan: Plan, folder: Storage) -> Iterator[dict[str, Any]]:
    """Yield the answers of a plan that is done, one after the other, in its order."""
    for content in in_order(lambda number: folder.read(part(number)), range(plan.shards)):
        yield from rows_of(content)


def _parts(folder: Storage) -> set[int]:
    """Return the numbers of the shards that are done."""
    found = (_PART.fullmatch(entry.name) for entry in folder.list())
    return {int(each[1]) for each in found if each}


def _counts(plan: Plan, folder: Storage, shards: Iterable[int]) -> Iterator[Counts]:
    """Yield what is in the files of shards, and see that each has a row for each picture."""

    def of(number: int) -> Counts:
        try:
            found = counts_of(folder.read(part(number)))
            if found.pictures == len(plan.piece(number)):
                return found
            what = f"has {found.pictures:,} rows, not {len(plan.piece(number)):,}"
        except checks.NOT_AS_EXPECTED as error:
            what = f"is no file of answers ({error!r})"
        raise BatchError(
            f"{printable(folder.where(part(number)))} {what}. Remove it, and run the same again."
        )

    return in_order(of, shards)


def _json(facts: Mapping[str, Any]) -> bytes:
    return f"{json.dumps(facts, indent=2, ensure_ascii=False)}\n".encode()


class _Halved:
    """The answers of shards that were halved, until all pieces of one are there."""

    def __init__(self, plan: Plan, folder: Storage) -> None:
        self._plan = plan
        self._folder = folder
        self._rows: dict[int, dict[Piece, bytes]] = defaultdict(dict)

    def add(self, done: Done) -> bool:
        """Take the answers of a piece; tell whether the shard's file could be written with them."""
        number = done.piece.shard
        rows = self._rows[number]
        rows[done.piece] = done.rows
        if sum(map(len, rows)) < len(self._plan.piece(number)):
            return False
        content = joined(rows[piece] for piece in sorted(rows, key=lambda piece: piece.first))
        self._folder.write(part(number), content)
        del self._rows[number]
        return True
