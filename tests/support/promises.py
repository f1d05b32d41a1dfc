"""What must hold a given time after a change, told apart from how fast the machine is."""

import asyncio
import time
from collections.abc import Awaitable, Callable

#: How long a test waits for what is sure to come, in seconds. Nothing is measured by it: it ends a test that hangs.
PATIENCE_S = 120.0


async def holds_within(seconds: float, holds: Callable[[], Awaitable[bool]]) -> None:
    """Asks again and again, from now on, until it holds. An answer may take its time; but whoever asks later than
    `seconds` from now must be told so.
    """
    began = time.monotonic()
    while True:
        asked = time.monotonic()
        if await holds():
            return
        assert asked - began < seconds
        await asyncio.sleep(0.005)
