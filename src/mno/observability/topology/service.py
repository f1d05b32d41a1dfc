"""Answers who called whom in a range of time."""

from mno.observability.costs.question import UsageFilter
from mno.observability.spans.queries import Tenant
from mno.observability.topology.graph import graph_of
from mno.observability.topology.model import MAX_TOPOLOGY_LINKS, Graph, Traffic
from mno.observability.topology.queries import TopologyQueries
from mno.platform.time_range import TimeRange


class Topology:
    """Reads links, shows as many nodes as can be looked at. `LimitExceeded` for a range with too many spans."""

    def __init__(self, queries: TopologyQueries) -> None:
        self._queries = queries

    async def graph(self, tenant: Tenant, window: TimeRange, asked: UsageFilter, most: int) -> Graph:
        """`most` nodes of each kind, the others of the kind as one."""
        links = await self._queries.links(tenant, window, asked)
        return graph_of(links[:MAX_TOPOLOGY_LINKS], most, is_cut=len(links) > MAX_TOPOLOGY_LINKS)

    async def servers(self, tenant: Tenant, window: TimeRange, asked: UsageFilter) -> list[tuple[str, Traffic]]:
        """Calls through the hub by MCP server, the busiest first."""
        return await self._queries.servers(tenant, window, asked)
