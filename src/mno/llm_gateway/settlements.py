"""Settlements of calls that are over wait a moment for the next reservation and go to the budgets with it: a turn at
the counters costs the same for both, and a caller whose next call comes at once does not wait for the end of its last
one. Before a reservation everything that waits is handed on, so what a call gives back is there for the next.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any

#: How long a settlement waits where nobody reserves, in seconds.
GATHER_S = 0.005
#: How long a stopping program waits until everything is settled, in seconds.
SETTLING_S = 60.0


class Settlements:
    """For one event loop."""

    def __init__(self) -> None:
        self._waiting: list[Coroutine[Any, Any, None]] = []
        self._running: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None

    def add(self, settling: Coroutine[Any, Any, None]) -> None:
        """Takes a settlement that nobody waits for."""
        self._waiting.append(settling)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(GATHER_S, self.hand_on)

    def hand_on(self) -> None:
        """Begins everything that waits; it stands before what is asked of the budgets next."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        loop = asyncio.get_running_loop()
        for settling in self._waiting:
            task = loop.create_task(settling)
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        self._waiting.clear()

    async def ended(self) -> None:
        """Returns when everything is settled, or after SETTLING_S."""
        self.hand_on()
        if self._running:
            await asyncio.wait(self._running, timeout=SETTLING_S)
