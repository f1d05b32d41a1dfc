"""Clients of the older era over real sockets: their sessions, what they cancel and answer, and who else tries to."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from integration.mcp_gateway.conftest import ACCEPT, Team
from integration.mcp_gateway.test_registry import modern as answers
from mno.mcp_gateway.clients import reply
from support.promises import PATIENCE_S
from support.upstream import Got, Upstream, Wire

CAPABLE: dict[str, Any] = {"elicitation": {}, "sampling": {}, "roots": {}}
FORM = {"message": "Name?", "requestedSchema": {"type": "object", "properties": {"name": {"type": "string"}}}}


async def begun(client: httpx.AsyncClient, **capabilities: Any) -> dict[str, str]:
    """The headers of a new session."""
    params = {
        "protocolVersion": "2025-11-25",
        "capabilities": capabilities,
        "clientInfo": {"name": "t", "version": "1"},
    }
    answer = await client.post(
        "/mcp", json={"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params}, headers=ACCEPT
    )
    return {**ACCEPT, "mcp-session-id": answer.headers["mcp-session-id"]}


async def call(client: httpx.AsyncClient, headers: dict[str, str], name: str, request_id: Any = 1) -> httpx.Response:
    params = {"name": name, "arguments": {}}
    body = {"jsonrpc": "2.0", "id": request_id, "method": "tools/call", "params": params}
    return await client.post("/mcp", json=body, headers=headers)


async def eventually(ask: Callable[[], Awaitable[Any]]) -> Any:
    async with asyncio.timeout(PATIENCE_S):
        while not (found := await ask()):
            await asyncio.sleep(0.02)
        return found


@pytest.fixture
async def other(team: Team) -> Any:
    """Somebody else in the same team."""
    made = (await team.admin.post("/api/keys", json={"name": "other", "scopes": ["tools"]})).json()
    headers = {"authorization": f"Bearer {made['key']}"}
    async with httpx.AsyncClient(base_url=team.hub, headers=headers, timeout=PATIENCE_S) as client:
        yield client


async def older(got: Got, wire: Wire, *, call: Callable[[Got, Wire], Awaitable[None]]) -> None:
    """A server of the older era with the tool `echo`."""
    if got.headers.get("mcp-protocol-version") == "2026-07-28":
        await wire.raw(b"unknown version", 400)
    elif got.method == "GET":
        await wire.raw(b"", 405)
    elif got.json.get("method") == "initialize":
        hello = {"protocolVersion": "2025-11-25", "capabilities": {}, "serverInfo": {"name": "o", "version": "1"}}
        await wire.json({"jsonrpc": "2.0", "id": got.json["id"], "result": hello}, mcp_session_id="s")
    elif got.json.get("method") == "tools/list":
        tools = [{"name": "echo", "inputSchema": {"type": "object"}}]
        await wire.json({"jsonrpc": "2.0", "id": got.json["id"], "result": {"tools": tools}})
    elif got.json.get("method") == "tools/call":
        await call(got, wire)
    else:
        await wire.raw(b"", 202)


async def test_a_session_of_one_key_is_no_session_of_another(team: Team, other: httpx.AsyncClient) -> None:
    headers = await begun(team.caller)
    ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    assert (await team.caller.post("/mcp", json=ping, headers=headers)).status_code == 200
    for method in ("post", "get", "delete"):
        body: dict[str, Any] = {"json": ping} if method == "post" else {}
        stolen = await other.request(method, "/mcp", headers=headers, **body)
        unknown = await other.request(method, "/mcp", headers={**headers, "mcp-session-id": "guess"}, **body)
        assert (stolen.status_code, stolen.json()["error"]) == (404, unknown.json()["error"])
    assert (await team.caller.delete("/mcp", headers=headers)).status_code == 204
    assert (await team.caller.post("/mcp", json=ping, headers=headers)).status_code == 404
    assert (await team.caller.post("/mcp", json=ping, headers=ACCEPT)).status_code == 200  # it may do without


async def test_an_id_is_used_once_at_a_time_and_its_request_can_be_cancelled(team: Team, upstream: Upstream) -> None:
    gone = asyncio.Event()

    async def hangs(_: Got, wire: Wire) -> None:
        await wire.until_gone()
        gone.set()

    upstream.answer = lambda got, wire: older(got, wire, call=hangs)
    await team.add("up", upstream.url)
    headers = await begun(team.caller)
    waiting = asyncio.create_task(call(team.caller, headers, "up_echo", 7))
    asked = await eventually(lambda: _asked(upstream, "tools/call"))
    twice = await call(team.caller, headers, "up_echo", 7)
    assert (twice.status_code, twice.json()["error"]["code"]) == (400, -32600)
    note = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 7}}
    assert (await team.caller.post("/mcp", json=note, headers=headers)).status_code == 202
    assert (await waiting).json()["error"]["code"] == -32800
    await asyncio.wait_for(gone.wait(), PATIENCE_S)
    told = await eventually(lambda: _asked(upstream, "notifications/cancelled"))
    assert told.json["params"]["requestId"] == asked.json["id"]


async def test_only_whoever_was_asked_may_answer(team: Team, other: httpx.AsyncClient, upstream: Upstream) -> None:
    answered: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    async def asks(got: Got, wire: Wire) -> None:
        await wire.start_stream()
        await wire.event({"jsonrpc": "2.0", "id": "q", "method": "elicitation/create", "params": FORM})
        said = await answered
        await wire.event({"jsonrpc": "2.0", "id": got.json["id"], "result": {"content": [], "said": said}})
        await wire.end()

    async def answer(got: Got, wire: Wire) -> None:
        if got.method == "POST" and "method" not in got.json:
            answered.set_result(got.json)
        await older(got, wire, call=asks)

    upstream.answer = answer
    await team.add("up", upstream.url)
    headers = await begun(team.caller, **CAPABLE)
    params = {"name": "up_echo", "arguments": {}}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    async with team.caller.stream("POST", "/mcp", json=body, headers=headers) as stream:
        lines = stream.aiter_lines()
        question = await _next(lines)
        assert (question["method"], question["params"]) == ("elicitation/create", FORM)
        reply = {"jsonrpc": "2.0", "id": question["id"], "result": {"action": "accept", "content": {"name": "Ada"}}}
        assert (await other.post("/mcp", json=reply, headers=headers)).status_code == 404
        own = await begun(other, **CAPABLE)
        assert (await other.post("/mcp", json=reply, headers=own)).status_code == 400
        assert (await team.caller.post("/mcp", json=reply, headers=ACCEPT)).status_code == 400
        assert not answered.done()
        assert (await team.caller.post("/mcp", json=reply, headers=headers)).status_code == 202
        assert (await team.caller.post("/mcp", json=reply, headers=headers)).status_code == 400  # once
        assert (await _next(lines))["result"]["said"] == {**reply, "id": "q"}


async def test_a_waiting_call_is_continued_by_nobody_else(
    team: Team, other: httpx.AsyncClient, upstream: Upstream
) -> None:
    answered = asyncio.Event()

    async def asks(got: Got, wire: Wire) -> None:
        await wire.start_stream()
        await wire.event({"jsonrpc": "2.0", "id": 5, "method": "elicitation/create", "params": FORM})
        await answered.wait()
        await wire.event({"jsonrpc": "2.0", "id": got.json["id"], "result": {"content": []}})
        await wire.end()

    async def answer(got: Got, wire: Wire) -> None:
        if got.method == "POST" and got.json.get("id") == 5:
            answered.set()
        await older(got, wire, call=asks)

    upstream.answer = answer
    await team.add("up", upstream.url)
    able: dict[str, Any] = {"io.modelcontextprotocol/clientCapabilities": {"elicitation": {}}}
    first = (await team.ask_as(able, "tools/call", name="up_echo", arguments={})).json()["result"]
    assert (first["resultType"], first["inputRequests"]["question"]["params"]) == ("input_required", FORM)
    retry = {"name": "up_echo", "arguments": {}, "requestState": first["requestState"]}
    empty = (await team.ask_as(able, "tools/call", **retry)).json()["result"]
    assert empty["resultType"] == "input_required"  # asked again
    retry["inputResponses"] = {"question": {"action": "accept", "content": {}}}
    key = team.caller.headers["authorization"]
    team.caller.headers["authorization"] = other.headers["authorization"]
    stolen = await team.ask_as(able, "tools/call", **retry)
    assert (stolen.status_code, stolen.json()["error"]["code"]) == (400, -32602)
    team.caller.headers["authorization"] = key
    assert not answered.is_set()
    done = (await team.ask_as(able, "tools/call", **retry)).json()["result"]
    assert done == {"resultType": "complete", "content": []}
    late = await team.ask_as(able, "tools/call", **retry)
    assert "No call waits" in late.json()["error"]["message"]


async def test_a_session_has_one_stream(team: Team) -> None:
    headers = await begun(team.caller)
    async with team.caller.stream("GET", "/mcp", headers=headers) as stream:
        assert (stream.status_code, stream.headers["content-type"]) == (200, "text/event-stream")
        assert (await team.caller.get("/mcp", headers=headers)).status_code == 409
        assert (await team.caller.delete("/mcp", headers=headers)).status_code == 204
        assert [line async for line in stream.aiter_lines() if line] == []  # it ends with its session


async def test_a_page_elsewhere_may_not_ask_whatever_key_it_has(team: Team) -> None:
    for headers in ({"origin": "http://evil.example"}, {"origin": "http://evil.example", "host": "evil.example"}):
        answer = await team.caller.post("/mcp", json={}, headers={**ACCEPT, **headers})
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, -32003)


async def test_a_flood_of_notifications_costs_its_client_nothing(team: Team, upstream: Upstream) -> None:
    async def floods(got: Got, wire: Wire) -> None:
        if got.json["method"] != "tools/call":
            await answers(got, wire)
            return
        await wire.start_stream()
        for method in ("notifications/tools/list_changed", "notifications/message", "notifications/other"):
            note = {"jsonrpc": "2.0", "method": method, "params": {"level": "error", "data": "x"}}
            for _ in range(500):
                await wire.event(note)
        # nor does a question that the newer era does not allow, or somebody else's answer
        await wire.event({"jsonrpc": "2.0", "id": 1, "method": "elicitation/create", "params": FORM})
        await wire.event({"jsonrpc": "2.0", "id": 999_999, "result": {"content": ["not yours"]}})
        await wire.event({"jsonrpc": "2.0", "id": got.json["id"], "result": {"resultType": "complete", "content": []}})
        await wire.end()

    upstream.answer = floods
    await team.add("up", upstream.url)
    answer = await team.ask("tools/call", name="up_echo", arguments={})
    assert answer.json()["result"] == {"resultType": "complete", "content": []}
    lists = sum(1 for got in upstream.got if got.json["method"] == "tools/list")
    assert lists <= 2


async def test_a_stream_ends_with_the_key_of_whoever_listens(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reply, "HEARTBEAT_S", 0.1)
    made = (await team.admin.post("/api/keys", json={"name": "leaving", "scopes": ["tools"]})).json()
    key = {"authorization": f"Bearer {made['key']}"}
    async with httpx.AsyncClient(base_url=team.hub, headers=key, timeout=PATIENCE_S) as leaving:
        headers = await begun(leaving)
        async with leaving.stream("GET", "/mcp", headers=headers) as stream:
            lines = stream.aiter_lines()
            assert await anext(lines) == ": waiting"
            assert (await team.admin.delete(f"/api/keys/{made['id']}")).status_code < 300
            async with asyncio.timeout(PATIENCE_S):
                assert {line async for line in lines} <= {"", ": waiting"}  # and then it is over


async def _asked(upstream: Upstream, method: str) -> Got | None:
    posts = (got for got in upstream.got if got.method == "POST")
    return next((got for got in posts if got.json.get("method") == method), None)


async def _next(lines: Any) -> Any:
    async with asyncio.timeout(PATIENCE_S):
        async for line in lines:
            if line.startswith("data: "):
                return json.loads(line.removeprefix("data: "))
    raise AssertionError("the stream ended")
