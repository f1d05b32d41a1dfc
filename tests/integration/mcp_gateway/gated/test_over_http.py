"""A call that needs approval as clients of both eras, plain HTTP and a person at their browser see it."""

import asyncio
from typing import Any

import httpx
import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from integration.mcp_gateway.conftest import Team
from integration.mcp_gateway.gated.conftest import Counting
from integration.mcp_gateway.test_calls import eventually
from mno.mcp_gateway.clients import reply
from support.consent import Browser, signed_in
from support.promises import PATIENCE_S


@pytest.fixture
async def ready(team: Team, counting: Counting) -> Team:
    """The team with the server `up`, each of whose calls needs approval."""
    await team.add("up", counting.upstream.url, timeout_s=60)
    made = await team.admin.post("/api/mcp/policies", json={"name": "ask", "server": "up", "approval": {}})
    assert made.status_code == 201, made.text
    return team


async def held_for(team: Team, seconds: int) -> None:
    """So long is a request held that waits, from now on. The server's list, which has no longer, is read before."""
    (server,) = (await team.admin.get("/api/mcp/registry")).json()["items"]
    answer = await team.admin.patch(f"/api/mcp/registry/{server['id']}", json={"timeout_s": seconds})
    assert answer.status_code == 200, answer.text

    async def listed() -> bool:
        return "result" in (await team.ask("tools/list", "/mcp/up")).json()

    await eventually(listed)


async def open_request(team: Team) -> dict[str, Any]:
    async def found() -> Any:
        items = (await team.admin.get("/api/approvals", params={"state": "open"})).json()["items"]
        return items[0] if items else None

    return dict(await eventually(found))


async def decided(browser: Browser, approval: str, action: str, **more: Any) -> httpx.Response:
    return await browser.http.post("/api/agent/approve", json={"approval": approval, "action": action, **more})


async def test_by_plain_http_a_call_that_waits_is_202_and_asked_again_it_is_answered(
    ready: Team, counting: Counting
) -> None:
    wish = {"server": "up", "tool": "spend", "args": {"n": 7, "who": "ann@example.com"}, "caps": {"timeout_s": 0.05}}
    waits = await ready.caller.post("/api/mcp/call", json=wish)
    assert waits.status_code == 202, waits.text
    told = waits.json()
    assert (told["state"], told["arguments"], told["asked_by"]) == ("waiting", {"n": 7, "who": "[email]"}, "tools")
    async with signed_in(ready.hub, ready.admin) as browser:
        by_key = await ready.admin.post("/api/agent/approve", json={"approval": told["id"], "action": "continue"})
        assert (by_key.status_code, "not by a key" in by_key.json()["detail"]) == (403, True)
        wrong = await decided(browser, told["id"], "degrade", arguments={"n": "x"})
        assert wrong.status_code == 400, wrong.text
        allowed = await decided(browser, told["id"], "degrade", arguments={"n": 1}, note="less")
        assert (allowed.status_code, allowed.json()["state"]) == (200, "approved")
        assert (await decided(browser, told["id"], "abort")).status_code == 409

    async def outcome() -> Any:
        found = (await ready.caller.get(f"/api/mcp/calls/{told['id']}")).json()
        return found if found["state"] == "done" else None

    found = await eventually(outcome)
    assert (found["changed"], found["arguments"], found["response"]["result"]) == (True, {"n": 1}, counting.value)
    answered = await ready.caller.post("/api/mcp/call", json={**wish, "caps": {}})
    assert (answered.status_code, answered.json()["result"]) == (200, counting.value)
    listed = (await ready.admin.get("/api/mcp/calls", params={"state": "done"})).json()["items"]
    assert [one["id"] for one in listed] == [told["id"]]
    assert counting.made == [{"n": 1}]


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_the_sdk_s_clients_of_both_eras_wait_and_get_the_result(
    ready: Team, counting: Counting, mode: str
) -> None:
    asked: list[str] = []

    async def count(request: httpx2.Request) -> None:
        asked.append(request.headers.get("mcp-method", ""))

    headers = {"authorization": f"Bearer {ready.key}"}
    await held_for(ready, 1)
    async with httpx2.AsyncClient(headers=headers, event_hooks={"request": [count]}, timeout=PATIENCE_S) as http:
        transport = streamable_http_client(f"{ready.hub}/mcp", http_client=http)
        async with (
            Client(transport, mode=mode, input_required_max_rounds=1_000) as client,
            signed_in(ready.hub, ready.admin) as browser,
        ):
            asking = asyncio.create_task(client.call_tool("up_spend", {"n": 1}))
            approval = (await open_request(ready))["id"]
            if mode == "auto":
                # longer than the request is held: the client comes back by itself with the state that it was given
                async with asyncio.timeout(PATIENCE_S):
                    while asked.count("tools/call") < 2:
                        await asyncio.sleep(0.05)
            else:
                told = await asking
                assert told.is_error
                assert approval in str(told.content)
            await held_for(ready, 60)
            if mode == "legacy":
                asking = asyncio.create_task(client.call_tool("up_spend", {"n": 1}))
            assert (await decided(browser, approval, "continue")).status_code == 200
            assert [one.text for one in (await asking).content] == ["spent"]  # type: ignore[union-attr]
    assert len(counting.made) == 1


async def test_a_refused_call_is_denied_with_the_reason(ready: Team, counting: Counting) -> None:
    asking = asyncio.create_task(ready.tool("up_spend", n=1))
    async with signed_in(ready.hub, ready.admin) as browser:
        assert (await decided(browser, (await open_request(ready))["id"], "abort", note="no")).status_code == 200
    answer = (await asking)["error"]
    assert (answer["code"], "refused it: no" in answer["message"]) == (-32003, True)
    assert counting.made == []


async def test_a_request_that_waits_for_long_is_kept_alive(ready: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    await held_for(ready, 1)
    monkeypatch.setattr(reply, "HEARTBEAT_S", 0.1)
    answer = await ready.ask("tools/call", name="up_spend", arguments={"n": 1})
    assert answer.headers["content-type"] == "text/event-stream"
    assert answer.text.startswith(": waiting")
    assert '"resultType":"input_required"' in answer.text
