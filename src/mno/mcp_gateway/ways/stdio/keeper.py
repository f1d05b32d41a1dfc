"""Stands between the hub and a program that it started, so that nothing of the program outlives either.

Run as a script, in a session of its own. It starts the program in a process group, hands its input and output on, and
waits: for the program to end, or for the hub to close the other end of a pipe, which also happens when the hub is
killed. Then everything that the program has started is ended, what has left its group included: on Linux orphans below
a "subreaper" become its own children.

Usage: python -I -S keeper.py LIFELINE_FD PROGRAM ARGUMENT…
Source: prctl(2), PR_SET_CHILD_SUBREAPER and PR_SET_PDEATHSIG; MCP, "stdio", "Shutdown".
"""

import contextlib
import ctypes
import os
import select
import signal
import sys
import time

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
#: How long a program may take to end once its input is closed, and once it is asked to, in seconds.
GRACE_S = 2.0
#: How often it is looked whether anything is left, in seconds.
_LOOK_S = 0.02
_NOT_FOUND, _NOT_STARTED = 127, 126
_IGNORED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def main(arguments: list[str]) -> int:
    lifeline, command = int(arguments[0]), arguments[1:]
    os.set_inheritable(lifeline, False)
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    for number in _IGNORED:
        signal.signal(number, signal.SIG_IGN)
    stirred, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    keeper = os.getpid()
    child = os.fork()
    if child == 0:
        _become(command, keeper)
    with contextlib.suppress(OSError):  # it does so itself as well: nobody knows who comes first
        os.setpgid(child, child)
    _let_go_of_input_and_output()
    return _Watch(child, lifeline, stirred).until_all_is_over()


class _Watch:
    """Over one program and all below it."""

    def __init__(self, child: int, lifeline: int, stirred: int) -> None:
        self._child = child
        self._lifeline = lifeline
        self._stirred = stirred
        self._status: int | None = None

    def until_all_is_over(self) -> int:
        while self._reaped() and self._status is None:
            ready, _, _ = select.select([self._lifeline, self._stirred], [], [])
            if self._lifeline in ready:
                self._wait(GRACE_S, for_program=True)
                break
            os.read(self._stirred, 1_000)
        self._signal(signal.SIGTERM)
        self._wait(GRACE_S)
        while self._reaped():
            self._signal(signal.SIGKILL)
            time.sleep(_LOOK_S)
        return self._status if self._status is not None else _NOT_STARTED

    def _wait(self, seconds: float, *, for_program: bool = False) -> None:
        """Until nothing is left (or the program itself is not), or that long."""
        until = time.monotonic() + seconds
        while self._reaped() and not (for_program and self._status is not None) and time.monotonic() < until:
            time.sleep(_LOOK_S)

    def _reaped(self) -> bool:
        """Takes note of what has ended; whether anything is left."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if pid == 0:
                return True
            if pid == self._child:
                code = os.waitstatus_to_exitcode(status)
                self._status = code if code >= 0 else 128 - code

    def _signal(self, number: signal.Signals) -> None:
        """The program's group, and what has left it."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._child, number)
        for pid in _children():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, number)


def _become(command: list[str], keeper: int) -> None:
    """Only in the child: never returns."""
    try:
        os.setpgid(0, 0)
        for number in (*_IGNORED, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() == keeper:
            os.execvp(command[0], command)  # noqa: S606 - a list, no shell
    except OSError as error:
        sys.stderr.write(f"{command[0]}: {error.strerror}\n")
        sys.stderr.flush()
        os._exit(_NOT_FOUND if isinstance(error, FileNotFoundError) else _NOT_STARTED)
    os._exit(_NOT_STARTED)


def _let_go_of_input_and_output() -> None:
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1):
        os.dup2(nothing, number)
    os.close(nothing)


def _children() -> list[int]:
    try:
        with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as listed:  # noqa: PTH123 - no imports
            return [int(pid) for pid in listed.read().split()]
    except OSError:
        return []


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
