"""What stands before the tools of a server where those of all are offered: chosen for each, and never another's."""

import asyncio
from typing import Any

import mcp_types as types
import pytest
from mcp.shared.subscriptions import ToolsListChanged

from integration.mcp_gateway.conftest import MODERN, Team, sdk_server
from integration.mcp_gateway.test_calls import eventually
from integration.mcp_gateway.test_eras import OLDER, client_of
from integration.mcp_gateway.test_listening import NOTE, changing
from integration.mcp_gateway.test_pins import listing
from integration.mcp_gateway.test_policies import grant
from support.promises import PATIENCE_S
from support.upstream import Answer, Got, Upstream, Wire, running_upstream

pytestmark = pytest.mark.filterwarnings("ignore::mcp.shared.exceptions.MCPDeprecationWarning")


def having(*names: str, said: str = "") -> Answer:
    """A server with tools of these names that say which server's they are."""
    listed: Answer = listing(*({"name": name, "inputSchema": {"type": "object"}} for name in names))

    async def answer(got: Got, wire: Wire) -> None:
        if got.json["method"] == "tools/call":
            content = [{"type": "text", "text": f"{said}: {got.json['params']['name']}"}]
            await wire.json({"jsonrpc": "2.0", "id": got.json["id"], "result": {"content": content}})
        else:
            await listed(got, wire)

    return answer


async def said(team: Team, name: str, path: str = "/mcp") -> str:
    answer = await team.tool(name, path)
    return str(answer["result"]["content"][0]["text"] if "result" in answer else answer["error"]["message"])


async def changed(team: Team, server: dict[str, Any], **changes: Any) -> dict[str, Any]:
    answer = await team.admin.patch(f"/api/mcp/registry/{server['id']}", json=changes)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def listed_as(team: Team, server: dict[str, Any]) -> dict[str, str | None]:
    """As the registry tells it."""
    tools = (await team.admin.get(f"/api/mcp/registry/{server['id']}/tools")).json()["items"]
    return {one["name"]: one["listed_as"] for one in tools}


@pytest.mark.parametrize("speaks", [MODERN, OLDER])
async def test_a_client_of_either_era_knows_tools_and_prompts_by_the_prefix(team: Team, speaks: str) -> None:
    async with sdk_server(era=speaks, server=changing()) as address:
        await team.add("changing", address, prefix="ch")
        for era in (MODERN, OLDER):
            async with client_of(team, era) as client:
                names = [tool.name for tool in (await client.list_tools()).tools]
                assert names == ["ch_find", "ch_change", "ch_log"]
                for name in ("ch_find", "changing_find"):  # its own name leads to it too
                    link, _ = (await client.call_tool(name, {})).content
                    assert isinstance(link, types.ResourceLink)
                    assert link.uri == f"mno+changing+{NOTE}"
                assert [one.name for one in (await client.list_prompts()).prompts] == ["ch_review"]
                got = await client.get_prompt("ch_review", {"code": "x = 1"})
                assert isinstance(got.messages[0].content, types.TextContent)
                assert "x = 1" in got.messages[0].content.text
        assert await team.tools("/mcp/changing") == ["find", "change", "log"]
        await team.admin.patch(f"/api/mcp/registry/{(await entry(team))['id']}", json={"prefix": ""})
        for era in (MODERN, OLDER):
            async with client_of(team, era) as client:
                assert [tool.name for tool in (await client.list_tools()).tools] == ["find", "change", "log"]
                assert len((await client.call_tool("find", {})).content) == 2
                assert [one.name for one in (await client.list_prompts()).prompts] == ["changing_review"]


async def entry(team: Team) -> dict[str, Any]:
    (one,) = (await team.admin.get("/api/mcp/registry")).json()["items"]
    return dict(one)


async def test_rights_caps_and_books_go_on_naming_the_server(team: Team, upstream: Upstream) -> None:
    upstream.answer = having("echo", "other", said="up")
    server = await team.add("up", upstream.url, prefix="u")
    made = (await team.admin.post("/api/keys", json={"name": "narrow", "scopes": ["ingest"]})).json()
    await grant(team, made["id"], "up_echo")
    team.caller.headers["authorization"] = f"Bearer {made['key']}"
    assert await team.tools() == ["u_echo"]
    assert await said(team, "u_echo") == "up: echo"
    assert "may not use 'up_other'" in await said(team, "u_other")
    wish = {"server": "up", "tool": "echo", "args": {}}
    for pattern, status in (("up_*", 200), ("u_*", 403)):
        answer = await team.admin.post("/api/mcp/call", json={**wish, "caps": {"tools": [pattern]}})
        assert answer.status_code == status, answer.text

    async def books() -> Any:
        entries = (await team.admin.get("/api/audit/logs", params={"limit": 200})).json()["items"]
        calls = [one for one in entries if one["action"] == "tools.call" and one["resource"] == server["id"]]
        return len(calls) == 4 and {one["resource_name"] for one in calls}

    assert await eventually(books) == {"up_echo", "up_other"}


async def test_tools_without_a_prefix_never_take_anothers_name(team: Team) -> None:
    async with (
        running_upstream(having("search", "slack_post", "gh_list", said="slack")) as slack,
        running_upstream(having("search", "read", said="wiki")) as wiki,
        running_upstream(having("list", said="github")) as github,
    ):
        first = await team.add("slack", slack.url, prefix="")
        # its first list, and its names with it
        assert await team.tools() == ["search", "slack_post", "gh_list"]
        await team.add("github", github.url, prefix="gh")
        assert await team.tools() == ["gh_list", "search", "slack_post", "slack_gh_list"]
        second = await team.add("wiki", wiki.url, prefix="")
        names = await team.tools()
        assert names == ["gh_list", "slack_search", "slack_post", "slack_gh_list", "wiki_search", "read"]
        assert [await said(team, name) for name in names] == [
            "github: list", "slack: search", "slack: slack_post", "slack: gh_list", "wiki: search", "wiki: read",
        ]  # fmt: skip
        assert "Unknown tool" in await said(team, "search")
        assert await said(team, "search", "/mcp/wiki") == "wiki: search"
        told = {"search": "slack_search", "slack_post": "slack_post", "gh_list": "slack_gh_list"}
        assert await listed_as(team, first) == told
        assert await listed_as(team, second) == {"search": "wiki_search", "read": "read"}
        await changed(team, second, enabled=False)
        assert await listed_as(team, second) == {"search": None, "read": None}
        assert await said(team, "search") == "slack: search"


async def test_who_answers_just_now_decides_no_name(team: Team, upstream: Upstream) -> None:
    upstream.answer = having("search", said="first")
    first = await team.add("first", upstream.url, prefix="")
    assert await team.tools() == ["search"]
    assert await said(team, "search") == "first: search"
    await changed(team, first, address="http://127.0.0.1:9")
    async with running_upstream(having("search", said="second")) as other:
        await team.add("second", other.url, prefix="")
        assert await team.tools() == ["second_search"]
        assert "Unknown tool" in await said(team, "search"), "the tool of a dead server is not taken over"
        assert await said(team, "second_search") == "second: search"
        assert "'first'" in await said(team, "first_search")


async def test_a_name_that_comes_later_moves_nobody_before_it_is_accepted(
    team: Team, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mno.mcp_gateway.offers.tools.FRESH_S", 0.0)
    upstream.answer = having("search", said="first")
    await team.add("first", upstream.url, prefix="")
    async with running_upstream(having("read", said="second")) as other:
        second = await team.add("second", other.url, prefix="")
        assert await team.tools() == ["search", "read"]
        other.answer = having("read", "search", said="second")
        path = f"/api/mcp/registry/{second['id']}/tools"

        async def offered() -> dict[str, Any] | None:
            assert await team.tools("/mcp/second") == ["read"]
            return next((one for one in (await team.admin.get(path)).json()["items"] if one["name"] == "search"), None)

        new = await eventually(offered)  # a list that was asked for before may still be on its way
        assert await team.tools() == ["search", "read"]
        assert new["listed_as"] is None
        done = await team.admin.post(f"{path}/search/accept", json={"digest": new["digest"]})
        assert (done.json()["listed_as"], await team.tools("/mcp/second")) == ("second_search", ["read", "search"])
        assert await team.tools() == ["first_search", "read", "second_search"]


async def test_who_listens_hears_that_a_first_list_has_moved_names(team: Team, upstream: Upstream) -> None:
    upstream.answer = having("search", said="first")
    await team.add("first", upstream.url, prefix="")
    assert await team.tools() == ["search"]
    async with running_upstream(having("search", said="second")) as other, client_of(team, MODERN) as client:
        await team.add("second", other.url, prefix="")
        async with client.listen(tools_list_changed=True) as events, asyncio.timeout(PATIENCE_S):
            assert await team.tools("/mcp/second") == ["search"]
            assert await anext(aiter(events)) == ToolsListChanged()
        assert await team.tools() == ["first_search", "second_search"]


async def test_a_prefix_is_kept_and_follows_the_name_where_none_is_chosen(team: Team) -> None:
    made = await team.add("weather", "https://weather.example.com/mcp")
    assert made["prefix"] == "weather"
    assert (await changed(team, made, name="forecasts"))["prefix"] == "forecasts"
    assert (await changed(team, made, prefix="w"))["prefix"] == "w"
    assert (await changed(team, made, name="weather"))["prefix"] == "w"
    assert (await changed(team, made, prefix=""))["prefix"] == ""
    assert (await changed(team, made, prefix=None))["prefix"] == "weather"
    assert (await changed(team, made, prefix="weather", name="forecasts"))["prefix"] == "weather"
    document = {"mcpServers": {"files": {"url": "https://files.example.com/mcp"}}}
    imported = (await team.admin.post("/api/mcp/registry/import", json=document)).json()
    assert [one["prefix"] for one in imported["items"]] == ["files"]


@pytest.mark.parametrize(
    ("wish", "status", "why"),
    [
        ({"prefix": "w"}, 409, "'w' is the prefix of the server 'weather'; choose another prefix"),
        ({"prefix": "weather"}, 409, "'weather' is the name of the server 'weather'; choose another prefix"),
        ({"name": "w"}, 409, "'w' is the prefix of the server 'weather'; choose another name"),
        ({"prefix": "logs"}, 400, "kept for a server of the hub's own; choose another"),
        ({"prefix": "under_score"}, 400, "lower-case letters, digits and dashes"),
        ({"prefix": ""}, 201, ""),
    ],
)
async def test_what_would_stand_before_anothers_tools_is_refused(
    team: Team, wish: dict[str, Any], status: int, why: str
) -> None:
    await team.add("weather", "https://weather.example.com/mcp", prefix="w")
    await team.add("bare", "https://bare.example.com/mcp", prefix="")
    other = {"name": "other", "address": "https://other.example.com/mcp"}
    answer = await team.admin.post("/api/mcp/registry", json={**other, **wish})
    assert (answer.status_code, why in answer.text) == (status, True), answer.text
    if status != 201:
        made = await team.add(**other)
        answer = await team.admin.patch(f"/api/mcp/registry/{made['id']}", json=wish)
        assert (answer.status_code, why in answer.text) == (status, True), answer.text
