"""A tool that fails becomes an alert: from the call over its span to the rule that watches it."""

from typing import Any

import pytest

from integration.mcp_gateway.conftest import Team
from integration.mcp_gateway.test_calls import calling, eventually
from integration.mcp_gateway.test_registry import modern as answers
from integration.mcp_gateway.test_registry import result
from support.upstream import Got, Upstream, Wire

WISH = {"measure": "tool_errors", "comparison": "above", "threshold": "3", "clear": "1", "window_s": 300}


async def fails(got: Got, wire: Wire) -> None:
    await wire.json(result(got, {"content": [], "isError": True}))


@pytest.fixture
async def ready(team: Team, upstream: Upstream) -> Team:
    upstream.answer = answers
    await team.add("up", upstream.url)
    await team.add("side", upstream.url)
    return team


async def test_a_failing_tool_becomes_an_alert_of_its_own(ready: Team, upstream: Upstream) -> None:
    rule = {"name": "Tools fail", "matches": {"error": ["tool_error"]}, "group_by": "tool", **WISH}
    made = await ready.admin.post("/api/alerts/rules", json=rule)
    assert made.status_code == 201, made.text
    upstream.answer = calling(fails)
    for _ in range(3):
        assert "result" in await ready.tool("up_echo")
    await ready.tool("up_nothing")  # another class of error

    async def alert() -> Any:
        items = (await ready.admin.get("/api/alerts")).json()["items"]
        return [one for one in items if one["rule_name"] == "Tools fail"]

    (found,) = await eventually(alert)
    assert (found["group"], found["measure"], found["state"]) == ("echo", "tool_errors", "firing")
    assert found["labels"] == {"error": "tool_error", "tool": "echo"}
    assert float(found["value"]) == 3


async def test_a_preview_tells_what_a_rule_about_a_tool_would_say(ready: Team, upstream: Upstream) -> None:
    for _ in range(2):
        await ready.tool("side_echo")
    upstream.answer = calling(fails)
    await ready.tool("side_echo")
    wish = {**WISH, "measure": "tool_error_rate", "threshold": "30", "clear": "10", "matches": {"server": ["side"]}}

    async def previewed() -> Any:
        answer = await ready.admin.post("/api/alerts/rules/preview", json=wish)
        assert answer.status_code == 200, answer.text
        present = answer.json()["present"]
        return present if present and present[0]["calls"] == 3 else None

    (present,) = await eventually(previewed)
    assert (round(float(present["value"]), 1), present["breaching"]) == (33.3, True)
    for matches, why in (({"model": ["gpt"]}, "tell calls of tools apart"), ({"tag:x": ["y"]}, "apart")):
        refused = await ready.admin.post("/api/alerts/rules/preview", json={**wish, "matches": matches})
        assert (refused.status_code, why in refused.json()["detail"]) == (400, True)
