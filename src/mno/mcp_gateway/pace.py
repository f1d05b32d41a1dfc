"""How much may be asked of a server: calls at a time and within a minute, counted in this process."""

import contextlib
from collections import deque
from collections.abc import Callable, Iterator
from math import ceil
from typing import NamedTuple
from uuid import UUID

from mno.mcp_gateway.model import Server
from mno.platform.errors import LimitExceeded

_MINUTE_S = 60.0


class Use(NamedTuple):
    """What is asked of a server: calls that run now, and those of the last minute (None where nobody counts)."""

    running: int
    last_minute: int | None


class Paces:
    """By server. `clock` counts seconds and never goes back."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._running: dict[UUID, int] = {}
        self._begun: dict[UUID, deque[float]] = {}

    @contextlib.contextmanager
    def admitted(self, server: Server) -> Iterator[None]:
        """Counts a call for as long as it is entered; `LimitExceeded` says which limit is hit."""
        running = self._running.get(server.id, 0)
        if running >= server.concurrent_calls:
            raise LimitExceeded(
                f"{running} calls are running at '{server.name}', which is its limit; try again.", retry_after_s=1
            )
        self._count(server)
        self._running[server.id] = running + 1
        try:
            yield
        finally:
            left = self._running[server.id] - 1
            if left:
                self._running[server.id] = left
            else:
                del self._running[server.id]

    def use_of(self, server: Server) -> Use:
        """How much of its limits is used now, in this process."""
        running = self._running.get(server.id, 0)
        if server.calls_per_minute is None:
            return Use(running, None)
        since = self._clock() - _MINUTE_S
        return Use(running, sum(at > since for at in self._begun.get(server.id, ())))

    def _count(self, server: Server) -> None:
        if server.calls_per_minute is None:
            self._begun.pop(server.id, None)
            return
        now, begun = self._clock(), self._begun.setdefault(server.id, deque())
        while begun and begun[0] <= now - _MINUTE_S:
            begun.popleft()
        if len(begun) >= server.calls_per_minute:
            raise LimitExceeded(
                f"'{server.name}' was called {len(begun)} times within a minute, which is its limit.",
                retry_after_s=max(1, ceil(begun[0] + _MINUTE_S - now)),
            )
        begun.append(now)
