"""HTTP for the hub's own servers: which there are. They are called as all others are."""

from typing import Annotated

from fastapi import APIRouter, Depends

from mno.mcp_gateway.ways.builtin.schemas import HubServerList, HubServerShape
from mno.mcp_gateway.ways.builtin.way import Builtin
from mno.platform.http.gate import requires
from mno.platform.principal import Principal


def router(builtin: Builtin) -> APIRouter:
    routes = APIRouter(prefix="/api/mcp", tags=["mcp"])

    @routes.get("/builtin")
    async def list_hub_servers(reader: Annotated[Principal, Depends(requires("mcp.read"))]) -> HubServerList:
        """The hub's own MCP servers with their tools, and which of these the caller may use."""
        return HubServerList(items=[HubServerShape.of(one, reader) for one in builtin.servers])

    return routes
