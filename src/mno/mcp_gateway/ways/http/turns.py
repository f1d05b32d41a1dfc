"""Servers that ask their client where nothing says about which call: a session for each in which one call runs."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator

from mno.mcp_gateway.protocol.question import ServerSilent
from mno.mcp_gateway.servers.service import Ready, ServerKey
from mno.mcp_gateway.ways.http.exchange import Link

#: Servers that have such a session.
MAX_TURNS = 1_000


class Turns:
    """By server; for one event loop."""

    def __init__(self) -> None:
        self._known: dict[ServerKey, tuple[Link, asyncio.Lock]] = {}

    def __iter__(self) -> Iterator[Link]:
        return iter([link for link, _ in self._known.values()])

    @contextlib.asynccontextmanager
    async def taken(self, ready: Ready, timeout_s: float) -> AsyncIterator[Link]:
        """The session, for as long as it is entered; `ServerSilent` when others keep it for that time."""
        link, turn = self._of(ready)
        try:
            await asyncio.wait_for(turn.acquire(), timeout_s)
        except TimeoutError:
            raise ServerSilent(
                f"'{ready.server.name}' asks its clients in a way that lets one call run at a time, and it is busy."
            ) from None
        try:
            yield link
        finally:
            turn.release()

    def _of(self, ready: Ready) -> tuple[Link, asyncio.Lock]:
        known = self._known.get(ready.key)
        if known is None or known[0].ready != ready:
            if len(self._known) >= MAX_TURNS:
                self._known.clear()
            known = self._known[ready.key] = Link(ready), asyncio.Lock()
        return known
