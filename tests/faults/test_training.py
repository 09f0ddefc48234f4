"""A training ends with the same bytes, whatever failed on the way and wherever it was killed."""

import json
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Final

import pytest

from florist.bundle import CARD, KERAS_MODEL, MANIFEST, read_bundle
from tests.conftest import write_colours
from tests.faults.faults import ERRORS, Tally, unsynced
from tests.faults.seccomp import Call
from tests.faults.watched import Run, Watched

# Some hundred trainings, each of a second.
pytestmark = pytest.mark.timeout(1800)

GO_ON = "tests.faults.training:go_on"
RANDOM: Final = re.compile(r"(?<=\.)[0-9a-z_]{8}(?=\.partial)|(?<=/tmp)[0-9a-z_]{8}")
DATED: Final = {MANIFEST, CARD, KERAS_MODEL}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a data set in it."""
    path = tmp_path_factory.mktemp("training")
    write_colours(path / "colours", per_class=14)
    return path


@pytest.fixture(scope="module")
def trainer() -> Iterator[Watched]:
    process = Watched("tests.faults.training", forked=False)
    yield process
    process.close()


@pytest.fixture(scope="module")
def undisturbed(place: Path, trainer: Watched) -> dict[str, str]:
    folder = place / "undisturbed"
    folder.mkdir()
    assert trainer.run(GO_ON, folder).error is None
    return outcome(folder)


def outcome(folder: Path) -> dict[str, str]:
    """Return what a training has ended with, but for the time at which it was."""
    bundle = read_bundle(folder / "output")
    files = {name: digest for name, digest in bundle.manifest.files.items() if name not in DATED}
    for name in bundle.manifest.files:
        bundle.read(name)
    return files | {"trained": str(bundle.manifest.trained)}


def end_of(folder: Path) -> dict[str, str]:
    """Return the outcome where nothing else is left."""
    assert {path.name for path in folder.iterdir()} == {"output"}
    return outcome(folder)


def is_done(run: Run) -> bool:
    """Return whether a training has ended, now or, with nothing left to be resumed, before."""
    return run.error is None or "already holds a model" in run.error


def name_of(path: str | Path, folder: Path) -> str:
    """Return a path in the folder, without what is random in it."""
    return RANDOM.sub("*", str(Path(path).relative_to(folder)))


def is_dropped(name: str) -> bool:
    """Return whether a path is in a folder that the next start drops as a whole."""
    return ".partial/" in name or "/exported/" in name


def state_of(folder: Path) -> str:
    """Describe what a training would find.

    Of a file that has no name yet it is only said whether there is something in it, and nothing of
    what is in a folder that has none: what is there of them when their writer is killed is dropped.
    """
    found: list[list[str | bool]] = []
    for path in sorted(folder.rglob("*")):
        name = name_of(path, folder)
        if is_dropped(name):
            continue
        if path.is_dir():
            found.append([name])
        elif ".partial" in name or path.name == "lock":
            found.append([name, path.stat().st_size > 0])
        else:
            found.append([name, sha256(path.read_bytes()).hexdigest()])
    return json.dumps(found)


def test_killed_at_any_call_it_ends_the_same(
    place: Path, trainer: Watched, undisturbed: dict[str, str], tally: Tally
) -> None:
    """What stands in a folder when a call is about to be made is what a kill there leaves."""
    folder, states = place / "killed", dict[str, Path]()
    folder.mkdir()

    def look(number: int, _: Call) -> None:
        state = state_of(folder)
        if state not in states:
            states[state] = Path(shutil.copytree(folder, place / f"killed-{number}"))

    calls = trainer.run(GO_ON, folder, look).calls
    assert len(calls) > 300
    assert not unsynced(calls)
    tally.points += len(calls)
    tally.faults += len(calls)
    lost = []
    for left in states.values():
        ended = trainer.run(GO_ON, left)
        try:
            assert is_done(ended), ended.error
            assert end_of(left) == undisturbed
        except Exception as error:
            lost.append(f"killed at call {left.name}: {ended.error}: {error!r}")
        shutil.rmtree(left)
    assert not lost, "\n".join(lost)


class EachOnce:
    """Fails each call once, in as many runs as that takes.

    Of many writes to a file it is those whose numbers are powers of two; and none in folders that
    the next start drops as a whole, as what is in a model's is met by `test_models`.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.met: dict[tuple[str, str, int], int] = {}
        self.begin()

    def begin(self) -> None:
        self.failed: str | None = None
        self._before: Counter[tuple[str, str]] = Counter()

    def decide(self, _: int, call: Call) -> int | None:
        name = name_of(call.paths[-1], self._folder)
        count = self._before[call.name, name]
        self._before[call.name, name] += 1
        key = (call.name, name, count)
        if self.failed or key in self.met or count & (count - 1) or is_dropped(name):
            return None
        errors = ERRORS[call.name]
        self.met[key] = errors[len(self.met) % len(errors)]
        self.failed = f"{call.name} {name}, no. {count}"
        return self.met[key]


def test_whatever_fails_on_the_way_it_ends_the_same(
    place: Path, trainer: Watched, undisturbed: dict[str, str], tally: Tally
) -> None:
    """Each run goes on from what the failure before has left."""
    folder = place / "failed"
    folder.mkdir()
    faults, lost, failed = EachOnce(folder), [], True
    while failed:
        faults.begin()
        run = trainer.run(GO_ON, folder, faults.decide)
        failed = faults.failed is not None
        try:
            if is_done(run):
                trainer.run(GO_ON, folder)  # the fault may have been in the tidying up
                assert end_of(folder) == undisturbed
            else:
                assert failed, run.error
                assert not (folder / "output").exists() or outcome(folder)
        except Exception as error:
            lost.append(f"{faults.failed}: {run.error}: {error!r}")
        if is_done(run):
            shutil.rmtree(folder)
            folder.mkdir()
    tally.points += len(faults.met)
    tally.faults += len(faults.met)
    assert len(faults.met) > 100
    assert not lost, "\n".join(lost)
