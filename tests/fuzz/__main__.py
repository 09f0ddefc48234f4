"""Look for bytes that florist has no answer to: `python -m tests.fuzz` (or `make fuzz`).

Each target gets `--seconds`, in a process of its own, beginning with what earlier runs found worth
keeping. With a TARGET it is that one alone; with a FILE, as one that was found, it is replayed.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from tests.fuzz.targets import TARGETS

HOME: Final = Path(".fuzz")
"""What was found, in a folder for each target; not in git."""

_FOUND: Final = ("crash-*", "timeout-*", "oom-*")
_SHOWN_EVERY_S: Final = 60


def main() -> int:
    """Fuzz, or replay; return how many targets found something."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("target", nargs="?", choices=TARGETS)
    parser.add_argument("file", nargs="?", type=Path)
    parser.add_argument("--seconds", type=int, default=20)
    chosen = parser.parse_args()
    if chosen.file:
        TARGETS[chosen.target].check(chosen.file.read_bytes())
        print(f"{chosen.target} answered {chosen.file}.")
        return 0
    names = [chosen.target] if chosen.target else TARGETS
    return sum(not fuzz(name, chosen.seconds) for name in names)


def fuzz(name: str, seconds: int) -> bool:
    """Fuzz a target, and say what was found and how to replay it; return whether all went well."""
    home = HOME / name
    home.mkdir(parents=True, exist_ok=True)
    before = _found(home)
    log = home / "log"
    with log.open("wb") as output, tempfile.TemporaryDirectory() as scratch:
        environment = {**os.environ, "TMPDIR": scratch}  # libFuzzer ends before anything is tidied
        command = [sys.executable, "-m", "tests.fuzz.fuzzer", name, str(home), str(seconds)]
        fuzzer = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=environment)
        while fuzzer.poll() is None:
            try:
                fuzzer.wait(_SHOWN_EVERY_S)
            except subprocess.TimeoutExpired:
                print(f"{name}: {_status(log)}", flush=True)
    print(f"{name}: {_status(log)}", flush=True)
    if fuzzer.returncode == 0:
        return True
    print(log.read_text("utf-8", "replace")[-4000:])
    for path in _found(home) - before:
        print(f"{name}: found {path}. Replay it: {sys.executable} -m tests.fuzz {name} {path}")
        print("When it is mended, keep it in tests/fuzz/test_kept.py, as the base64 above.")
    return False


def _found(home: Path) -> set[Path]:
    return {path for pattern in _FOUND for path in home.glob(pattern)}


def _status(log: Path) -> str:
    """Return the last line in which the fuzzer says how far it is."""
    lines = log.read_text("utf-8", "replace").splitlines()
    return next(
        (line for line in reversed(lines) if line.startswith(("#", "Done"))), "no input yet"
    )


if __name__ == "__main__":
    sys.exit(main())
