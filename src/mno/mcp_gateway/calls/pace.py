"""How much may be called: at a time and within a minute, of a server and under each rule, counted in this process."""

import contextlib
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from math import ceil, inf
from typing import NamedTuple, Protocol

from mno.mcp_gateway.model import Server
from mno.platform.errors import LimitExceeded
from mno.platform.pace import MINUTE_S, Bucket

#: Counts that are remembered; those that have rested for a minute go first.
MAX_TOOL_PACES = 20_000


class Limit(NamedTuple):
    """One count that a call falls under, and how much of it there may be (None: any number)."""

    #: The name of the count.
    key: str
    #: Whose calls they are, for whoever is refused: `'github'`, `the rule 'searches' for the key 'ci'`.
    of: str
    per_minute: int | None
    at_once: int | None


class Use(NamedTuple):
    """What is asked of a server: calls that run now, and what is used of a minute's (None: no limit)."""

    running: int
    last_minute: int | None


class Pacing(Protocol):
    """Lets calls in."""

    def admitted(self, limits: Sequence[Limit], lease_s: float) -> contextlib.AbstractAsyncContextManager[None]:
        """Counts a call under all of them for as long as it is entered, which is `lease_s` seconds at most;
        `LimitExceeded` says which is hit, and then it is counted under none.
        """
        ...

    def use_of(self, server: Server) -> Use:
        """How much of a server's limits this process uses now."""
        ...

    async def close(self) -> None: ...


class _Pace:
    __slots__ = ("calls", "running")

    def __init__(self, now: float) -> None:
        self.running = 0
        # as full as any limit, until there is one
        self.calls = Bucket(inf, now)


class Paces:
    """Of all counts. `clock` counts seconds and never goes back."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._known: dict[str, _Pace] = {}

    @contextlib.asynccontextmanager
    async def admitted(self, limits: Sequence[Limit], lease_s: float) -> AsyncIterator[None]:  # noqa: ARG002 - what ends with this process needs no lease
        for limit in limits:
            self._check(limit)
        with self.counted(limits):
            yield

    @contextlib.contextmanager
    def counted(self, limits: Sequence[Limit]) -> Iterator[None]:
        """Counts without asking whether it fits."""
        paces = [self._pace(limit.key) for limit in limits]
        for pace, limit in zip(paces, limits, strict=True):
            pace.running += 1
            # what has no limit is not counted: it would be a debt on the day on which it gets one
            if limit.per_minute is not None:
                pace.calls.left = min(pace.calls.left, limit.per_minute) - 1
        try:
            yield
        finally:
            for pace in paces:
                pace.running -= 1

    def use_of(self, server: Server) -> Use:
        pace = self._known.get(limit_of(server).key)
        if server.calls_per_minute is None:
            return Use(pace.running if pace else 0, None)
        if pace is None:
            return Use(0, 0)
        pace.calls.wait_s(0, server.calls_per_minute, self._clock())
        return Use(pace.running, ceil(server.calls_per_minute - pace.calls.left))

    async def close(self) -> None:
        """Nothing is held."""

    def _check(self, limit: Limit) -> None:
        pace = self._pace(limit.key)
        if limit.at_once is not None and pace.running >= limit.at_once:
            raise too_many_running(limit, pace.running)
        if limit.per_minute is not None and (wait_s := pace.calls.wait_s(1, limit.per_minute, self._clock())) > 0:
            raise too_many_calls(limit, wait_s)

    def _pace(self, key: str) -> _Pace:
        pace = self._known.get(key)
        if pace is None:
            now = self._clock()
            if len(self._known) >= MAX_TOOL_PACES:
                self._known = {
                    key: one for key, one in self._known.items() if one.running or now - one.calls.at < MINUTE_S
                }
            pace = self._known[key] = _Pace(now)
        return pace


def limit_of(server: Server) -> Limit:
    """What a server's entry says."""
    return Limit(server.id.hex, f"'{server.name}'", server.calls_per_minute, server.concurrent_calls)


def too_many_running(limit: Limit, running: int) -> LimitExceeded:
    return LimitExceeded(
        f"{running} calls are running at once of {limit.of}, which is the limit; try again.", retry_after_s=1
    )


def too_many_calls(limit: Limit, wait_s: float) -> LimitExceeded:
    return LimitExceeded(
        f"{limit.per_minute} calls a minute are the limit of {limit.of}.", retry_after_s=max(1, ceil(wait_s))
    )
