"""Starting florist so that a test can send it Ctrl-C."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

# A shell's background job would inherit that Ctrl-C is ignored.
_PROGRAM = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler);"
    "from florist.cli import main; main()"
)


def start(
    *words: object, folder: Path | None = None, environment: Mapping[str, str] | None = None
) -> subprocess.Popen[str]:
    """Start `florist` with a pipe to and from it; lines of its standard error come at once.

    Its lines are not measured: a Ctrl-C that comes while coverage measures is lost there, now and
    then, or leaves a lock of its that is waited for without end.
    """
    measured = {name for name in os.environ if name.startswith("COVERAGE")}
    return subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, *map(str, words)],
        cwd=folder,
        env={name: os.environ[name] for name in os.environ.keys() - measured}
        | dict(environment or {}),
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        bufsize=1,
    )
