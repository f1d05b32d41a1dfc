"""A call from the door to the books: found, limited, asked of its server, passed on, written down.

Whatever happens on the way, one span and one entry of the audit log are made of a call, in a `finally` that needs
nothing of the client.
"""

import contextlib
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mno.mcp_gateway import answers, message
from mno.mcp_gateway.arguments import check_arguments
from mno.mcp_gateway.audited.service import AuditedCalls, Entry
from mno.mcp_gateway.links import Links, Question, ServerTrouble, response_in
from mno.mcp_gateway.message import Header, Object, Raw, Request, RpcError
from mno.mcp_gateway.model import MAX_TOOL_NAME_CHARACTERS, Caps, ToolCall
from mno.mcp_gateway.pace import Paces
from mno.mcp_gateway.ports import Spans
from mno.mcp_gateway.servers.service import Ready, Servers
from mno.mcp_gateway.tools import Judge, Tools, breaker_key, check_breaker
from mno.mcp_gateway.written import begun, note_response, note_trouble
from mno.platform import clock, origin
from mno.platform.breaker import Breakers
from mno.platform.errors import NotFound
from mno.platform.ids import shown
from mno.platform.principal import Principal
from mno.platform.upstream.pool import Guard, Pool

_NO_CAPS = Caps()
#: Notifications about a request that a client is told of.
_PASSED = frozenset({"notifications/progress", "notifications/message"})


@dataclass(frozen=True, slots=True)
class Answer:
    """Of a call by plain HTTP."""

    result: dict[str, Any]
    is_error: bool
    trace_id: str


class Calls:
    """Everything that calls share."""

    def __init__(self, servers: Servers, guard: Guard, spans: Spans, audited: AuditedCalls, judge: Judge) -> None:
        self._servers = servers
        self._spans = spans
        self._audited = audited
        self._links = Links(Pool(guard))
        self._paces = Paces(time.monotonic)
        self.breakers = Breakers(time.monotonic)
        self._tools = Tools(self._links, self.breakers, judge)
        servers.when_changed(self._tools.forget)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with self._audited.running():
            try:
                yield
            finally:
                self._tools.close()
                self._links.close()

    async def answer(
        self, principal: Principal, request: Request, only: str, headers: Sequence[Header]
    ) -> AsyncGenerator[bytes]:
        """Messages for the client, the last one its response; `only` is the one server that it speaks to, or empty.
        An `RpcError` or another of our errors where there is none.
        """
        assert request.id is not None
        servers = self._of(await self._servers.of(principal.team_id), only)
        match request.method, request.is_modern:
            case "tools/call", _:
                async with contextlib.aclosing(self._passed(principal, request, only, headers, servers)) as passed:
                    async for one in passed:
                        yield one
                return
            case "tools/list", _:
                result = answers.listed(request, await self._listed(servers, only))
            case "server/discover", True:
                result = answers.discovered()
            case "initialize", False:
                result = answers.initialized(request)
            case "ping", False:
                result = {}
            case _:
                text = f"The gateway does not know the method '{request.method[:80]}'."
                raise RpcError(message.METHOD_NOT_FOUND, text, request_id=request.id)
        yield message.result_body(request.id, result)

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
        response = await response_in(self._asked(principal, ready, name, params, (), caps))
        if "result" not in response:
            raise ServerTrouble(f"'{server}' answers with an error: {message.told(response)}")
        result = message.value_of(response["result"])
        if not isinstance(result, dict):
            raise ServerTrouble(f"'{server}' answers with a result that is no object.")
        return Answer(result, answers.is_error(response["result"]), origin.current().trace_id)

    # — parts —

    def _of(self, servers: Mapping[str, Ready], only: str) -> Mapping[str, Ready]:
        if not only:
            return servers
        if only not in servers:
            raise NotFound(f"There is no MCP server '{only[:80]}' that is switched on.")
        return {only: servers[only]}

    async def _listed(self, servers: Mapping[str, Ready], only: str) -> list[Object]:
        if only:
            return [tool.definition for tool in await self._tools.of(servers[only])]
        lists = await self._tools.of_all(servers)
        return [tool.prefixed(ready.server.name) for ready, tools in lists for tool in tools]

    async def _passed(
        self, principal: Principal, request: Request, only: str, headers: Sequence[Header], servers: Mapping[str, Ready]
    ) -> AsyncGenerator[bytes]:
        assert request.id is not None
        named = message.text_of(request.params.get("name"))
        if named is None:
            raise RpcError(message.INVALID_PARAMS, "params.name must name a tool.", request_id=request.id)
        # no server's name has an underscore, so the first one stands between server and tool
        server, _, tool = (only, "", named) if only else named.partition("_")
        ready = servers.get(server)
        if ready is None or not 0 < len(tool) <= MAX_TOOL_NAME_CHARACTERS:
            raise RpcError(message.INVALID_PARAMS, f"Unknown tool: {named[:200]}", request_id=request.id)
        params = {**request.params, "name": Raw(message.encoded(tool))}
        if request.meta:
            params["_meta"] = Raw(message.encoded(request.meta))
        mirrored = tuple(one for one in headers if one[0].startswith(b"mcp-param-"))
        asked = self._asked(principal, ready, tool, params, mirrored, _NO_CAPS, headers)
        async with contextlib.aclosing(asked) as messages:
            async for one in messages:
                if "method" not in one:
                    yield answers.passed_on(request, one)
                elif message.text_of(one["method"]) in _PASSED:
                    yield message.encoded(one)

    async def _asked(
        self,
        principal: Principal,
        ready: Ready,
        tool: str,
        params: Object,
        mirrored: tuple[Header, ...],
        caps: Caps,
        headers: Sequence[Header] = (),
    ) -> AsyncGenerator[Object]:
        """The call itself, within the server's limits and its breaker, written down however it ends."""
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
                traced = (b"traceparent", b"00-%b-%b-01" % (call.trace_id.hex().encode(), call.span_id.hex().encode()))
                question = _question(ready, tool, params, caps, (*mirrored, traced))
                async with contextlib.aclosing(self._guarded(ready, question)) as messages:
                    async for one in messages:
                        note_response(call, one)
                        yield one
        except BaseException as error:
            note_trouble(call, error)
            raise
        finally:
            self._write_down(principal, ready, call)

    async def _guarded(self, ready: Ready, question: Question) -> AsyncGenerator[Object]:
        key = breaker_key(ready)
        check_breaker(self.breakers, ready)
        self.breakers.begin(key)
        try:
            async with contextlib.aclosing(self._links.ask(ready, question)) as messages:
                async for one in messages:
                    if "method" not in one:
                        self.breakers.worked(key)
                    yield one
        except ServerTrouble:
            self.breakers.failed(key)
            raise
        except BaseException:
            self.breakers.undecided(key)
            raise

    def _write_down(self, principal: Principal, ready: Ready, call: ToolCall) -> None:
        call.duration_ns = clock.now_ns() - call.start_ns
        call.attributes["mcp.protocol.version"] = self._links.version_at(ready)
        self._spans.record(call)
        detail = f"failed: {call.status_message}" if call.failed else "done"
        resource = shown("mcs", ready.server.id)
        self._audited.add(
            Entry(principal, resource, f"{ready.server.name}_{call.tool}", detail[:500], origin.current())
        )


def _question(ready: Ready, tool: str, params: Object, caps: Caps, headers: tuple[Header, ...]) -> Question:
    """Caps only narrow what holds anyway."""
    timeout_s = min(ready.server.timeout_s, caps.timeout_s or ready.server.timeout_s)
    answer_bytes = min(ready.server.result_bytes, caps.result_bytes or ready.server.result_bytes)
    return Question("tools/call", params, tool, timeout_s, answer_bytes, headers)
