"""Tests' folders in the machine's memory, where it has room: nobody needs them after the machine lost its power.

Two databases write there without end; on a disk, the kernel's part of it was a sixth of the tests' processor time, and
the processors waited for the disk as long again.
"""

import os
from pathlib import Path

import psutil

_MEMORY = Path("/dev/shm")
#: What has to be free: some four times what all tests together leave there until they have passed.
_ROOM_BYTES = 4 * 1024**3


def folders_in_memory() -> None:
    """For every folder that pytest makes from now on, unless somebody said where they shall be."""
    if _has_room():
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))


def _has_room() -> bool:
    if not _MEMORY.is_dir() or not os.access(_MEMORY, os.W_OK):
        return False
    there = os.statvfs(_MEMORY)
    runs_programs = not there.f_flag & os.ST_NOEXEC
    free = min(there.f_bavail * there.f_frsize, psutil.virtual_memory().available)
    return runs_programs and free >= _ROOM_BYTES
