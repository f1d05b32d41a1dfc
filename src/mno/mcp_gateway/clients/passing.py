"""A request that is passed on to one server, calls of tools apart: prompts, resources, completions."""

import contextlib
from collections.abc import AsyncGenerator

from mno.mcp_gateway.calls.pace import Pacing, limit_of
from mno.mcp_gateway.clients.targets import Target
from mno.mcp_gateway.protocol.message import Object
from mno.mcp_gateway.protocol.question import Question
from mno.mcp_gateway.ways.guarded import Guarded
from mno.platform.principal import Principal

#: Methods whose subject stands in the header Mcp-Name too.
_NAMED = frozenset({"prompts/get", "resources/read"})


class Passing:
    """Within the limits of each server's entry."""

    def __init__(self, ways: Guarded, paces: Pacing) -> None:
        self._ways = ways
        self._paces = paces

    async def messages(
        self, principal: Principal, method: str, target: Target, params: Object
    ) -> AsyncGenerator[Object]:
        """What the server says about it, its response last; errors as of `Way.ask`, and `LimitExceeded`."""
        server = target.ready.server
        name = target.name if method in _NAMED else None
        question = Question(method, params, name, server.timeout_s, server.result_bytes, principal=principal)
        async with (
            self._paces.admitted([limit_of(server)], question.timeout_s + 1),
            contextlib.aclosing(self._ways.ask(target.ready, question)) as messages,
        ):
            async for one in messages:
                yield one
