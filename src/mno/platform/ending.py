"""Ending a background task for certain.

One `cancel` is not enough: in Python 3.11 `asyncio.wait_for`, which the pool of connections uses, swallows a
cancellation that arrives together with its result. The task then goes on as if nobody had asked.
"""

import asyncio
import logging

_log = logging.getLogger(__name__)


async def ended(*tasks: asyncio.Task[None], patience_s: float = 0.5) -> None:
    """Cancels each until it has ended, asking again after `patience_s`: how long a task may take to clean up."""
    waiting = set(tasks)
    while waiting:
        for task in waiting:
            task.cancel()
        _, waiting = await asyncio.wait(waiting, timeout=patience_s)
    for task in tasks:
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("The background task %s had failed.", task.get_name(), exc_info=error)
