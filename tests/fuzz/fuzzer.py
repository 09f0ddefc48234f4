"""Fuzz one target, with Atheris: `python -m tests.fuzz.fuzzer NAME HOME SECONDS`.

It ends with 0 after so many seconds, or earlier where it found something, which is then in HOME.
"""

import hashlib
import logging
import sys
from pathlib import Path
from typing import Final

import atheris

# The fuzzer follows which lines are reached of what is imported here for the first time.
with atheris.instrument_imports(include=["florist", "PIL", "werkzeug"]):
    from tests.fuzz.mutations import mutate
    from tests.fuzz.targets import TARGETS

HANGS_S: Final = 120
"""By the clock, which goes on while the machine is busy with something else."""


def main(name: str, home: Path, seconds: int) -> None:
    """Fuzz; the process ends in here."""
    logging.disable(logging.WARNING)  # thousands of refusals; what is an error is shown
    target = TARGETS[name]
    corpus = home / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for seed in target.seeds():
        target.check(seed)  # also loads what the first input would have to wait for
        (corpus / hashlib.sha1(seed).hexdigest()).write_bytes(seed)

    def mutant(content: bytes, most: int, seed: int) -> bytes:
        return mutate(content, lambda each: atheris.Mutate(each, most), seed)[:most]

    arguments = [
        f"-max_total_time={seconds}",
        f"-timeout={HANGS_S}",
        f"-report_slow_units={HANGS_S}",
        "-rss_limit_mb=2048",
        "-max_len=65536",
        f"-artifact_prefix={home}/",
        str(corpus),
    ]
    atheris.Setup([name, *arguments], target.check, custom_mutator=mutant)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
