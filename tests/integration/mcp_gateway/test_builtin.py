"""The hub's own servers: what a caller may do is listed and done, what it may not is neither."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from integration.mcp_gateway.conftest import Team
from integration.mcp_gateway.test_calls import eventually
from support.promises import PATIENCE_S


async def key_of(team: Team, *scopes: str) -> str:
    made = await team.admin.post("/api/keys", json={"name": "-".join(scopes), "scopes": list(scopes)})
    return str(made.json()["key"])


@asynccontextmanager
async def client_of(team: Team, key: str, path: str = "/mcp", mode: Any = "auto") -> AsyncIterator[Client]:
    """The official SDK's client."""
    async with (
        httpx2.AsyncClient(headers={"authorization": f"Bearer {key}"}, timeout=PATIENCE_S) as http,
        Client(streamable_http_client(f"{team.hub}{path}", http_client=http), mode=mode) as client,
    ):
        yield client


async def names(client: Client) -> set[str]:
    return {tool.name for tool in (await client.list_tools()).tools}


async def test_log_lines_are_published_found_and_followed_by_a_client_of_the_sdk(team: Team) -> None:
    key = await key_of(team, "tools", "read", "ingest")
    async with client_of(team, key, "/mcp/logs") as client:
        assert await names(client) == {"logs.publish", "logs.query", "logs.subscribe"}
        begun = (await client.call_tool("logs.subscribe", {})).structured_content
        assert begun is not None
        assert begun["items"] == []
        line = {"body": "the answer is 42", "level": "warn", "topic": "answers"}
        published = await client.call_tool("logs.publish", {"lines": [line, {"body": "x", "level": "nonsense"}]})
        assert published.structured_content is not None
        assert published.structured_content["accepted"] == 1
        assert "line 1" in published.content[0].text  # type: ignore[union-attr]
        found = await client.call_tool("logs.query", {"text": "ANSWER IS", "level": "warn", "from": "-1h"})
        assert found.structured_content is not None
        assert [one["body"] for one in found.structured_content["items"]] == ["the answer is 42"]
        assert "warn answers: the answer is 42" in found.content[0].text  # type: ignore[union-attr]
        after = await client.call_tool("logs.subscribe", {"after": begun["tail"]})
        assert after.structured_content is not None
        assert [one["body"] for one in after.structured_content["items"]] == ["the answer is 42"]


async def test_in_the_list_of_all_an_own_tool_has_one_underscore_and_no_dot(team: Team) -> None:
    key = await key_of(team, "tools", "read", "ingest")
    async with client_of(team, key, mode="legacy") as client:
        assert {"logs_publish", "logs_query", "logs_subscribe"} <= await names(client)
        found = await client.call_tool("logs_query", {"limit": 1})
        assert found.structured_content is not None
        assert found.structured_content["items"] == []


async def test_a_tool_that_a_caller_may_not_use_is_neither_listed_nor_done(team: Team) -> None:
    async with client_of(team, await key_of(team, "tools", "ingest"), "/mcp/logs") as client:
        assert await names(client) == {"logs.publish"}
    assert await team.tools("/mcp/logs") == []
    refused = await team.tool("logs.query", "/mcp/logs")
    assert (refused["error"]["code"], "logs.read" in refused["error"]["message"]) == (-32003, True)


async def test_the_own_servers_are_told_with_what_each_tool_needs(team: Team) -> None:
    key = await key_of(team, "read")
    answer = await team.caller.get("/api/mcp/builtin", headers={"authorization": f"Bearer {key}"})
    servers = {one["name"]: {tool["name"]: tool for tool in one["tools"]} for one in answer.json()["items"]}
    assert set(servers) == {"monitoring", "admin", "logs"}
    told = {name: (tool["permission"], tool["permitted"]) for name, tool in servers["logs"].items()}
    assert told["logs.publish"] == ("logs.write", False)
    assert told["logs.query"] == ("logs.read", True)
    assert servers["admin"]["admin.health"]["definition"]["outputSchema"]["type"] == "object"


async def test_bad_arguments_are_told_to_the_model_and_not_done(team: Team) -> None:
    key = await key_of(team, "tools", "read")
    headers = {"authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(base_url=team.hub, headers=headers, timeout=PATIENCE_S) as http:
        caller = Team(team.hub, team.admin, http, key)
        refused = (await caller.tool("logs.query", "/mcp/logs", limit=0, nothing=1, level="loud"))["result"]
        assert refused["isError"] is True
        assert all(place in refused["content"][0]["text"] for place in ("/limit", "/nothing", "/level"))
        wrong = (await caller.tool("logs_query", **{"from": "yesteryear"}))["result"]
        assert "which is no time" in wrong["content"][0]["text"]
        assert (await caller.tool("logs_nothing"))["error"]["code"] == -32602


async def test_each_own_tool_describes_itself_and_its_result(team: Team) -> None:
    async with client_of(team, await key_of(team, "admin")) as client:
        listed = (await client.list_tools()).tools
    assert listed
    for tool in listed:
        assert tool.description
        assert tool.annotations is not None
        assert tool.annotations.read_only_hint is not None
        assert tool.output_schema is not None
        assert tool.output_schema["type"] == "object"
    changing = {tool.name for tool in listed if tool.annotations and not tool.annotations.read_only_hint}
    assert changing == {"logs_publish", "monitoring_acknowledge_alert"}


async def test_a_call_by_plain_http_is_written_down_like_every_other(team: Team) -> None:
    key = await key_of(team, "tools", "read")
    wish = {"server": "logs", "tool": "logs.query", "args": {"limit": 5}}
    headers = {"authorization": f"Bearer {key}"}
    answer = await team.caller.post("/api/mcp/call", json=wish, headers=headers)
    assert (answer.status_code, answer.json()["is_error"]) == (200, False)
    assert answer.json()["result"]["structuredContent"]["items"] == []

    async def written() -> bool:
        return "logs.query" in (await team.admin.get(f"/api/traces/{answer.json()['trace_id']}")).text

    await eventually(written)
