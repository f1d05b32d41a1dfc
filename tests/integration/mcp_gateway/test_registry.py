"""The registry of servers: what is kept, what is refused, and that a credential is never shown."""

from typing import Any

import pytest

from integration.mcp_gateway.conftest import Team
from support.upstream import Got, Upstream, Wire

SECRET = "server-credential-0123456789"


def result(request: Got, value: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": request.json["id"], "result": value}


async def modern(got: Got, wire: Wire) -> None:
    """A server of the newer era with the tool `echo`, which says that it was called."""
    match got.json["method"]:
        case "server/discover":
            value: dict[str, Any] = {"supportedVersions": ["2026-07-28"], "capabilities": {}, "resultType": "complete"}
        case "tools/list":
            value = {"tools": [{"name": "echo", "inputSchema": {"type": "object"}}], "resultType": "complete"}
        case _:
            value = {"content": [{"type": "text", "text": "called"}], "resultType": "complete"}
    await wire.json(result(got, value))


async def test_a_server_is_added_changed_and_removed_and_each_is_audited(team: Team) -> None:
    made = await team.add("weather", "https://weather.example.com/mcp", tags=["a"], calls_per_minute=5)
    path = f"/api/mcp/registry/{made['id']}"
    changed = await team.admin.patch(path, json={"description": "Forecasts", "calls_per_minute": None})
    assert changed.json() == {**made, "description": "Forecasts", "calls_per_minute": None}
    assert (await team.admin.get("/api/mcp/registry")).json()["items"] == [changed.json()]
    assert (await team.admin.delete(path)).status_code == 204
    assert (await team.admin.delete(path)).status_code == 404
    entries = (await team.admin.get("/api/audit/logs", params={"limit": 200})).json()["items"]
    actions = {one["action"] for one in entries if one["resource"] == made["id"]}
    assert actions == {"mcp_servers.create", "mcp_servers.change", "mcp_servers.delete"}


@pytest.mark.parametrize(
    ("wish", "why"),
    [
        ({"name": "logs"}, "kept for a server of the hub"),
        ({"name": "under_score"}, "lower-case letters"),
        ({"address": "ftp://example.com"}, "http or https"),
        ({"address": "https://user:word@example.com"}, "no credential"),
        ({"credential_kind": "bearer"}, "Send the credential"),
        ({"credential_kind": "header", "credential": "x"}, "a header of its own"),
        ({"credential_kind": "header", "credential": "x", "header": "Host"}, "a header of its own"),
        ({"credential": "x"}, "of which kind"),
        ({"credential_kind": "bearer", "credential": "a\r\nb: c"}, "one line"),
    ],
)
async def test_a_wish_that_cannot_be_is_refused_with_the_reason(team: Team, wish: dict[str, Any], why: str) -> None:
    answer = await team.admin.post(
        "/api/mcp/registry", json={"name": "fine", "address": "https://example.com/mcp", **wish}
    )
    assert answer.status_code == 400
    assert why in answer.json()["detail"]


async def test_a_credential_goes_to_its_server_and_nowhere_else(team: Team, upstream: Upstream) -> None:
    upstream.answer = modern
    made = await team.add("up", upstream.url, credential_kind="header", header="X-Token", credential=SECRET)
    assert (await team.tool("up_echo"))["result"]["content"][0]["text"] == "called"
    assert all(got.headers["x-token"] == SECRET for got in upstream.got)
    assert not any(team.key in str(got.headers) for got in upstream.got)
    assert SECRET not in (await team.admin.get("/api/mcp/registry")).text
    assert SECRET not in (await team.admin.get("/api/audit/logs", params={"limit": 200})).text
    moved = {"address": "https://elsewhere.example.com"}
    refused = await team.admin.patch(f"/api/mcp/registry/{made['id']}", json=moved)
    assert (refused.status_code, "Send the credential" in refused.text) == (400, True)


async def test_a_server_that_is_switched_off_is_not_there(team: Team, upstream: Upstream) -> None:
    upstream.answer = modern
    made = await team.add("up", upstream.url)
    assert await team.tools() == ["up_echo"]
    await team.admin.patch(f"/api/mcp/registry/{made['id']}", json={"enabled": False})
    assert await team.tools() == []
    assert (await team.tool("up_echo"))["error"]["code"] == -32602


async def test_the_common_document_is_imported_and_what_cannot_be_is_named(team: Team) -> None:
    document = {
        "mcpServers": {
            "My Search": {"url": "https://search.example.com/mcp", "headers": {"Authorization": "Bearer abc"}},
            "files": {"command": "npx", "args": ["server-filesystem"]},
            "later": {"url": "https://later.example.com", "headers": {"x-key": "${KEY}"}},
            "old": {"type": "sse", "url": "https://old.example.com/sse"},
        }
    }
    answer = (await team.admin.post("/api/mcp/registry/import", json=document)).json()
    assert [(one["name"], one["transport"], one["credential_kind"]) for one in answer["items"]] == [
        ("my-search", "http", "bearer"),
        ("old", "sse", "none"),
    ]
    later, files = answer["left"]
    assert (later.partition(":")[0], files.startswith("files: "), "MNO_MCP_STDIO" in files) == ("later", True, True)
    assert (await team.admin.post("/api/mcp/registry/import", json={})).status_code == 400


async def test_a_server_of_the_mcp_registry_is_imported(team: Team) -> None:
    published = {
        "name": "com.example/analytics",
        "description": "Figures",
        "remotes": [{"type": "streamable-http", "url": "https://example.com/mcp", "headers": [{"name": "X-Key"}]}],
        "values": {"X-Key": "kept"},
    }
    answer = (await team.admin.post("/api/mcp/registry/import", json=published)).json()
    assert answer["left"] == []
    (made,) = answer["items"]
    assert (made["name"], made["description"], made["header"]) == ("analytics", "Figures", "x-key")


async def test_a_preview_of_an_import_says_what_it_would_do_and_does_nothing(team: Team) -> None:
    await team.add("taken", "https://taken.example.com/mcp")
    entry = {"url": "https://new.example.com/mcp"}
    document = {"mcpServers": {"fresh": entry, "Fresh": entry, "taken": entry, "logs": entry}}
    path = "/api/mcp/registry/import"
    told = (await team.admin.post(path, json=document, params={"preview": True})).json()
    assert [one["name"] for one in told["items"]] == ["fresh"]
    assert [one.partition(":")[0] for one in told["left"]] == ["fresh", "taken", "logs"]
    registry = (await team.admin.get("/api/mcp/registry")).json()["items"]
    assert [one["name"] for one in registry] == ["taken"]
    done = (await team.admin.post(path, json=document)).json()
    assert ([one["name"] for one in done["items"]], done["left"]) == (["fresh"], told["left"])


async def test_a_key_for_tools_may_not_change_the_registry(team: Team) -> None:
    wish = {"name": "fine", "address": "https://example.com/mcp"}
    assert (await team.caller.post("/api/mcp/registry", json=wish)).status_code == 403
    assert (await team.caller.get("/api/mcp/registry")).status_code == 403
