"""A request at work that its client may give up: by leaving, or by saying so."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from mno.platform.ending import ended

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

#: From when on it is noticed that the client has left, in seconds: most answers are there before, and cost a timer.
WATCH_AFTER_S = 0.1


class Attended:
    """For one request, in the task that answers it."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._loop = asyncio.get_running_loop()
        self._answering = asyncio.current_task()
        self._is_at_work = False
        self._is_given_up = False
        self._watching: asyncio.Task[None] | None = None

    def cancel(self) -> None:
        """The client does not want the answer any more."""
        if self._is_at_work and not self._is_given_up and self._answering is not None:
            self._is_given_up = True
            self._answering.cancel()

    async def until_given_up(self, work: Awaitable[None]) -> bool:
        """Does the work, whether to its end."""
        self._is_at_work, is_whole = True, False
        timer = self._loop.call_later(WATCH_AFTER_S, self._watch)
        try:
            await work
            is_whole = True
        except asyncio.CancelledError:
            if not self._is_given_up or self._answering is None:
                raise
            self._answering.uncancel()
        finally:
            self._is_at_work = False
            timer.cancel()
            if self._watching is not None:
                await ended(self._watching)
        return is_whole

    def _watch(self) -> None:
        self._watching = self._loop.create_task(self._until_left(), name="mcp-client-watch")

    async def _until_left(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self.cancel()
