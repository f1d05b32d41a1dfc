"""Is the program healthy, and if not, which part is it.

An engine that answers late is not down: long searches may occupy every reader of the embedded ClickHouse,
and a restart would not help. So a check may take its time, is shared by all who ask meanwhile, and only
becomes `down` when it fails or has been silent for long.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum

#: How long one who asks waits for a check.
ANSWER_WITHIN_S = 2.0
#: Silence for this long is an outage.
DOWN_AFTER_S = 30.0

Check = Callable[[], Awaitable[None]]


class ComponentStatus(StrEnum):
    OK = "ok"
    SLOW = "slow"
    DOWN = "down"


class Probe:
    """One component's check, run at most once at a time."""

    def __init__(self, check: Check) -> None:
        self._check = check
        self._running: asyncio.Task[bool] | None = None
        self._since = 0.0

    async def status(self) -> ComponentStatus:
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._answers())
            self._since = time.monotonic()
        running = self._running
        await asyncio.wait({running}, timeout=ANSWER_WITHIN_S)
        if running.done():
            return ComponentStatus.OK if running.result() else ComponentStatus.DOWN
        return ComponentStatus.DOWN if time.monotonic() - self._since > DOWN_AFTER_S else ComponentStatus.SLOW

    async def _answers(self) -> bool:
        (outcome,) = await asyncio.gather(self._check(), return_exceptions=True)
        return outcome is None


class Health:
    """All components that the program cannot do without."""

    def __init__(self, checks: Mapping[str, Check]) -> None:
        self._probes = {name: Probe(check) for name, check in checks.items()}

    async def components(self) -> dict[str, ComponentStatus]:
        statuses = await asyncio.gather(*(probe.status() for probe in self._probes.values()))
        return dict(zip(self._probes, statuses, strict=True))


def overall(components: Mapping[str, ComponentStatus]) -> ComponentStatus:
    """As good as the worst of them."""
    for status in (ComponentStatus.DOWN, ComponentStatus.SLOW):
        if status in components.values():
            return status
    return ComponentStatus.OK
