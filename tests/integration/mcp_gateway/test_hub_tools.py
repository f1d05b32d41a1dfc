"""An agent asks the hub itself: what was spent yesterday, what fires, how it does."""

from datetime import timedelta
from typing import Any

import pytest
from mcp import Client

from integration.mcp_gateway.conftest import Team
from integration.mcp_gateway.test_builtin import client_of, key_of, names
from integration.mcp_gateway.test_calls import eventually
from mno.platform import clock

MONITORING = {
    f"monitoring.{name}" for name in ("spend", "traces", "budgets", "anomalies", "alerts", "acknowledge_alert")
}


async def told(client: Client, tool: str, **arguments: Any) -> tuple[dict[str, Any], str]:
    """What a tool answers to programs, and to readers."""
    found = await client.call_tool(tool, arguments)
    assert not found.is_error, found.content
    assert found.structured_content is not None
    return found.structured_content, found.content[0].text  # type: ignore[union-attr]


async def spent(team: Team, **event: Any) -> None:
    wish = [{"provider": "openai", "model": "gpt-4o", "input_tokens": 10, **event}]
    assert (await team.admin.post("/api/usage-events", json=wish)).status_code < 300


@pytest.mark.usefixtures("still_clock")
async def test_what_was_spent_yesterday_is_asked_with_the_sdk(team: Team) -> None:
    yesterday = clock.now().replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=1)
    await spent(team, cost=1.25, time=yesterday.isoformat())
    await spent(team, cost=2, model="o3", time=yesterday.isoformat())
    await spent(team, cost=40, time=(yesterday - timedelta(days=1)).isoformat())
    async with client_of(team, await key_of(team, "tools", "read"), "/mcp/monitoring") as client:
        assert await names(client) == MONITORING - {"monitoring.acknowledge_alert"}

        async def arrived() -> bool:
            return bool((await told(client, "monitoring.spend", days="last_7_days"))[0]["total"]["calls"] == 3)

        await eventually(arrived)
        found, words = await told(client, "monitoring.spend", days="yesterday", group_by=["model"])
    assert found["total"]["cost"] == "3.250000000"
    assert [(row["model"], row["cost"]) for row in found["rows"]] == [("o3", "2.000000000"), ("gpt-4o", "1.250000000")]
    assert words.startswith("3.250000000 USD in 2 calls from ")
    assert "o3: 2.000000000 USD in 1 calls" in words


async def test_an_alert_is_found_and_taken_on(team: Team) -> None:
    rule = {"name": "Dear", "measure": "cost", "threshold": "1"}
    assert (await team.admin.post("/api/alerts/rules", json=rule)).status_code == 201
    await spent(team, cost=1.5)
    async with client_of(team, await key_of(team, "admin"), "/mcp/monitoring") as client:
        assert await names(client) == MONITORING

        async def fires() -> Any:
            return (await told(client, "monitoring.alerts", state="firing"))[0]["items"]

        (alert,) = await eventually(fires)
        taken, words = await told(client, "monitoring.acknowledge_alert", alert=alert["id"], note="mine")
        assert (taken["state"], "Dear is acknowledged" in words) == ("acknowledged", True)
        unknown = await client.call_tool("monitoring.acknowledge_alert", {"alert": "alt_" + "0" * 32})
        assert unknown.is_error


async def test_traces_budgets_and_anomalies_are_read(team: Team) -> None:
    budget = {"name": "Research", "limit": "10", "period": "day"}
    assert (await team.admin.post("/api/budgets", json=budget)).status_code == 201
    await spent(team, cost=1.5, agent="scout")
    async with client_of(team, await key_of(team, "tools", "read"), "/mcp/monitoring") as client:

        async def traced() -> Any:
            return (await told(client, "monitoring.traces", agents=["scout"]))[0]["items"]

        (trace,) = await eventually(traced)
        assert (trace["agent"], trace["cost"]) == ("scout", "1.500000000")
        found, words = await told(client, "monitoring.budgets")
        assert ([one["name"] for one in found["items"]], "Research: " in words) == (["Research"], True)
        assert (await told(client, "monitoring.anomalies"))[1] == "There is no anomaly."


async def test_the_registry_and_the_health_of_the_hub_are_read(team: Team) -> None:
    await team.add("weather", "https://weather.example.com/mcp", credential_kind="bearer", credential="kept-secret-1")
    async with client_of(team, await key_of(team, "tools", "read"), "/mcp/admin") as client:
        assert await names(client) == {"admin.registry", "admin.health"}
        found, words = await told(client, "admin.registry")
        assert [(one["entry"]["name"], one["health"]["state"]) for one in found["items"]] == [("weather", "unknown")]
        assert (words, "kept-secret" in str(found)) == ("weather: unknown, 0 tools", False)
        health, words = await told(client, "admin.health")
        assert (health["status"], words.startswith("The hub is ok")) == ("ok", True)
