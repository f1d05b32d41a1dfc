"""HTTP for the servers' health."""

from typing import Annotated

from fastapi import APIRouter, Depends

from mno.mcp_gateway.health.schemas import McpCheck, McpHealthList, McpServerHealth
from mno.mcp_gateway.health.service import Health
from mno.platform.http.gate import requires
from mno.platform.ids import parsed
from mno.platform.principal import Principal


def router(health: Health) -> APIRouter:
    routes = APIRouter(prefix="/api/mcp", tags=["mcp"])

    @routes.get("/registry/health")
    async def mcp_health(reader: Annotated[Principal, Depends(requires("mcp.read"))]) -> McpHealthList:
        """How each server does, as the process that answers has seen it; no server is asked."""
        return McpHealthList(items=[McpServerHealth.of(one) for one in await health.of(reader)])

    @routes.post("/registry/{server_id}/check")
    async def check_mcp_server(
        writer: Annotated[Principal, Depends(requires("mcp.write"))], server_id: str
    ) -> McpCheck:
        """Reads a server's tools now, even where its breaker is open, and tells what it said."""
        return McpCheck.of(await health.check(writer, parsed("mcs", server_id)))

    return routes
