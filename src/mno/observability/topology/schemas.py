"""Wire shapes of a topology. Money is a string of USD, durations are milliseconds."""

from pydantic import BaseModel, ConfigDict, Field

from mno.observability.topology.graph import quantile_ms
from mno.observability.topology.model import Graph, Node, NodeKind, TopologyLink, Traffic
from mno.platform.time_range import TimeRange
from mno.platform.time_range import shown as shown_time


class TopologyTraffic(BaseModel):
    """Calls and how they went."""

    calls: int
    errors: int
    unpriced_calls: int
    cost: str = Field(description="Of the calls whose price is known.")
    latency_ms_p50: float | None
    latency_ms_p95: float | None

    @classmethod
    def of(cls, traffic: Traffic) -> "TopologyTraffic":
        return cls(
            calls=traffic.calls,
            errors=traffic.errors,
            unpriced_calls=traffic.unpriced_calls,
            cost=f"{traffic.cost:.9f}",
            latency_ms_p50=quantile_ms(traffic.latency, 0.5),
            latency_ms_p95=quantile_ms(traffic.latency, 0.95),
        )


class TopologyNode(BaseModel):
    """`traffic` is what was called of it."""

    id: str
    kind: NodeKind
    name: str = Field(description="Empty for an application without a name, and for the rest.")
    rest: bool = Field(description="All nodes of the kind that are not shown one by one.")
    traffic: TopologyTraffic


class TopologyEdge(BaseModel):
    """`from` called `to`; both are ids of nodes."""

    model_config = ConfigDict(populate_by_name=True)

    from_: str = Field(alias="from")
    to: str
    traffic: TopologyTraffic

    @classmethod
    def of(cls, link: TopologyLink) -> "TopologyEdge":
        return cls(**{"from": _id(link.caller)}, to=_id(link.called), traffic=TopologyTraffic.of(link.traffic))


class TopologyShape(BaseModel):
    """The busiest first."""

    model_config = ConfigDict(populate_by_name=True)

    from_: str = Field(alias="from")
    to: str
    nodes: list[TopologyNode]
    edges: list[TopologyEdge]
    cut: bool = Field(description="There were more links than are read; the least busy are missing.")

    @classmethod
    def of(cls, graph: Graph, window: TimeRange) -> "TopologyShape":
        return cls(
            **{"from": shown_time(window.start)},
            to=shown_time(window.end),
            nodes=[
                TopologyNode(
                    id=_id(node),
                    kind=node.kind,
                    name=node.name,
                    rest=node.is_rest,
                    traffic=TopologyTraffic.of(traffic),
                )
                for node, traffic in graph.nodes
            ],
            edges=[TopologyEdge.of(link) for link in graph.links],
            cut=graph.is_cut,
        )


class ServerTraffic(BaseModel):
    """Calls of one MCP server through the hub."""

    server: str
    traffic: TopologyTraffic


class ServerTrafficList(BaseModel):
    items: list[ServerTraffic]


def _id(node: Node) -> str:
    # no name begins with a colon after its kind but that of the rest
    return f"{node.kind}::rest" if node.is_rest else f"{node.kind}:{node.name}"
