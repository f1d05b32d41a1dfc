"""One call of a tool from its server to the books: found, limited, asked, written down.

Whatever happens on the way, one span and one entry of the audit log are made of a call, in a `finally` that needs
nothing of the client.
"""

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

from mno.mcp_gateway import answers, message
from mno.mcp_gateway.arguments import check_arguments
from mno.mcp_gateway.audited.service import AuditedCalls, Entry
from mno.mcp_gateway.guarded import Guarded
from mno.mcp_gateway.links import Question, ServerTrouble, response_in
from mno.mcp_gateway.message import Header, Object, Raw
from mno.mcp_gateway.model import Caps, ToolCall
from mno.mcp_gateway.pace import Paces
from mno.mcp_gateway.ports import Spans
from mno.mcp_gateway.servers.service import Ready, Servers
from mno.mcp_gateway.tools import Tools
from mno.mcp_gateway.written import begun, note_response, note_trouble
from mno.platform import clock, origin
from mno.platform.errors import NotFound
from mno.platform.ids import shown
from mno.platform.principal import Principal

NO_CAPS = Caps()


@dataclass(frozen=True, slots=True)
class Answer:
    """Of a call by plain HTTP."""

    result: dict[str, Any]
    is_error: bool
    trace_id: str


class Calls:
    """Everything that calls share."""

    def __init__(
        self, servers: Servers, ways: Guarded, tools: Tools, paces: Paces, spans: Spans, audited: AuditedCalls
    ) -> None:
        self._servers = servers
        self._ways = ways
        self._tools = tools
        self._paces = paces
        self._spans = spans
        self._audited = audited

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with self._audited.running():
            try:
                yield
            finally:
                self._tools.close()
                self._ways.close()

    async def asked(
        self, principal: Principal, ready: Ready, tool: str, params: Object, headers: Sequence[Header], caps: Caps
    ) -> AsyncGenerator[Object]:
        """Messages of the server about one call, its response last; written down however it ends. `headers` are the
        client's.

        `NotFound` for a tool that is not there or not accepted, `LimitExceeded`, `TooLarge`, and `ServerTrouble` when
        there is no response.
        """
        self._spans.check_room()
        self._audited.check_room()
        call = begun(principal, ready, tool, caps, headers)
        try:
            if await self._tools.tool(ready, tool) is None:
                raise NotFound(
                    f"Unknown tool: {tool}. The server '{ready.server.name}' does not list it, or its definition is"
                    " not accepted yet."
                )
            with self._paces.admitted(ready.server):
                mirrored = (one for one in headers if one[0].startswith(b"mcp-param-"))
                traced = (b"traceparent", b"00-%b-%b-01" % (call.trace_id.hex().encode(), call.span_id.hex().encode()))
                question = _question(principal, ready, tool, params, caps, (*mirrored, traced))
                async with contextlib.aclosing(self._ways.ask(ready, question)) as messages:
                    async for one in messages:
                        note_response(call, one)
                        yield one
        except BaseException as error:
            note_trouble(call, error)
            raise
        finally:
            self._write_down(principal, ready, call)

    async def call(self, principal: Principal, server: str, name: str, arguments: dict[str, Any], caps: Caps) -> Answer:
        """One call by plain HTTP; `Invalid` for arguments that the tool's schema does not allow, `NotFound` for a
        server or tool that is not there, `ServerTrouble` when it does not answer.
        """
        ready = (await self._servers.of(principal.team_id)).get(server)
        tool = None if ready is None else await self._tools.tool(ready, name)
        if ready is None or tool is None:
            raise NotFound(f"There is no tool '{name[:80]}' of a server '{server[:80]}', or it is not accepted yet.")
        check_arguments(tool.value.get("inputSchema", {}), arguments)
        params = {"name": Raw(message.encoded(name)), "arguments": Raw(message.encoded(arguments))}
        response = await response_in(self.asked(principal, ready, name, params, (), caps))
        if "result" not in response:
            raise ServerTrouble(f"'{server}' answers with an error: {message.told(response)}")
        result = message.value_of(response["result"])
        if not isinstance(result, dict):
            raise ServerTrouble(f"'{server}' answers with a result that is no object.")
        return Answer(result, answers.is_error(response["result"]), origin.current().trace_id)

    # — parts —

    def _write_down(self, principal: Principal, ready: Ready, call: ToolCall) -> None:
        call.duration_ns = clock.now_ns() - call.start_ns
        call.attributes["mcp.protocol.version"] = self._ways.version_at(ready)
        self._spans.record(call)
        detail = f"failed: {call.status_message}" if call.failed else "done"
        resource = shown("mcs", ready.server.id)
        self._audited.add(
            Entry(principal, resource, f"{ready.server.name}_{call.tool}", detail[:500], origin.current())
        )


def _question(
    principal: Principal, ready: Ready, tool: str, params: Object, caps: Caps, headers: tuple[Header, ...]
) -> Question:
    """Caps only narrow what holds anyway."""
    timeout_s = min(ready.server.timeout_s, caps.timeout_s or ready.server.timeout_s)
    answer_bytes = min(ready.server.result_bytes, caps.result_bytes or ready.server.result_bytes)
    return Question("tools/call", params, tool, timeout_s, answer_bytes, headers, principal)
