"""One call of a tool: whether it may happen, whether somebody must approve it first, and what becomes of it.

Whatever happens on the way, one span and one entry of the audit log are made of a call, in a `finally` that needs
nothing of the client. A call that waits for approval is written down by whoever carries it out (`gated/`).
"""

import contextlib
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Any

from mno.mcp_gateway.calls.access import Access
from mno.mcp_gateway.calls.arguments import check_arguments
from mno.mcp_gateway.calls.books import Books
from mno.mcp_gateway.calls.caps import check_caps
from mno.mcp_gateway.calls.performing import Performing, Wanted
from mno.mcp_gateway.calls.written import begun, note_response, note_trouble
from mno.mcp_gateway.gated import outcomes, rules
from mno.mcp_gateway.gated.model import GatedCall
from mno.mcp_gateway.gated.service import GatedCalls
from mno.mcp_gateway.model import Caps, ToolCall
from mno.mcp_gateway.offers.tools import Tool, Tools
from mno.mcp_gateway.policies.model import ToolTerms
from mno.mcp_gateway.policies.service import Policies
from mno.mcp_gateway.protocol import answers, message
from mno.mcp_gateway.protocol.message import Header, Object, Raw
from mno.mcp_gateway.protocol.question import ServerTrouble, response_in
from mno.mcp_gateway.servers.service import Ready, Servers
from mno.platform import origin
from mno.platform.errors import NotFound
from mno.platform.principal import Principal

NO_CAPS = Caps()


@dataclass(frozen=True, slots=True)
class Answer:
    """Of a call by plain HTTP."""

    result: dict[str, Any]
    is_error: bool
    trace_id: str


class CallWaitsError(Exception):
    """The call is not over when its request is."""

    def __init__(self, call: GatedCall) -> None:
        super().__init__(call.id)
        self.call = call


class Calls:
    """Everything that calls share."""

    def __init__(
        self,
        servers: Servers,
        tools: Tools,
        access: Access,
        policies: Policies,
        performing: Performing,
        books: Books,
        gated: GatedCalls,
    ) -> None:
        self._servers = servers
        self._tools = tools
        self._access = access
        self._policies = policies
        self._performing = performing
        self._books = books
        self._gated = gated

    async def asked(
        self, principal: Principal, ready: Ready, tool: str, params: Object, headers: Sequence[Header], caps: Caps
    ) -> AsyncGenerator[Object]:
        """Messages of the server about one call, its response last; written down however it ends. `headers` are the
        client's. Of a call that still waits for approval when its time is over: what the client is to do.

        `Denied` for who may not use the tool and for what was not approved, `NotFound` for one that is not there or not
        accepted, `LimitExceeded`, `TooLarge`, and `ServerTrouble` when there is no response.
        """
        wanted = Wanted(principal, ready, tool, params, headers, caps)
        try:
            async with contextlib.aclosing(self._messages(wanted)) as messages:
                async for one in messages:
                    yield one
        except CallWaitsError as error:
            yield outcomes.waiting(error.call, is_modern=rules.is_modern(params))

    async def call(
        self,
        principal: Principal,
        server: str,
        name: str,
        arguments: dict[str, Any],
        caps: Caps,
        headers: Sequence[Header] = (),
    ) -> Answer:
        """One call by plain HTTP; `CallWaitsError` where it waits for approval when its time is over, `Invalid` for
        arguments that the tool's schema does not allow, `NotFound` for a server or tool that is not there,
        `ServerTrouble` when it does not answer, and as `asked`.
        """
        ready = (await self._servers.of_caller(principal)).get(server)
        if ready is None:
            raise NotFound(f"There is no MCP server '{server[:80]}' that is switched on.")
        self._access.check(principal, ready, name)
        tool = await self._tools.tool(ready, name)
        if tool is None:
            raise NotFound(f"There is no tool '{name[:80]}' of a server '{server[:80]}', or it is not accepted yet.")
        check_arguments(tool.value.get("inputSchema", {}), arguments)
        params = {"name": Raw(message.encoded(name)), "arguments": Raw(message.encoded(arguments))}
        response = await response_in(self._messages(Wanted(principal, ready, name, params, headers, caps)))
        if "result" not in response:
            raise ServerTrouble(f"'{server}' answers with an error: {message.told(response)}")
        result = message.value_of(response["result"])
        if not isinstance(result, dict):
            raise ServerTrouble(f"'{server}' answers with a result that is no object.")
        return Answer(result, answers.is_error(response["result"]), origin.current().trace_id)

    # — parts —

    async def _messages(self, wanted: Wanted) -> AsyncGenerator[Object]:
        self._books.check_room()
        call: ToolCall | None = begun(wanted.principal, wanted.ready, wanted.tool, wanted.caps, wanted.headers)
        assert call is not None
        try:
            found, terms = await self._admitted(wanted)
            if terms.approval is not None:
                gated = await self._gated.asked(wanted, found, terms.approval)
                call = None  # whoever carries it out writes it down
                yield await self._outcome(wanted, gated)
                return
            async with contextlib.aclosing(self._performing.messages(wanted, terms, found, call)) as messages:
                async for one in messages:
                    note_response(call, one, in_full=terms.records_results)
                    yield one
        except BaseException as error:
            if call is not None:
                note_trouble(call, error)
            raise
        finally:
            if call is not None:
                self._books.write_down(wanted.principal, wanted.ready, call, wanted.caps)

    async def _outcome(self, wanted: Wanted, gated: GatedCall) -> Object:
        """The request is held as long as its call could take."""
        timeout_s = wanted.ready.server.timeout_s
        gated, response = await self._gated.outcome(gated, min(timeout_s, wanted.caps.timeout_s or timeout_s))
        if not gated.is_over:
            raise CallWaitsError(gated)
        return outcomes.over(gated, response)

    async def _admitted(self, wanted: Wanted) -> tuple[Tool, ToolTerms]:
        """The tool, and what the team's rules say of it."""
        principal, ready, tool = wanted.principal, wanted.ready, wanted.tool
        self._access.check(principal, ready, tool)
        found = await self._tools.tool(ready, tool)
        if found is None:
            raise NotFound(
                f"Unknown tool: {tool}. The server '{ready.server.name}' does not list it, or its definition is"
                " not accepted yet."
            )
        check_caps(wanted, found)
        return found, (await self._policies.of(principal.team_id)).of(ready.server.name, wanted.name)
