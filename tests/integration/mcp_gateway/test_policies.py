"""Rules for tools, over real sockets: who sees and calls what, limits, retries, and what is written down."""

from typing import Any

import httpx
import orjson
import pytest

from integration.mcp_gateway.conftest import Team
from integration.mcp_gateway.test_calls import eventually
from support.promises import PATIENCE_S
from support.upstream import Got, Upstream, Wire


class Tools:
    """A server with the tools `read`, which says that it changes nothing, and `write`. `failures` come first."""

    def __init__(self) -> None:
        self.failures = 0
        self.value: dict[str, Any] = {"content": [], "resultType": "complete"}

    async def answer(self, got: Got, wire: Wire) -> None:
        match got.json["method"]:
            case "server/discover":
                value: dict[str, Any] = {"supportedVersions": ["2026-07-28"], "capabilities": {}}
            case "tools/list":
                schema = {"type": "object"}
                tools = [
                    {"name": "read", "inputSchema": schema, "annotations": {"readOnlyHint": True}},
                    {"name": "write", "inputSchema": schema},
                ]
                value = {"tools": tools}
            case _:
                if self.failures:
                    self.failures -= 1
                    await wire.raw(b"busy", 503)
                    return
                value = self.value
        await wire.json({"jsonrpc": "2.0", "id": got.json["id"], "result": value})


@pytest.fixture
def tools(upstream: Upstream) -> Tools:
    tools = Tools()
    upstream.answer = tools.answer
    return tools


@pytest.fixture
async def ready(team: Team, upstream: Upstream, tools: Tools) -> Team:
    await team.add("up", upstream.url)
    await team.add("side", upstream.url)
    return team


async def add(team: Team, **wish: Any) -> dict[str, Any]:
    answer = await team.admin.post("/api/mcp/policies", json=wish)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def called(team: Team, tool: str, **arguments: Any) -> dict[str, Any]:
    answer = await team.admin.post("/api/mcp/call", json={"server": "up", "tool": tool, "args": arguments})
    return {"status": answer.status_code, **answer.json()}


async def spans(team: Team, trace_id: str) -> list[dict[str, Any]]:
    async def found() -> Any:
        answer = await team.admin.get(f"/api/traces/{trace_id}")
        if answer.status_code != 200:
            return None
        paths = [f"/api/traces/{trace_id}/spans/{one['span_id']}" for one in answer.json()["spans"]]
        read = [await team.admin.get(path) for path in paths]
        return [one.json() for one in read] if all(one.status_code == 200 for one in read) else None

    return list(await eventually(found))


async def grant(team: Team, key: str, name: str, *, effect: str = "allow") -> None:
    """The role Operator's permission to call, on one tool or on a server."""
    roles = (await team.admin.get("/api/rbac/roles")).json()["items"]
    mine = next((one for one in roles if one["name"] == "caller"), None)
    if mine is None:
        made = await team.admin.post("/api/rbac/roles", json={"name": "caller", "permissions": ["mcp.call"]})
        assert made.status_code == 201, made.text
        mine = made.json()
    project = (await team.admin.get("/api/projects")).json()["items"][0]["id"]
    wish = {
        "subject": key,
        "role": mine["id"],
        "scope": {"level": "tool", "project": project, "name": name},
        "effect": effect,
    }
    answer = await team.admin.post("/api/grants", json=wish)
    assert answer.status_code == 201, answer.text


async def test_grants_say_which_tools_a_key_sees_and_calls(ready: Team) -> None:
    made = (await ready.admin.post("/api/keys", json={"name": "narrow", "scopes": ["ingest"]})).json()
    async with httpx.AsyncClient(
        base_url=ready.hub, headers={"authorization": f"Bearer {made['key']}"}, timeout=PATIENCE_S
    ) as caller:
        narrow = Team(ready.hub, ready.admin, caller, made["key"])
        assert (await narrow.ask("tools/list")).status_code == 403
        await grant(ready, made["id"], "up_read")
        assert await narrow.tools() == ["up_read"]
        assert "result" in await narrow.tool("up_read")
        refused = (await narrow.tool("up_write"))["error"]
        assert (refused["code"], "mcp.call is missing" in refused["message"]) == (-32003, True)
        await grant(ready, made["id"], "side")
        assert [name for name in await narrow.tools() if name.startswith("side")] == ["side_read", "side_write"]
        await grant(ready, made["id"], "side_write", effect="deny")
        assert await narrow.tools() == ["side_read", "up_read"]
        assert (await narrow.tool("side_write"))["error"]["code"] == -32003
        plain = await caller.post("/api/mcp/call", json={"server": "up", "tool": "write", "args": {}})
        assert plain.status_code == 403
        before = (await ready.admin.get("/api/config/system", params={"level": "team"})).json()
        off = {"level": "team", "revision": before["revision"], "values": {"systems.mcp": False}}
        assert (await ready.admin.put("/api/config/system", json=off)).status_code < 300
        assert (await narrow.ask("tools/list")).status_code == 403, "what is switched off nobody may on a tool either"


async def test_rules_are_kept_changed_and_removed_and_each_is_audited(ready: Team) -> None:
    approval = {"persons": 2, "lifetime_s": 600, "on_expiry": "deny", "channels": []}
    made = await add(ready, name="careful", server="up", tool="w*", approval=approval, calls_per_day=5)
    assert (made["approval"], made["calls_per_day"], made["counted_by"]) == (approval, 5, "all")
    path = f"/api/mcp/policies/{made['id']}"
    changed = (await ready.admin.patch(path, json={"approval": None, "enabled": False})).json()
    assert changed == {**made, "approval": None, "enabled": False}
    assert (await ready.admin.get("/api/mcp/policies")).json()["items"] == [changed]
    for wish, status in (
        ({"name": "Careful"}, 409),
        ({"name": "x", "tool": "[a]"}, 400),
        ({"name": "x", "approval": {"channels": ["chn_" + "0" * 32]}}, 400),
        ({"name": "x", "calls_per_minute": 0}, 400),
    ):
        assert (await ready.admin.post("/api/mcp/policies", json=wish)).status_code == status, wish
    assert (await ready.caller.post("/api/mcp/policies", json={"name": "y"})).status_code == 403
    assert (await ready.admin.patch(path, json={"counted_by": "key"})).status_code == 409
    assert (await ready.admin.patch(path, json={"name": None})).status_code == 400
    assert (await ready.admin.delete(path)).status_code == 204
    assert (await ready.admin.delete(path)).status_code == 404
    entries = (await ready.admin.get("/api/audit/logs", params={"limit": 200})).json()["items"]
    actions = {one["action"] for one in entries if one["resource"] == made["id"]}
    assert actions == {"mcp_rules.create", "mcp_rules.change", "mcp_rules.delete"}


@pytest.mark.usefixtures("still_clock")
async def test_limits_and_quotas_of_rules_hold_and_say_when_it_fits_again(ready: Team) -> None:
    minute = await add(ready, name="minute", tool="read", calls_per_minute=2, counted_by="tool")
    assert [(await called(ready, "read"))["status"] for _ in range(3)] == [200, 200, 429]
    refused = (await ready.tool("up_read"))["error"]
    assert (refused["code"], "'minute'" in refused["message"]) == (-32005, True)
    assert 1 <= refused["data"]["retryAfterS"] <= 30
    assert "result" in await ready.tool("side_read"), "each tool has a count of its own"
    await ready.admin.patch(f"/api/mcp/policies/{minute['id']}", json={"enabled": False})
    day = await add(ready, name="day", server="up", tool="*", calls_per_day=1, counted_by="key")
    assert [(await called(ready, "write"))["status"] for _ in range(2)] == [200, 429]
    (count,) = (await ready.admin.get(f"/api/mcp/policies/{day['id']}/counts")).json()["items"]
    assert (count["counted"][:4], count["used"], count["quota"], len(count["period"])) == ("key_", 1, 1, 10)
    assert "result" in await ready.tool("up_write"), "another key"
    await add(ready, name="small", server="side", result_bytes=10)
    assert "more than 10 bytes" in (await ready.tool("side_read"))["error"]["message"]


async def test_only_what_is_harmless_is_tried_again(ready: Team, upstream: Upstream, tools: Tools) -> None:
    tools.failures = 1
    assert "503" in (await ready.tool("up_write"))["error"]["message"]
    await add(ready, name="again", server="up", tool="write", idempotent=True, retries=2)
    await add(ready, name="believed", trusts_hints=True, retries=1)
    for tool, failures, works in (("write", 2, True), ("write", 3, False), ("read", 1, True), ("read", 2, False)):
        tools.failures = failures
        before = len([one for one in upstream.got if one.json["method"] == "tools/call"])
        answer = await called(ready, tool)
        asked = len([one for one in upstream.got if one.json["method"] == "tools/call"]) - before
        assert (answer["status"] == 200, asked) == (works, failures + works), (tool, answer)
        tools.failures = 0
    tools.failures = 1
    told = (await spans(ready, (await called(ready, "write"))["trace_id"]))[0]["attributes"]
    assert told["mno.mcp.retries"] == 1


async def test_a_server_that_is_left_alone_is_not_tried_again(ready: Team, upstream: Upstream, tools: Tools) -> None:
    await add(ready, name="again", idempotent=True, retries=5)
    tools.failures = 100
    assert "503" in (await ready.tool("up_write"))["error"]["message"]
    assert len([one for one in upstream.got if one.json["method"] == "tools/call"]) == 5
    assert "again and again" in (await ready.tool("up_write"))["error"]["message"]
    health = (await ready.admin.get("/api/mcp/registry/health")).json()["items"]
    assert {one["breaker"] for one in health} == {"open", "closed"}


async def test_what_a_rule_wants_recorded_stands_redacted_in_the_span(ready: Team, tools: Tools) -> None:
    await add(ready, name="seen", tool="write", records_arguments=True, records_results=True)
    tools.value = {"content": [{"type": "text", "text": "for ann@example.com"}], "_meta": {"cost_usd": 0.25}}
    answer = await called(ready, "write", who="bob@example.com", what="visible")
    told = (await spans(ready, answer["trace_id"]))[0]["attributes"]
    assert orjson.loads(told["gen_ai.tool.call.arguments"]) == {"who": "[email]", "what": "visible"}
    assert "for [email]" in told["gen_ai.tool.call.result"]
    assert told["mno.mcp.cost_usd"] == "0.250000000"
    tools.value = {"content": [], "isError": True}
    told = (await spans(ready, (await called(ready, "read", who="x"))["trace_id"]))[0]["attributes"]
    assert (told["error.type"], told["mno.error.fingerprint"]) == ("tool_error", "up/read/tool_error")
    assert "gen_ai.tool.call.arguments" not in told


async def test_caps_of_a_call_only_narrow_and_are_recorded(ready: Team) -> None:
    async def capped(tool: str, **caps: Any) -> httpx.Response:
        wish = {"server": "up", "tool": tool, "args": {}, "caps": caps}
        return await ready.admin.post("/api/mcp/call", json=wish)

    assert (await capped("write", tools=["up_r*"])).status_code == 403
    assert (await capped("write", read_only=True)).status_code == 403
    answer = await capped("read", tools=["side_*", "up_r*"], read_only=True)
    told = (await spans(ready, answer.json()["trace_id"]))[0]["attributes"]
    assert (told["mno.mcp.caps.tools"], told["mno.mcp.caps.read_only"]) == ("side_*,up_r*", True)

    async def entry() -> Any:
        entries = (await ready.admin.get("/api/audit/logs", params={"limit": 200})).json()["items"]
        return [one for one in entries if one["action"] == "tools.call" and "caps: tools=side_*" in one["detail"]]

    assert await eventually(entry)
