"""The ways to servers: each kind of server is asked in its own way, and nobody above can tell which."""

import contextlib
from collections.abc import AsyncGenerator, Mapping
from typing import Protocol

from mno.mcp_gateway.model import Transport
from mno.mcp_gateway.protocol.message import Object
from mno.mcp_gateway.protocol.question import Question
from mno.mcp_gateway.servers.service import Ready


class Way(Protocol):
    """One way to servers; for one event loop."""

    def close(self) -> None:
        """Gives up what is open; nothing is awaited."""
        ...

    def version_at(self, ready: Ready) -> str:
        """The revision that is spoken with this server; empty where nobody knows yet."""
        ...

    def ask(self, ready: Ready, question: Question) -> AsyncGenerator[Object]:
        """Notifications about this request as they come, then its response, which has `result` or `error`.

        `ServerTrouble` when it does not come, `TooLarge` for more than `answer_bytes`.
        """
        ...


class Ways:
    """A way itself, which takes that of the server's kind."""

    def __init__(self, ways: Mapping[Transport, Way]) -> None:
        self._ways = ways

    def close(self) -> None:
        for way in self._ways.values():
            way.close()

    def version_at(self, ready: Ready) -> str:
        return self._ways[ready.server.transport].version_at(ready)

    async def ask(self, ready: Ready, question: Question) -> AsyncGenerator[Object]:
        way = self._ways[ready.server.transport]
        async with contextlib.aclosing(way.ask(ready, question)) as messages:
            async for one in messages:
                yield one
