"""What a topology consists of: who calls, who is called, and how that went."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

#: Nodes of one kind that a topology may show; the rest of the kind is one node.
MAX_TOPOLOGY_NODES = 50
#: And unless the caller asks for another number.
DEFAULT_TOPOLOGY_NODES = 12
#: Links between nodes that are read, the busiest.
MAX_TOPOLOGY_LINKS = 5_000
#: Servers whose calls are told.
MAX_TOPOLOGY_SERVERS = 500


class NodeKind(StrEnum):
    """What takes part in a call."""

    #: The service whose span it is, where no agent is named.
    APPLICATION = "application"
    AGENT = "agent"
    TOOL = "tool"
    #: An MCP server behind the hub.
    SERVER = "server"
    MODEL = "model"


class Node(NamedTuple):
    """One that calls or is called. `is_rest`: all others of its kind together."""

    kind: NodeKind
    #: Empty for an application that does not say its name.
    name: str
    is_rest: bool = False


@dataclass(frozen=True, slots=True)
class Traffic:
    """Calls and how they went. `cost` is in USD, of the priced ones; `latency` counts calls by bucket (bucket n holds
    durations up to 1.02^n microseconds).
    """

    calls: int
    errors: int
    unpriced_calls: int
    cost: Decimal
    latency: Mapping[int, int]

    def __add__(self, other: "Traffic") -> "Traffic":
        buckets = {
            bucket: self.latency.get(bucket, 0) + other.latency.get(bucket, 0)
            for bucket in self.latency.keys() | other.latency.keys()
        }
        return Traffic(
            self.calls + other.calls,
            self.errors + other.errors,
            self.unpriced_calls + other.unpriced_calls,
            self.cost + other.cost,
            buckets,
        )


@dataclass(frozen=True, slots=True)
class TopologyLink:
    """Calls of one by another."""

    caller: Node
    called: Node
    traffic: Traffic


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes with what was called of them, the busiest first. `is_cut`: there were more links than are read."""

    nodes: list[tuple[Node, Traffic]]
    links: list[TopologyLink]
    is_cut: bool
