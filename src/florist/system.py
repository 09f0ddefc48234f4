"""What florist asks of the operating system: its share of CPUs and memory, whole files, locks.

Containers are limited by their cgroup, not by the host. A file that is written whole is there under
its name with all of its content, or not at all, whenever the process dies or the disk fills up.
"""

import math
import os
import re
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl
    import resource

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
    partial = _partial(path)
    try:
        yield partial
        sync(partial)
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def write_atomically(path: Path, content: bytes | str) -> None:
    """Write a file as a whole, text as UTF-8.

    Raises `OSError`; `path` is then as it was before.
    """
    with replacing(path) as partial:
        partial.write_bytes(content if isinstance(content, bytes) else content.encode())


def create_atomically(path: Path, content: bytes) -> bool:
    """Write a file as a whole, unless it is there; tell whether this call made it.

    Raises `OSError`; there is then no file of this call's.
    """
    partial = _partial(path)
    try:
        partial.write_bytes(content)
        sync(partial)
        try:
            path.hardlink_to(partial)  # which, unlike a renaming, replaces nothing
        except FileExistsError:
            return False
        except OSError:  # a file system without links: of two at once, both think they were first
            if path.exists():
                return False
            partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    sync_folder(path.parent)
    return True


def _partial(path: Path) -> Path:
    return path.with_name(f"{path.name}.{secrets.token_hex(4)}{PARTIAL}")


def sync(file: Path) -> None:
    """Wait until a file is on the disk, so that no crash leaves an empty one under its name."""
    with file.open("rb+") as opened:  # Windows syncs only what could be written to
        os.fsync(opened.fileno())


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk; Windows cannot open one."""
    if os.name != "posix":
        return
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


class LockedError(OSError):
    """A lock is held by another process; the text is the note that this one left."""


@contextmanager
def locked(path: Path, note: str) -> Iterator[None]:
    """Hold a lock that the operating system takes back when the process dies, however it dies.

    The file, in a folder that is made where there is none, holds `note` meanwhile and is removed
    afterwards. One that a killed process has left locks nothing.

    Raises `LockedError` where another process, or another thread of this one, holds it, and
    `OSError` where no file can be written.
    """
    opened = _lock(path)
    try:
        os.ftruncate(opened, 0)
        os.write(opened, note.encode())
        yield
    finally:
        if sys.platform == "win32":  # which removes no file that somebody has open
            os.close(opened)
            with suppress(OSError):
                path.unlink()
        else:  # unlinked after it is closed, it could be somebody else's by then
            try:
                path.unlink(missing_ok=True)
            finally:
                os.close(opened)


def _lock(path: Path) -> int:
    """Return the descriptor of a locked file that still has its name.

    Between opening and locking it, the holder before may have unlinked it, and a third process
    have made a new one.
    """
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            opened = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        except FileNotFoundError:  # the holder before has just removed the folder
            continue
        if not _try_lock(opened):
            note = os.pread(opened, 1000, 0) if os.name == "posix" else os.read(opened, 1000)
            os.close(opened)
            raise LockedError(note.decode(errors="replace"))
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(opened), path.stat()):
                return opened
        os.close(opened)


def _try_lock(opened: int) -> bool:
    try:
        if sys.platform == "win32":  # locked bytes cannot be read, so it is one behind the note
            os.lseek(opened, 2**20, os.SEEK_SET)
            msvcrt.locking(opened, msvcrt.LK_NBLCK, 1)
            os.lseek(opened, 0, os.SEEK_SET)
        else:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True


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


def memory_limit(cgroup: Path = _CGROUP) -> int | None:
    """Return how many bytes of memory this process and its neighbours may take together.

    The smaller of the machine's memory and the cgroup's limit (v2 `memory.max`, v1
    `memory.limit_in_bytes`); None on Windows.
    """
    if sys.platform == "win32":
        return None
    limit = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    for file in (cgroup / "memory.max", cgroup / "memory" / "memory.limit_in_bytes"):
        with suppress(OSError, ValueError):  # there is no such file, or it says "max"
            limit = min(limit, int(file.read_text()))
    return limit


def memory_taken() -> int:
    """Return how many bytes of memory this process has for itself: no files, no shared libraries.

    Where the system does not tell that apart, all that it ever had.
    """
    if sys.platform == "win32":
        return 0
    with suppress(OSError):
        found = re.search(r"RssAnon:\s*(\d+) kB", Path("/proc/self/status").read_text())
        if found:
            return int(found[1]) * 1024
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


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
