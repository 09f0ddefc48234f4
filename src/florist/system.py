"""What florist asks of the operating system: how many CPUs it may use, and files that are whole.

Containers are limited by their cgroup, not by the host. A file that is written whole is there under
its name with all of its content, or not at all, whenever the process dies or the disk fills up.
"""

import math
import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_CGROUP: Final = Path("/sys/fs/cgroup")

PARTIAL: Final = ".partial"
"""The ending of a file that is being written. One that is old was left by a process that died."""


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a path to write to; what was written there stands under `path` after the block.

    Where the block raises, `path` is as it was before. Two processes that replace the same file
    leave what one of them wrote.

    Raises `OSError`.
    """
    partial = path.with_name(f"{path.name}.{secrets.token_hex(4)}{PARTIAL}")
    try:
        yield partial
        sync(partial)
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def write_atomically(path: Path, content: bytes | str) -> None:
    """Write a file as a whole, text as UTF-8.

    Raises `OSError`; `path` is then as it was before.
    """
    with replacing(path) as partial:
        partial.write_bytes(content if isinstance(content, bytes) else content.encode())


def sync(file: Path) -> None:
    """Wait until a file is on the disk, so that no crash leaves an empty one under its name."""
    with file.open("rb+") as opened:  # Windows syncs only what could be written to
        os.fsync(opened.fileno())


def _sync_folder(folder: Path) -> None:
    """Wait until a rename in a folder is on the disk; Windows cannot open one."""
    if os.name != "posix":
        return
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def cpu_limit(cgroup: Path = _CGROUP) -> int:
    """Return the number of CPUs that the scheduler grants, at least 1.

    The smaller of the affinity mask and the cgroup's quota (v2 `cpu.max`, v1 `cpu.cfs_quota_us`).
    """
    quota = _quota(cgroup)
    return max(1, min(_affinity(), math.ceil(quota) if quota else _affinity()))


def _affinity() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1  # noqa: TID251 - macOS and Windows know no affinity mask


def _quota(cgroup: Path) -> float | None:
    """Return the quota in CPUs, or None where there is none."""
    try:
        quota, period = (cgroup / "cpu.max").read_text().split()
        return None if quota == "max" else int(quota) / int(period)
    except (OSError, ValueError):
        pass
    try:
        quota_us = int((cgroup / "cpu" / "cpu.cfs_quota_us").read_text())
        period_us = int((cgroup / "cpu" / "cpu.cfs_period_us").read_text())
    except (OSError, ValueError):
        return None
    return quota_us / period_us if quota_us > 0 else None


@contextmanager
def stderr_silenced() -> Iterator[None]:
    """Throw away what is written to standard error, by libraries below Python, too."""
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        sys.stderr.flush()
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
