"""Ports for programs that are told theirs before they run."""

import secrets
import socket

#: Below those that systems hand out by themselves (from 32,768 on Linux), so that nobody else comes to hold one of them
#: between the question and the program's start.
_FIRST, _COUNT = 20_000, 12_000


def free_port() -> int:
    """A port of this machine that nobody holds."""
    while True:
        port = _FIRST + secrets.randbelow(_COUNT)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
