"""Who called whom, out of real spans in a real store, worked out by hand."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import orjson
import pytest

from mno.observability.spans.model import Span, UsageKind
from mno.observability.spans.queries import Tenant
from mno.observability.topology.queries import TopologyQueries
from mno.observability.topology.routes import router
from mno.observability.topology.service import Topology
from mno.platform.clickhouse import ClickHouse
from mno.platform.http.app import add_routes, bare_app
from support.arriving import SECOND_NS, a_span, arrive, restate
from support.gatekeeper import Gatekeeper, a_reader

NOVEMBER = {"from": "2026-11-01T00:00:00Z", "to": "2026-12-01T00:00:00Z"}


@pytest.fixture
async def client(clickhouse: ClickHouse, tenant: Tenant) -> AsyncIterator[httpx.AsyncClient]:
    app = bare_app(version="test", authenticator=Gatekeeper({"mno_reader": a_reader(tenant, "spans.read")}))
    add_routes(app, router(Topology(TopologyQueries(clickhouse))))
    headers = {"authorization": "Bearer mno_reader"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://mno", headers=headers) as client:
        yield client


def a_call(trace: int, span: int, model: str = "gpt-5", *, parent: int | None = None, **fields: Any) -> Span:
    told: dict[str, Any] = {"cost": 2 * 10**9, "counted": True, **fields}
    return a_span(trace, span, parent=parent, model=model, usage_kind=UsageKind.CALL, operation="chat", **told)


def through_the_hub(trace: int, span: int, server: str, tool: str, **fields: Any) -> Span:
    return a_span(
        trace,
        span,
        tool=tool,
        scope="mno.gateway",
        operation="execute_tool",
        attributes=orjson.dumps({"mno.mcp.server": server}).decode(),
        **fields,
    )


async def edges(client: httpx.AsyncClient, **query: Any) -> dict[tuple[str, str], dict[str, Any]]:
    answer = await client.get("/api/topology", params={**NOVEMBER, **query})
    assert answer.status_code == 200, answer.text
    return {(one["from"], one["to"]): one["traffic"] for one in answer.json()["edges"]}


async def test_an_agent_calls_models_and_tools_and_a_tool_what_happens_in_it(
    client: httpx.AsyncClient, clickhouse: ClickHouse, tenant: Tenant
) -> None:
    agent = a_span(1, 1, operation="invoke_agent", agent="planner", service="shop")
    steps = [a_span(1, 2, parent=1, name="chain"), a_span(1, 3, parent=2, name="chain in a chain")]
    tool = a_span(1, 5, parent=3, tool="search", operation="execute_tool", status="error")
    inner = a_call(1, 6, "mini", parent=5, agent="planner")
    helper = a_span(1, 7, parent=5, operation="invoke_agent", agent="helper")
    arrive(clickhouse, tenant, [agent, *steps, a_call(1, 4, parent=3), tool, inner, helper, a_call(1, 8, parent=7)])
    found = await edges(client)
    assert set(found) == {
        ("application:shop", "agent:planner"),
        ("agent:planner", "model:gpt-5"),
        ("agent:planner", "tool:search"),
        ("tool:search", "model:mini"),
        ("tool:search", "agent:helper"),
        ("agent:helper", "model:gpt-5"),
    }
    assert (found["agent:planner", "tool:search"]["calls"], found["agent:planner", "tool:search"]["errors"]) == (1, 1)
    assert found["agent:planner", "model:gpt-5"]["cost"] == "2.000000000"


async def test_a_call_through_the_hub_joins_its_clients_span_of_the_same_tool(
    client: httpx.AsyncClient, clickhouse: ClickHouse, tenant: Tenant
) -> None:
    asked = a_span(1, 1, tool="weather_forecast", agent="planner", operation="execute_tool")
    arrive(clickhouse, tenant, [asked, through_the_hub(1, 2, "weather", "forecast", parent=1)])
    arrive(
        clickhouse, tenant, [through_the_hub(2, 3, "weather", "forecast", status="error", duration_ns=3 * SECOND_NS)]
    )
    found = await edges(client)
    assert {ends: traffic["calls"] for ends, traffic in found.items()} == {
        ("agent:planner", "tool:weather_forecast"): 1,
        ("application:", "tool:weather_forecast"): 1,
        ("tool:weather_forecast", "server:weather"): 2,
    }
    servers = (await client.get("/api/topology/servers", params=NOVEMBER)).json()["items"]
    [told] = servers
    assert (told["server"], told["traffic"]["calls"], told["traffic"]["errors"]) == ("weather", 2, 1)
    assert told["traffic"]["latency_ms_p50"] == pytest.approx(1000, rel=0.01)
    assert told["traffic"]["latency_ms_p95"] == pytest.approx(3000, rel=0.01)


async def test_a_tool_of_the_hubs_own_has_its_servers_name_once(
    client: httpx.AsyncClient, clickhouse: ClickHouse, tenant: Tenant
) -> None:
    arrive(clickhouse, tenant, [through_the_hub(1, 1, "logs", "logs.query", agent="planner")])
    assert set(await edges(client)) == {("agent:planner", "tool:logs_query"), ("tool:logs_query", "server:logs")}


async def test_a_restated_call_counts_once_with_what_it_cost_last(
    client: httpx.AsyncClient, clickhouse: ClickHouse, tenant: Tenant
) -> None:
    calls = [a_call(1, 1, agent="planner", cost=None), a_call(1, 2, agent="planner")]
    arrive(clickhouse, tenant, calls)
    assert (await edges(client))["agent:planner", "model:gpt-5"]["unpriced_calls"] == 1
    restate(clickhouse, tenant, calls[:1], cost=5)
    restate(clickhouse, tenant, calls[1:], counted=0)
    [(ends, traffic)] = (await edges(client)).items()
    assert ends == ("agent:planner", "model:gpt-5")
    assert (traffic["calls"], traffic["unpriced_calls"], traffic["cost"]) == (1, 0, "5.000000000")


async def test_filters_narrow_what_is_called_and_callers_are_found_all_the_same(
    client: httpx.AsyncClient, clickhouse: ClickHouse, tenant: Tenant
) -> None:
    agent = a_span(1, 1, operation="invoke_agent", agent="planner")
    arrive(
        clickhouse,
        tenant,
        [agent, a_call(1, 2, parent=1, environment="production"), a_call(1, 3, "mini", parent=1, tags=("team=blue",))],
    )
    assert set(await edges(client, environment="production")) == {("agent:planner", "model:gpt-5")}
    assert set(await edges(client, **{"tag:team": "blue"})) == {("agent:planner", "model:mini")}
    assert await edges(client, model="none") == {}


async def test_parents_in_a_circle_and_a_span_that_is_its_own_parent_do_no_harm(
    client: httpx.AsyncClient, clickhouse: ClickHouse, tenant: Tenant
) -> None:
    arrive(clickhouse, tenant, [a_span(1, 1, parent=2), a_span(1, 2, parent=1), a_call(1, 3, parent=1, service="s")])
    arrive(clickhouse, tenant, [a_call(2, 4, parent=4, service="s")])
    found = await edges(client)
    assert {ends: traffic["calls"] for ends, traffic in found.items()} == {("application:s", "model:gpt-5"): 2}


async def test_another_project_is_not_seen_and_a_key_without_the_right_sees_nothing(
    client: httpx.AsyncClient, clickhouse: ClickHouse, tenant: Tenant
) -> None:
    arrive(clickhouse, Tenant(tenant.team_id, "00000000-0000-0000-0000-000000000009"), [a_call(1, 1)])
    assert await edges(client) == {}
    assert (await client.get("/api/topology", headers={"authorization": "Bearer mno_other"})).status_code == 401
    assert (await client.get("/api/topology", params={**NOVEMBER, "nodes": 51})).status_code in (400, 422)
