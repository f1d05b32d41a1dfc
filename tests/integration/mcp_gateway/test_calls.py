"""Calls of tools: what passes, what is refused, what is written down, and that one server does not harm another."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
import pytest

from integration.mcp_gateway.conftest import ACCEPT, META, Team, modern
from integration.mcp_gateway.test_registry import modern as answers
from mno.mcp_gateway.offers import tools
from support.promises import PATIENCE_S
from support.upstream import Got, Upstream, Wire, running_upstream

Answer = Callable[[Got, Wire], Awaitable[None]]


def calling(call: Answer) -> Answer:
    """A server whose tool does this."""

    async def answer(got: Got, wire: Wire) -> None:
        await (call if got.json["method"] == "tools/call" else answers)(got, wire)

    return answer


async def hangs(_: Got, wire: Wire) -> None:
    await wire.until_gone()


@pytest.fixture
async def ready(team: Team, upstream: Upstream) -> Team:
    """The team with the server `up`, whose tool is `echo`."""
    upstream.answer = answers
    await team.add("up", upstream.url)
    return team


async def eventually(ask: Callable[[], Awaitable[Any]]) -> Any:
    async with asyncio.timeout(PATIENCE_S):
        while not (found := await ask()):
            await asyncio.sleep(0.05)
        return found


async def test_a_result_passes_byte_for_byte(ready: Team, upstream: Upstream) -> None:
    result = b'{ "resultType":"complete","n":12345678901234567890123, "f":1.10e2,"t":"\\u00e4" , "content":[]}'

    async def call(got: Got, wire: Wire) -> None:
        await wire.raw(
            b'{"jsonrpc":"2.0","id":%d,"result":%b}' % (got.json["id"], result), content_type="application/json"
        )

    upstream.answer = calling(call)
    answer = await ready.ask("tools/call", name="up_echo", arguments={})
    assert result in answer.content
    body = (
        b'{"jsonrpc":"2.0","id":"a","method":"tools/call","params":{"name":"up_echo","arguments":{"n":9e400},"_meta":'
    )
    sent = await ready.caller.post(
        "/mcp", content=body + orjson.dumps(META) + b"}}", headers=modern("tools/call", "up_echo")
    )
    assert sent.json()["id"] == "a"
    assert b'"arguments":{"n":9e400}' in upstream.got[-1].body
    assert b'"name":"echo"' in upstream.got[-1].body
    assert upstream.got[-1].headers["mcp-name"] == "echo"


async def test_a_call_is_a_span_and_an_audit_entry(ready: Team) -> None:
    await ready.tool("up_echo", secret="not to be kept")

    async def span() -> Any:
        for trace in (await ready.admin.get("/api/traces", params={"limit": 50})).json()["items"]:
            for one in (await ready.admin.get(f"/api/traces/{trace['trace_id']}")).json()["spans"]:
                path = f"/api/traces/{trace['trace_id']}/spans/{one['span_id']}"
                answer = await ready.admin.get(path)
                if answer.status_code == 200 and answer.json()["name"] == "execute_tool echo":
                    return answer.json()
        return None

    found = await eventually(span)
    told = found["attributes"]
    assert (told["mcp.method.name"], told["gen_ai.tool.name"], told["mno.mcp.server"]) == ("tools/call", "echo", "up")
    assert (told["mno.principal"], told["mcp.protocol.version"], found["status"]) == ("tools", "2026-07-28", "ok")
    assert "not to be kept" not in str(found)

    async def entry() -> Any:
        entries = (await ready.admin.get("/api/audit/logs", params={"limit": 200})).json()["items"]
        return [one for one in entries if one["action"] == "tools.call" and one["actor"]["name"] == "tools"]

    assert "not to be kept" not in str(await eventually(entry))


async def test_dead_servers_hide_nobody_elses_tools_and_delay_nobody(
    ready: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running_upstream(hangs) as hanging:
        await ready.add("hanging", hanging.url, timeout_s=2)
        await ready.add("closed", "http://127.0.0.1:9")
        assert await ready.tools("/mcp/up") == ["echo"]
        monkeypatch.setattr(tools, "FIRST_LIST_WAIT_S", 0.1)
        assert await ready.tools() == ["up_echo"]
        assert "result" in await ready.tool("up_echo")
        answer = await ready.tool("hanging_echo")
        assert answer["error"]["code"] == -32006
        assert "'hanging'" in answer["error"]["message"]
    assert "'closed'" in (await ready.tool("closed_echo"))["error"]["message"]
    told = [(await ready.tool("closed_echo"))["error"]["message"] for _ in range(6)]
    assert "again and again" in told[-1]


async def test_a_server_that_fails_again_and_again_is_left_alone(ready: Team, upstream: Upstream) -> None:
    async def fails(_: Got, wire: Wire) -> None:
        await wire.raw(b"no", 503)

    upstream.answer = calling(fails)
    for _ in range(5):
        assert "503" in (await ready.tool("up_echo"))["error"]["message"]
    asked = len(upstream.got)
    assert "again and again" in (await ready.tool("up_echo"))["error"]["message"]
    assert len(upstream.got) == asked


async def test_limits_of_a_server_hold(team: Team, upstream: Upstream) -> None:
    upstream.answer = answers
    await team.add("up", upstream.url, calls_per_minute=2, result_bytes=1_000)
    assert "result" in await team.tool("up_echo")

    async def large(got: Got, wire: Wire) -> None:
        await wire.json({"jsonrpc": "2.0", "id": got.json["id"], "result": {"text": "x" * 5_000}})

    upstream.answer = calling(large)
    assert "more than 1000 bytes" in (await team.tool("up_echo"))["error"]["message"]
    limited = (await team.tool("up_echo"))["error"]
    assert (limited["code"], limited["data"]["retryAfterS"] > 0) == (-32005, True)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"not json", "no JSON-RPC message"),
        (b'{"jsonrpc":"2.0","id":999,"result":{}}', "without a response"),
        (b"[" * 100_000, "no JSON-RPC message"),
        (b"", "no JSON-RPC message"),
    ],
)
async def test_a_server_that_answers_wrongly_is_named_with_what_was_wrong(
    ready: Team, upstream: Upstream, answer: bytes, why: str
) -> None:
    async def call(_: Got, wire: Wire) -> None:
        await wire.raw(answer, content_type="application/json")

    upstream.answer = calling(call)
    error = (await ready.tool("up_echo"))["error"]
    assert error["message"].startswith("'up'")
    assert why in error["message"]


async def test_a_redirect_is_not_followed_and_a_private_address_not_reached(ready: Team, upstream: Upstream) -> None:
    async def redirects(_: Got, wire: Wire) -> None:
        await wire.raw(b"", 307, location="http://169.254.169.254/latest")

    upstream.answer = redirects
    await ready.add("moved", upstream.url)
    assert "not followed" in (await ready.tool("moved_echo"))["error"]["message"]
    await ready.add("inner", "http://10.255.0.1/mcp")
    assert "not a public address" in (await ready.tool("inner_echo"))["error"]["message"]


async def test_a_stream_that_never_ends_is_cut_at_its_time(team: Team, upstream: Upstream) -> None:
    async def floods(got: Got, wire: Wire) -> None:
        await wire.start_stream()
        while True:
            await wire.event({"jsonrpc": "2.0", "method": "notifications/other", "params": {}})
            await asyncio.sleep(0.01)

    upstream.answer = calling(floods)
    await team.add("up", upstream.url, timeout_s=1)
    assert "within 1 seconds" in (await team.tool("up_echo"))["error"]["message"]


async def test_a_forgotten_session_is_made_anew_once_and_silently(team: Team, upstream: Upstream) -> None:
    sessions: list[str] = []

    async def older(got: Got, wire: Wire) -> None:
        if got.headers.get("mcp-protocol-version") == "2026-07-28":
            await wire.raw(b"unknown version", 400)
        elif got.json["method"] == "initialize":
            sessions.append(f"s{len(sessions)}")
            hello = {"protocolVersion": "2025-06-18", "capabilities": {}, "serverInfo": {"name": "o", "version": "1"}}
            await wire.json({"jsonrpc": "2.0", "id": got.json["id"], "result": hello}, mcp_session_id=sessions[-1])
        elif got.headers.get("mcp-session-id") != sessions[-1]:
            await wire.json({"jsonrpc": "2.0", "id": None, "error": {"code": -32001, "message": "Session"}}, 404)
        elif "id" not in got.json:
            await wire.raw(b"", 202)
        else:
            assert "io.modelcontextprotocol/protocolVersion" not in str(got.json)
            is_list = got.json["method"] == "tools/list"
            result: Any = {"tools": [{"name": "echo", "inputSchema": {}}]} if is_list else {"content": []}
            await wire.json({"jsonrpc": "2.0", "id": got.json["id"], "result": result})

    upstream.answer = older
    await team.add("old", upstream.url)
    # the newer era demands a resultType, and the result of an older server gets one
    assert (await team.tool("old_echo"))["result"] == {"resultType": "complete", "content": []}
    sessions.append("forgotten by the server")
    assert (await team.tool("old_echo"))["result"] == {"resultType": "complete", "content": []}
    assert len(sessions) == 3


async def test_a_client_that_leaves_gives_its_call_up(ready: Team, upstream: Upstream) -> None:
    gone = asyncio.Event()

    async def call(_: Got, wire: Wire) -> None:
        await wire.until_gone()
        gone.set()

    upstream.answer = calling(call)
    asking = asyncio.create_task(ready.tool("up_echo"))
    await eventually(lambda: _done(any(got.json["method"] == "tools/call" for got in upstream.got)))
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    await asyncio.wait_for(gone.wait(), PATIENCE_S)


async def _done(value: bool) -> bool:
    return value


async def test_plain_http_checks_arguments_and_caps_only_narrow(ready: Team, upstream: Upstream) -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer", "minimum": 1}}, "required": ["n"]}

    async def answer(got: Got, wire: Wire) -> None:
        if got.json["method"] != "tools/list":
            await answers(got, wire)
            return
        tools = [
            {"name": "count", "inputSchema": schema},
            {"name": "out", "inputSchema": {"$ref": "http://127.0.0.1:9/"}},
        ]
        await wire.json({"jsonrpc": "2.0", "id": got.json["id"], "result": {"tools": tools}})

    upstream.answer = answer

    async def call(tool: str, args: dict[str, Any], **caps: Any) -> Any:
        wish = {"server": "up", "tool": tool, "args": args, "caps": caps}
        return await ready.caller.post("/api/mcp/call", json=wish)

    answered = await call("count", {"n": 1}, timeout_s=3_600)
    assert answered.json()["result"]["content"][0]["text"] == "called"
    refused = await call("count", {"n": 0})
    assert (refused.status_code, "/n: 0 is less than" in refused.json()["detail"]) == (400, True)
    assert (await call("count", {})).status_code == 400
    assert "leads outside" in (await call("out", {})).json()["detail"]
    assert (await call("nothing", {})).status_code == 404
    assert (await call("count", {"n": 1}, result_bytes=10)).status_code == 413
    assert (await call("count", {"n": 1}, more=1)).status_code == 400


async def test_what_is_switched_off_nobody_may(ready: Team) -> None:
    before = (await ready.admin.get("/api/config/system", params={"level": "team"})).json()
    wish = {"level": "team", "revision": before["revision"], "values": {"systems.mcp": False}}
    assert (await ready.admin.put("/api/config/system", json=wish)).status_code < 300
    answer = await ready.ask("tools/list")
    assert (answer.status_code, "systems.mcp" in answer.text) == (403, True)


async def test_a_key_without_the_scope_and_no_key_are_refused(ready: Team) -> None:
    made = (await ready.admin.post("/api/keys", json={"name": "other", "scopes": ["ingest"]})).json()
    body = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    denied = await ready.caller.post("/mcp", json=body, headers={**ACCEPT, "authorization": f"Bearer {made['key']}"})
    assert (denied.status_code, denied.json()["error"]["code"]) == (403, -32003)
    ready.caller.headers.pop("authorization")
    nobody = await ready.caller.post("/mcp", json=body, headers=ACCEPT)
    assert nobody.status_code == 401
    assert nobody.headers["www-authenticate"].startswith("Bearer resource_metadata=")
