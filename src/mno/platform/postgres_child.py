"""Starts a Postgres binary the way the supervisor wants it: run as a script, then replaced by the binary.

A process of its own does this because it must happen between fork and exec, where a program with threads
may not run Python: give up root, ask the kernel to end us with our parent, then become Postgres.
Usage: python -I -S postgres_child.py PARENT_PID SIGNAL UID GID REACH PROGRAM ARGUMENT…
UID -1 keeps the user. REACH 1 keeps one capability of root, to pass folders closed to others (a data folder
or an environment under /root), and nothing that would allow writing.
Source: prctl(2), capabilities(7), "Ambient".
"""

import ctypes
import os
import sys

_PR_SET_PDEATHSIG, _PR_SET_KEEPCAPS, _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE = 1, 8, 47, 2
_CAP_DAC_READ_SEARCH = 2
_CAPABILITY_VERSION_3 = 0x20080522


def main(arguments: list[str]) -> None:
    parent, signal, uid, gid, reach = (int(text) for text in arguments[:5])
    command = arguments[5:]
    if uid >= 0:
        _become(uid, gid, reach=bool(reach))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal, 0, 0, 0)
        if os.getppid() != parent:
            sys.exit("The program that starts Postgres is gone.")
    os.execv(command[0], command)  # noqa: S606 - a list, no shell


def _become(uid: int, gid: int, *, reach: bool) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if reach:
        libc.prctl(_PR_SET_KEEPCAPS, 1, 0, 0, 0)
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    if reach:
        _keep_only_reach(libc)


def _keep_only_reach(libc: ctypes.CDLL) -> None:
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    bit = 1 << _CAP_DAC_READ_SEARCH
    sets = (ctypes.c_uint32 * 6)(bit, bit, bit, 0, 0, 0)
    libc.capset(ctypes.byref(header), ctypes.byref(sets))
    libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, _CAP_DAC_READ_SEARCH, 0, 0)


if __name__ == "__main__":
    main(sys.argv[1:])
