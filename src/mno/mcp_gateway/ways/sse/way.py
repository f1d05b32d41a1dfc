"""The way to servers that speak the older transport: one stream for all callers of a server, kept while it is used."""

import contextlib
from collections.abc import AsyncGenerator
from functools import partial

from mno.mcp_gateway.protocol.message import Object
from mno.mcp_gateway.protocol.question import Question
from mno.mcp_gateway.servers.service import Ready, ServerKey
from mno.mcp_gateway.ways.duplex.lives import IDLE_STOP_S, Lives
from mno.mcp_gateway.ways.sse.stream import ForgottenStream, Stream
from mno.platform.upstream.pool import Pool

#: Servers whose streams are remembered.
MAX_STREAMS = 10_000


class Sse:
    """All streams of this process; for one event loop."""

    def __init__(self, pool: Pool, idle_stop_s: float = IDLE_STOP_S) -> None:
        self._pool = pool
        self._idle_stop_s = idle_stop_s
        self._known: dict[ServerKey, tuple[Ready, Lives]] = {}

    def close(self) -> None:
        for _, lives in self._known.values():
            lives.end()
        self._pool.close()

    def version_at(self, ready: Ready) -> str:
        known = self._known.get(ready.key)
        return known[1].version if known is not None else ""

    async def ask(self, ready: Ready, question: Question) -> AsyncGenerator[Object]:
        """As `Way.ask`. A stream that the server has forgotten is made anew, once and silently."""
        lives = self._lives(ready)
        is_use = question.method != "subscriptions/listen"
        for is_last in (False, True):
            try:
                async with (
                    lives.conversation(question.timeout_s, is_use=is_use) as conversation,
                    contextlib.aclosing(conversation.ask(question)) as messages,
                ):
                    async for one in messages:
                        yield one
                return
            except ForgottenStream:
                await lives.ended()
                if is_last:
                    raise

    def _lives(self, ready: Ready) -> Lives:
        known = self._known.get(ready.key)
        if known is not None and known[0] == ready:
            return known[1]
        if known is not None:
            known[1].retire()
        elif len(self._known) >= MAX_STREAMS:
            self._forget_unused()
        lives = Lives(
            ready.server.name, partial(Stream, ready, self._pool), probes=False, idle_stop_s=self._idle_stop_s
        )
        self._known[ready.key] = ready, lives
        return lives

    def _forget_unused(self) -> None:
        unused = [key for key, (_, lives) in self._known.items() if not lives.is_running and lives.is_idle]
        for key in unused:
            del self._known[key]
