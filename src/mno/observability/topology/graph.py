"""A graph that can be looked at: the busiest nodes of each kind, the others of the kind together. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from math import ceil

from mno.observability.topology.model import Graph, Node, NodeKind, TopologyLink, Traffic

_NOTHING = Traffic(0, 0, 0, Decimal(0), {})


def graph_of(links: Sequence[TopologyLink], most: int, *, is_cut: bool = False) -> Graph:
    """At most `most` nodes of each kind, and one for the rest; no call is left out."""
    kept = _busiest(links, most)
    joined: dict[tuple[Node, Node], Traffic] = {}
    for link in links:
        ends = _shown(link.caller, kept), _shown(link.called, kept)
        joined[ends] = joined.get(ends, _NOTHING) + link.traffic
    shown = [TopologyLink(caller, called, traffic) for (caller, called), traffic in joined.items()]
    shown.sort(key=lambda link: (-link.traffic.calls, link.caller, link.called))
    return Graph(_nodes(shown), shown, is_cut)


def quantile_ms(latency: Mapping[int, int], share: float) -> float | None:
    """The duration within which this share of calls ended, within 1 %; None without calls."""
    calls = sum(latency.values())
    if calls <= 0:
        return None
    wanted, seen, bucket = ceil(share * calls), 0, 0
    for bucket in sorted(latency):
        seen += latency[bucket]
        if seen >= wanted:
            break
    return float(1.02 ** max(bucket - 0.5, 0) / 1000)


def _busiest(links: Iterable[TopologyLink], most: int) -> set[Node]:
    calls: dict[Node, int] = {}
    for link in links:
        for node in {link.caller, link.called}:
            calls[node] = calls.get(node, 0) + link.traffic.calls
    ranked = sorted(calls, key=lambda node: (-calls[node], node))
    return {node for kind in NodeKind for node in [one for one in ranked if one.kind is kind][:most]}


def _shown(node: Node, kept: set[Node]) -> Node:
    return node if node in kept else Node(node.kind, "", is_rest=True)


def _nodes(links: Iterable[TopologyLink]) -> list[tuple[Node, Traffic]]:
    """What was called of each; for one that nobody calls, what it calls itself counts for its place and not for it."""
    called: dict[Node, Traffic] = {}
    weight: dict[Node, int] = {}
    for link in links:
        called[link.called] = called.get(link.called, _NOTHING) + link.traffic
        called.setdefault(link.caller, _NOTHING)
        for node in {link.caller, link.called}:
            weight[node] = weight.get(node, 0) + link.traffic.calls
    return sorted(called.items(), key=lambda item: (-weight[item[0]], item[0]))
