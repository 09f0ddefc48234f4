"""How many CPUs this process may use: containers are limited by their cgroup, not by the host."""

import math
import os
from pathlib import Path
from typing import Final

_CGROUP: Final = Path("/sys/fs/cgroup")


def cpu_limit(cgroup: Path = _CGROUP) -> int:
    """Return the number of CPUs that the scheduler grants, at least 1.

    The smaller of the affinity mask and the cgroup's quota (v2 `cpu.max`, v1 `cpu.cfs_quota_us`).
    """
    quota = _quota(cgroup)
    return max(1, min(_affinity(), math.ceil(quota) if quota else _affinity()))


def _affinity() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1  # macOS and Windows know no affinity mask


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
