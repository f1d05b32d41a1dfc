"""CPU and memory of the program, its decoders among it, and of the Postgres that runs below it.

Postgres' processes share most of their memory, so a sum of resident sizes would count it many times over;
the proportional size (PSS) divides what is shared.
"""

import os
import time
from pathlib import Path

import psutil

from mno.observability.system.model import ProcessFigures

_CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")


class ProcessMeter:
    """Measures since its last measurement; used by one thread at a time."""

    def __init__(self) -> None:
        self._own = psutil.Process()
        self._cpu_seconds = _cpu_seconds([self._own, *self._own.children(recursive=True)])
        self._measured_at = time.monotonic()

    def measure(self) -> ProcessFigures:
        """CPU since the last call, memory now."""
        children = self._own.children(recursive=True)
        postgres = [child for child in children if _is_postgres(child)]
        decoders = [child for child in children if child not in postgres]
        now, cpu_seconds = time.monotonic(), _cpu_seconds([self._own, *children])
        used = sum(seconds - self._cpu_seconds.get(process, 0) for process, seconds in cpu_seconds.items())
        elapsed = max(now - self._measured_at, 1e-3)
        self._measured_at, self._cpu_seconds = now, cpu_seconds
        return ProcessFigures(
            cpu_percent=round(max(used, 0) / elapsed * 100, 1),
            memory_bytes=self._own.memory_info().rss + sum(_proportional_bytes(child) for child in decoders),
            postgres_memory_bytes=sum(_proportional_bytes(child) for child in postgres),
        )


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def memory_total_bytes() -> int:
    """Memory of the machine, or of the container where that is less."""
    total = int(psutil.virtual_memory().total)
    try:
        limit = _CGROUP_LIMIT.read_text().strip()
    except OSError:
        return total
    return min(total, int(limit)) if limit.isdigit() else total


def _is_postgres(process: psutil.Process) -> bool:
    try:
        return process.name().startswith("postgres")
    except psutil.Error:
        return False


def _proportional_bytes(process: psutil.Process) -> int:
    try:
        full = process.memory_full_info()
        return int(getattr(full, "pss", full.rss))
    except psutil.AccessDenied:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0


def _cpu_seconds(processes: list[psutil.Process]) -> dict[psutil.Process, float]:
    seconds = {}
    for process in processes:
        try:
            times = process.cpu_times()
        except psutil.Error:
            continue
        seconds[process] = times.user + times.system
    return seconds
