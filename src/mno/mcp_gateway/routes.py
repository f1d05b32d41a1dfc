"""The registry and a call over plain HTTP. MCP itself does not come this way: see entrance.py."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path, Query, Response

from mno.mcp_gateway.calls.service import Calls, CallWaitsError
from mno.mcp_gateway.gated.model import MAX_IDEMPOTENCY_KEY_CHARACTERS
from mno.mcp_gateway.gated.rules import IDEMPOTENCY_HEADER
from mno.mcp_gateway.gated.schemas import GatedCallShape
from mno.mcp_gateway.model import MAX_TOOL_NAME_CHARACTERS
from mno.mcp_gateway.offers.pins.service import Pins
from mno.mcp_gateway.schemas import (
    McpCallResult,
    McpCallWish,
    McpImport,
    McpImported,
    McpOperationList,
    McpServerChange,
    McpServerList,
    McpServerShape,
    McpServerWish,
    McpToolList,
    McpToolShape,
    ToolAcceptance,
)
from mno.mcp_gateway.service import Registry
from mno.platform.http.gate import requires
from mno.platform.ids import parsed
from mno.platform.principal import Principal

Reader = Annotated[Principal, Depends(requires("mcp.read"))]
Writer = Annotated[Principal, Depends(requires("mcp.write"))]
ToolUser = Annotated[Principal, Depends(requires("mcp.call", below=True))]
_WAITING: dict[int | str, dict[str, Any]] = {202: {"model": GatedCallShape, "description": "It waits for approval."}}
ToolName = Annotated[str, Path(min_length=1, max_length=MAX_TOOL_NAME_CHARACTERS)]


def router(registry: Registry, pins: Pins, calls: Calls) -> APIRouter:
    routes = APIRouter(prefix="/api/mcp", tags=["mcp"])

    @routes.get("/registry")
    async def list_mcp_servers(reader: Reader) -> McpServerList:
        """The team's MCP servers, without their credentials."""
        return McpServerList(items=[McpServerShape.of(one) for one in await registry.servers(reader)])

    @routes.post("/registry", status_code=201)
    async def add_mcp_server(writer: Writer, wish: McpServerWish) -> McpServerShape:
        """Adds a server; its credential and its environment are kept encrypted and never shown again."""
        return McpServerShape.of(await registry.add(writer, wish.fields(), wish.given()))

    @routes.post("/registry/import")
    async def import_mcp_servers(
        writer: Writer,
        document: McpImport,
        preview: Annotated[bool, Query(description="true: only says what would be added.")] = False,
    ) -> McpImported:
        """Adds the servers of a document (`mcpServers`, `server.json`); names those that cannot be, with the reason."""
        added, left = await registry.import_all(writer, document.model_dump(exclude_unset=True), preview=preview)
        return McpImported(items=[McpServerShape.of(one) for one in added], left=left)

    @routes.patch("/registry/{server_id}")
    async def change_mcp_server(writer: Writer, server_id: str, change: McpServerChange) -> McpServerShape:
        """Changes what is named; another address or kind of credential needs the credential again."""
        changed = await registry.change(writer, parsed("mcs", server_id), change.fields(), change.given())
        return McpServerShape.of(changed)

    @routes.delete("/registry/{server_id}", status_code=204)
    async def remove_mcp_server(writer: Writer, server_id: str) -> None:
        """Removes a server and its credential."""
        await registry.remove(writer, parsed("mcs", server_id))

    @routes.get("/registry/{server_id}/operations")
    async def list_mcp_operations(reader: Reader, server_id: str) -> McpOperationList:
        """Operations of a server's OpenAPI document: which tool each is, and which cannot be one."""
        return McpOperationList.of(await registry.operations(reader, parsed("mcs", server_id)))

    @routes.get("/registry/{server_id}/tools")
    async def list_mcp_tools(reader: Reader, server_id: str) -> McpToolList:
        """Every tool that was seen at a server: accepted, new, or changed and held back, with the differences."""
        return McpToolList(items=[McpToolShape.of(*one) for one in await pins.of(reader, parsed("mcs", server_id))])

    @routes.post("/registry/{server_id}/tools/{tool}/accept")
    async def accept_mcp_tool(writer: Writer, server_id: str, tool: ToolName, seen: ToolAcceptance) -> McpToolShape:
        """Accepts what a server offers of a tool; it can be used from then on."""
        return McpToolShape.of(*await pins.accept(writer, parsed("mcs", server_id), tool, seen.digest))

    @routes.post("/call", responses=_WAITING)
    async def call_tool(
        user: ToolUser,
        wish: McpCallWish,
        response: Response,
        idempotency_key: Annotated[
            str, Header(max_length=MAX_IDEMPOTENCY_KEY_CHARACTERS, description="Of a call that needs approval.")
        ] = "",
    ) -> McpCallResult | GatedCallShape:
        """Calls one tool; its arguments are checked against its schema first (JSON Schema 2020-12).

        202 for a call that still waits for approval when its time is over: ask again, or at `/api/mcp/calls/{id}`.
        """
        headers = [(IDEMPOTENCY_HEADER, idempotency_key.encode("latin-1", "replace"))] if idempotency_key else []
        try:
            answer = await calls.call(user, wish.server, wish.tool, wish.args, wish.caps.caps(), headers)
        except CallWaitsError as waiting:
            response.status_code = 202
            return GatedCallShape.of(waiting.call)
        return McpCallResult(result=answer.result, is_error=answer.is_error, trace_id=answer.trace_id)

    return routes
