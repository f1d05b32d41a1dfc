"""What of a topology is shown one by one, and that nothing is lost by showing less."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from mno.observability.topology.graph import graph_of, quantile_ms
from mno.observability.topology.model import Node, NodeKind, TopologyLink, Traffic


def a_link(caller: str, called: str, calls: int = 1) -> TopologyLink:
    latency = {100: calls}
    traffic = Traffic(calls, 0, 0, Decimal(calls), latency)
    return TopologyLink(Node(NodeKind.AGENT, caller), Node(NodeKind.TOOL, called), traffic)


LINKS = st.lists(
    st.builds(a_link, st.sampled_from("abcde"), st.sampled_from("vwxyz"), st.integers(1, 1000)), max_size=30
)


@given(LINKS, st.integers(1, 6))
def test_every_call_is_shown_and_no_kind_has_more_nodes_than_asked(links: list[TopologyLink], most: int) -> None:
    graph = graph_of(links, most)
    calls = sum(link.traffic.calls for link in links)
    assert sum(link.traffic.calls for link in graph.links) == calls
    assert sum(sum(link.traffic.latency.values()) for link in graph.links) == calls
    assert sum(traffic.calls for _, traffic in graph.nodes) == calls
    assert len({(link.caller, link.called) for link in graph.links}) == len(graph.links)
    for kind in NodeKind:
        named = [node for node, _ in graph.nodes if node.kind is kind and not node.is_rest]
        assert len(named) <= most
    ends = {end for link in graph.links for end in (link.caller, link.called)}
    assert ends == {node for node, _ in graph.nodes}


def test_the_busiest_are_shown_and_the_others_are_one_node() -> None:
    graph = graph_of([a_link("a", "x", 5), a_link("b", "y", 3), a_link("c", "z", 2)], 1)
    shown = {(link.caller.name or "rest", link.called.name or "rest"): link.traffic.calls for link in graph.links}
    assert shown == {("a", "x"): 5, ("rest", "rest"): 5}


def test_a_quantile_is_within_a_hundredth_and_nothing_has_none() -> None:
    assert quantile_ms({}, 0.5) is None
    second = 698  # 1.02^698 microseconds are a second
    assert abs((quantile_ms({second: 9, second + 35: 1}, 0.5) or 0) - 1000) < 12
    assert abs((quantile_ms({second: 9, second + 35: 1}, 0.95) or 0) - 2000) < 24
