"""What was last heard of each server, noted on the way to it. It is what this process knows; others know their own."""

import contextlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from mno.mcp_gateway.protocol.message import Object
from mno.mcp_gateway.protocol.question import Question, ServerTrouble
from mno.mcp_gateway.servers.service import Ready
from mno.mcp_gateway.ways.kinds import Way
from mno.platform import clock
from mno.platform.errors import TooLarge

#: Servers of which it is remembered.
MAX_SERVERS_HEARD_OF = 10_000
#: Why a server failed, in characters.
MAX_FAILURE_CHARACTERS = 500


@dataclass(slots=True)
class Heard:
    """None where nothing of the kind happened since the process began."""

    answered_at: datetime | None = None
    failed_at: datetime | None = None
    failure: str = ""

    @property
    def is_failing(self) -> bool:
        """Whether the last that was heard is a failure."""
        return self.failed_at is not None and (self.answered_at is None or self.answered_at < self.failed_at)


class Listened:
    """A way to servers that takes note of what comes of each question; for one event loop."""

    def __init__(self, way: Way) -> None:
        self._way = way
        self._heard: dict[UUID, Heard] = {}

    def close(self) -> None:
        self._way.close()

    def version_at(self, ready: Ready) -> str:
        """The revision that is spoken with this server; empty where nobody knows yet."""
        return self._way.version_at(ready)

    async def ask(self, ready: Ready, question: Question) -> AsyncGenerator[Object]:
        """As `Way.ask`."""
        try:
            async with contextlib.aclosing(self._way.ask(ready, question)) as messages:
                async for one in messages:
                    if "method" not in one:
                        self._of(ready).answered_at = clock.now()
                    yield one
        except (ServerTrouble, TooLarge) as error:
            heard = self._of(ready)
            heard.failed_at, heard.failure = clock.now(), str(error)[:MAX_FAILURE_CHARACTERS]
            raise

    def heard_of(self, server_id: UUID) -> Heard:
        return self._heard.get(server_id) or Heard()

    def _of(self, ready: Ready) -> Heard:
        heard = self._heard.get(ready.server.id)
        if heard is None:
            if len(self._heard) >= MAX_SERVERS_HEARD_OF:
                self._heard.clear()
            heard = self._heard[ready.server.id] = Heard()
        return heard
