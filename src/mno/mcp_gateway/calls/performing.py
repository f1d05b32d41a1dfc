"""A call that may happen, made to happen: within the server's limits and those of the rules, tried again where it is
harmless.
"""

import asyncio
import contextlib
import random
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, replace

from mno.mcp_gateway.calls.pace import Limit, Pacing, limit_of
from mno.mcp_gateway.calls.written import note_arguments
from mno.mcp_gateway.model import Caps, ToolCall
from mno.mcp_gateway.offers.tools import Tool
from mno.mcp_gateway.policies.counting import limit_under
from mno.mcp_gateway.policies.model import ToolTerms
from mno.mcp_gateway.policies.quotas.service import Quotas
from mno.mcp_gateway.policies.rules import retries_of
from mno.mcp_gateway.protocol.message import Header, Object
from mno.mcp_gateway.protocol.mirrored import headers_of
from mno.mcp_gateway.protocol.question import Question, ServerTrouble
from mno.mcp_gateway.servers.service import Ready
from mno.mcp_gateway.ways.guarded import Guarded
from mno.platform.principal import Principal

#: The pause before a call is tried again, in seconds; it doubles, and up to half of it is left out by chance.
FIRST_RETRY_S = 0.2


@dataclass(frozen=True, slots=True)
class Wanted:
    """A call as its caller wants it. `headers` are the client's."""

    principal: Principal
    ready: Ready
    tool: str
    params: Object
    headers: Sequence[Header]
    caps: Caps

    @property
    def name(self) -> str:
        """The tool's without its server's: what rules match."""
        return self.ready.short_name(self.tool)


class Performing:
    """For one event loop."""

    def __init__(self, ways: Guarded, paces: Pacing, quotas: Quotas) -> None:
        self._ways = ways
        self._paces = paces
        self._quotas = quotas

    async def messages(self, wanted: Wanted, terms: ToolTerms, tool: Tool, call: ToolCall) -> AsyncGenerator[Object]:
        """What the server says about it, its response last. `LimitExceeded`, `TooLarge`, `ServerTrouble` when there is
        no response.
        """
        if terms.records_arguments:
            note_arguments(call, wanted.params)
        question = _question(wanted, terms, tool, call)
        async with self._paces.admitted(_limits(wanted, terms), question.timeout_s + 1):
            if terms.quotas:
                await self._quotas.take(terms.quotas, wanted.principal, wanted.ready.server.name, wanted.name)
            retries = retries_of(terms, tool.value) if terms.retries or terms.hinted_retries else 0
            try:
                async with contextlib.aclosing(self._tried(wanted.ready, question, retries, call)) as messages:
                    async for one in messages:
                        yield one
            finally:
                call.attributes["mcp.protocol.version"] = self._ways.version_at(wanted.ready)

    async def _tried(self, ready: Ready, question: Question, retries: int, call: ToolCall) -> AsyncGenerator[Object]:
        """Once, and again while nothing was heard of it, there is time, and the server is not left alone."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + question.timeout_s
        for attempt in range(retries + 1):
            heard = False
            try:
                async with contextlib.aclosing(self._ways.ask(ready, question)) as messages:
                    async for one in messages:
                        heard = True
                        yield one
                return
            except ServerTrouble:
                pause_s = FIRST_RETRY_S * 2**attempt * random.uniform(0.5, 1)  # noqa: S311 - no secret
                is_last = heard or attempt == retries or loop.time() + pause_s >= deadline
                if is_last or not self._ways.lets_through(ready):
                    raise
            call.attributes["mno.mcp.retries"] = attempt + 1
            await asyncio.sleep(pause_s)
            question = replace(question, timeout_s=deadline - loop.time())


def _limits(wanted: Wanted, terms: ToolTerms) -> list[Limit]:
    server = wanted.ready.server
    return [
        limit_of(server),
        *(limit_under(rule, wanted.principal, server.name, wanted.name) for rule in terms.counting),
    ]


def _question(wanted: Wanted, terms: ToolTerms, tool: Tool, call: ToolCall) -> Question:
    """Rules and caps only narrow what holds anyway."""
    server, caps = wanted.ready.server, wanted.caps
    timeout_s = min(server.timeout_s, caps.timeout_s or server.timeout_s)
    answer_bytes = min(
        server.result_bytes, caps.result_bytes or server.result_bytes, terms.result_bytes or server.result_bytes
    )
    mirrored = headers_of(tool.mirrored, wanted.params, wanted.headers) if tool.mirrored else ()
    traced = (b"traceparent", b"00-%b-%b-01" % (call.trace_id.hex().encode(), call.span_id.hex().encode()))
    return Question(
        "tools/call", wanted.params, wanted.tool, timeout_s, answer_bytes, (*mirrored, traced), wanted.principal
    )
