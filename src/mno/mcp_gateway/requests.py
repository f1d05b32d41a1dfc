"""What a client asks of the gateway: each method answered here, or passed on to the server that it is about."""

import contextlib
from collections.abc import AsyncGenerator, Mapping, Sequence

from mno.mcp_gateway import answers, message
from mno.mcp_gateway.access import Access
from mno.mcp_gateway.calls import NO_CAPS, Calls
from mno.mcp_gateway.message import Header, Object, Raw, Request, RpcError
from mno.mcp_gateway.model import MAX_TOOL_NAME_CHARACTERS
from mno.mcp_gateway.servers.service import Ready, Servers
from mno.mcp_gateway.tools import Tools
from mno.platform.errors import NotFound
from mno.platform.principal import Principal

#: Notifications about a request that a client is told of.
_PASSED = frozenset({"notifications/progress", "notifications/message"})


class Requests:
    """Of all clients."""

    def __init__(self, servers: Servers, tools: Tools, access: Access, calls: Calls) -> None:
        self._servers = servers
        self._tools = tools
        self._access = access
        self._calls = calls

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
                async with contextlib.aclosing(self._called(principal, request, only, headers, servers)) as passed:
                    async for one in passed:
                        yield one
                return
            case "tools/list", _:
                result = answers.listed(request, await self._listed(principal, servers, only))
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

    # — parts —

    def _of(self, servers: Mapping[str, Ready], only: str) -> Mapping[str, Ready]:
        if not only:
            return servers
        if only not in servers:
            raise NotFound(f"There is no MCP server '{only[:80]}' that is switched on.")
        return {only: servers[only]}

    async def _listed(self, principal: Principal, servers: Mapping[str, Ready], only: str) -> list[Object]:
        if only:
            ready = servers[only]
            return [one.definition for one in self._access.usable(principal, ready, await self._tools.of(ready))]
        lists = await self._tools.of_all(servers)
        usable = self._access.usable
        return [tool.prefixed(ready) for ready, tools in lists for tool in usable(principal, ready, tools)]

    async def _called(
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
        tool = tool if only else ready.inner_name(tool)
        params = {**request.params, "name": Raw(message.encoded(tool))}
        if request.meta:
            params["_meta"] = Raw(message.encoded(request.meta))
        asked = self._calls.asked(principal, ready, tool, params, headers, NO_CAPS)
        async with contextlib.aclosing(asked) as messages:
            async for one in messages:
                if "method" not in one:
                    yield answers.passed_on(request, one)
                elif message.text_of(one["method"]) in _PASSED:
                    yield message.encoded(one)
