"""HTTP for the topology."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from mno.observability.costs.question import UsageFilter
from mno.observability.costs.routes import Window, asked_filter
from mno.observability.spans.queries import Tenant
from mno.observability.spans.routes import SpanReader
from mno.observability.topology.model import DEFAULT_TOPOLOGY_NODES, MAX_TOPOLOGY_NODES
from mno.observability.topology.schemas import ServerTraffic, ServerTrafficList, TopologyShape, TopologyTraffic
from mno.observability.topology.service import Topology
from mno.platform.principal import Principal

Asked = Annotated[UsageFilter, Depends(asked_filter)]


def router(topology: Topology) -> APIRouter:
    """Everything under /api/topology."""
    routes = APIRouter(prefix="/api", tags=["topology"])

    @routes.get("/topology")
    async def topology_of(
        reader: SpanReader,
        window: Window,
        asked: Asked,
        nodes: Annotated[
            int, Query(ge=1, le=MAX_TOPOLOGY_NODES, description="Of each kind; the rest of a kind is one node.")
        ] = DEFAULT_TOPOLOGY_NODES,
    ) -> TopologyShape:
        """Who called whom: applications, agents, tools, MCP servers and models, from the spans of the range."""
        return TopologyShape.of(await topology.graph(_tenant(reader), window, asked, nodes), window)

    @routes.get("/topology/servers")
    async def server_traffic(reader: SpanReader, window: Window, asked: Asked) -> ServerTrafficList:
        """Calls of MCP servers that went through the hub, the busiest server first."""
        found = await topology.servers(_tenant(reader), window, asked)
        return ServerTrafficList(
            items=[ServerTraffic(server=name, traffic=TopologyTraffic.of(traffic)) for name, traffic in found]
        )

    return routes


def _tenant(reader: Principal) -> Tenant:
    return Tenant(str(reader.team_id), str(reader.project_id))
