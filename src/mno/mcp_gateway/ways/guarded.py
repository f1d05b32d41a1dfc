"""The way to a server behind its breaker: one that fails again and again is left alone for a while."""

import contextlib
from collections.abc import AsyncGenerator

from mno.mcp_gateway.protocol.message import Object
from mno.mcp_gateway.protocol.question import Question, ServerTrouble
from mno.mcp_gateway.servers.service import Ready
from mno.mcp_gateway.ways.kinds import Way
from mno.platform.breaker import Breakers


class Guarded:
    """Lists and calls share a breaker for each server."""

    def __init__(self, way: Way, breakers: Breakers) -> None:
        self._way = way
        self._breakers = breakers

    def close(self) -> None:
        self._way.close()

    def version_at(self, ready: Ready) -> str:
        """The revision that is spoken with this server; empty where nobody knows yet."""
        return self._way.version_at(ready)

    def lets_through(self, ready: Ready) -> bool:
        """Whether the server is asked now; False while it is left alone."""
        return self._breakers.lets_through(breaker_key(ready))

    def listen(self, ready: Ready, question: Question) -> AsyncGenerator[Object]:
        """As `Way.ask`, for what may last for hours and says nothing of how the server does."""
        check_breaker(self._breakers, ready)
        return self._way.ask(ready, question)

    async def ask(self, ready: Ready, question: Question) -> AsyncGenerator[Object]:
        """As `Way.ask`; `ServerTrouble` at once while the server is left alone."""
        key = breaker_key(ready)
        check_breaker(self._breakers, ready)
        self._breakers.begin(key)
        try:
            async with contextlib.aclosing(self._way.ask(ready, question)) as messages:
                async for one in messages:
                    if "method" not in one:
                        self._breakers.worked(key)
                    yield one
        except ServerTrouble:
            self._breakers.failed(key)
            raise
        except BaseException:
            self._breakers.undecided(key)
            raise


def check_breaker(breakers: Breakers, ready: Ready) -> None:
    """`ServerTrouble` while a server that failed again and again is left alone."""
    key = breaker_key(ready)
    if not breakers.lets_through(key):
        wait_s = breakers.wait_s(key)
        raise ServerTrouble(f"'{ready.server.name}' fails again and again; it is tried again in {wait_s:.0f} s.")


def breaker_key(ready: Ready) -> tuple[str, str]:
    """Under which a server's breaker stands."""
    return (ready.server.id.hex, ready.user_id.hex if ready.user_id else "")
