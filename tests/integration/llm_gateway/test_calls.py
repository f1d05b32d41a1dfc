"""A call through the hub: what reaches the provider, what comes back, and what is written down."""

from decimal import Decimal
from typing import Any

import httpx
import orjson
import pytest

from integration.llm_gateway.conftest import CHAT, CREDENTIAL, Team
from support.promises import PATIENCE_S
from support.upstream import Got, Upstream, Wire, completion


async def test_a_call_passes_as_it_came_and_is_written_down_with_its_cost(ready: Team, upstream: Upstream) -> None:
    body = b'{ "model":"gpt-4o-mini","messages":[{"role":"user","content":"\\u4f60 hi"}] ,"brand_new": {"x":1.50} }'
    trace, parent = "ab" * 16, "cd" * 8
    answer = await ready.caller.post(
        "/llm/up/v1/chat/completions?beta=yes",
        content=body,
        headers={
            "content-type": "application/json",
            "traceparent": f"00-{trace}-{parent}-01",
            "x-mno-user": "ada",
            "x-mno-session": "s-1",
            "x-mno-environment": "staging",
            "x-mno-tags": "team=blue,urgent",
            "openai-beta": "next",
        },
    )
    assert answer.status_code == 200
    assert answer.content == orjson.dumps(completion())
    got = upstream.got[0]
    assert (got.method, got.target, got.body) == ("POST", "/v1/chat/completions?beta=yes", body)
    assert got.headers["authorization"] == f"Bearer {CREDENTIAL}"
    assert got.headers["openai-beta"] == "next"
    assert not any("mno" in name or "mno_" in value for name, value in got.headers.items())
    span = (await ready.spans(1))[0]
    assert (span["trace_id"], span["parent_span_id"]) == (trace, parent)
    assert (span["source"], span["api_key_id"], span["kind"], span["status"]) == (
        "gateway",
        ready.key_id,
        "client",
        "ok",
    )
    assert (span["provider"], span["model"], span["request_model"]) == (
        "openai",
        "gpt-4o-mini-2024-07-18",
        "gpt-4o-mini",
    )
    assert (span["user"], span["session"], span["environment"]) == ("ada", "s-1", "staging")
    assert span["tags"] == ["team=blue", "urgent=true"]
    assert (span["input_tokens"], span["output_tokens"], span["counted"]) == (11, 7, True)
    assert Decimal(span["cost"]) == 11 * Decimal("0.15e-6") + 7 * Decimal("0.60e-6")
    assert span["attributes"]["gen_ai.response.id"] == "chatcmpl-1"
    assert CREDENTIAL not in orjson.dumps(span).decode()


@pytest.mark.parametrize("place", ["authorization", "x-api-key", "x-goog-api-key", "api-key", "query", "basic"])
async def test_a_key_is_taken_where_each_client_puts_it(ready: Team, upstream: Upstream, place: str) -> None:
    headers: dict[str, str] = {}
    params: dict[str, str] = {}
    auth = None
    if place == "query":
        params = {"key": ready.key, "alt": "sse"}
    elif place == "basic":
        auth = httpx.BasicAuth("anybody", ready.key)
    else:
        headers[place] = f"Bearer {ready.key}" if place == "authorization" else ready.key
    async with httpx.AsyncClient(base_url=ready.hub, headers=headers, auth=auth, timeout=PATIENCE_S) as caller:
        answer = await caller.post("/llm/up/v1/chat/completions", json=CHAT, params=params)
    assert answer.status_code == 200
    assert ready.key not in str(upstream.got[0])
    assert upstream.got[0].target == "/v1/chat/completions" + ("?alt=sse" if params else "")


@pytest.mark.parametrize(
    ("headers", "status"),
    [({}, 401), ({"authorization": "Bearer mno_" + "0" * 40}, 401), ({"x-api-key": "sk-not-ours"}, 401)],
)
async def test_nobody_passes_without_a_key_of_the_hub(
    ready: Team, upstream: Upstream, headers: dict[str, str], status: int
) -> None:
    async with httpx.AsyncClient(base_url=ready.hub, headers=headers, timeout=PATIENCE_S) as caller:
        answer = await caller.post("/llm/up/v1/chat/completions", json=CHAT)
    assert answer.status_code == status
    assert answer.json()["error"]["message"]
    assert not upstream.got


async def test_a_key_for_sending_spans_calls_no_model(ready: Team, upstream: Upstream) -> None:
    made = (await ready.admin.post("/api/keys", json={"name": "ingest", "scopes": ["ingest", "read"]})).json()
    answer = await ready.caller.post(
        "/llm/up/v1/chat/completions", json=CHAT, headers={"authorization": f"Bearer {made['key']}"}
    )
    assert answer.status_code == 403
    assert "models.call" in answer.json()["error"]["message"]
    assert not upstream.got


async def test_a_key_for_the_gateway_may_nothing_else(ready: Team) -> None:
    for path in ("/api/traces", "/api/gateway/providers", "/api/keys"):
        assert (await ready.caller.get(path)).status_code == 403, path


async def test_what_the_team_switched_off_answers_nobody(ready: Team, upstream: Upstream) -> None:
    wish = {"level": "team", "values": {"systems.gateway": False}}
    assert (await ready.admin.put("/api/config/system", json=wish)).status_code == 200
    answer = await ready.chat()
    assert answer.status_code == 403
    assert "systems.gateway" in answer.json()["error"]["message"]
    assert not upstream.got


async def test_an_address_that_the_team_does_not_name_is_kept_out(ready: Team, upstream: Upstream) -> None:
    wish = {"level": "team", "values": {"security.allowed_addresses": ["203.0.113.0/24"]}, "confirmed": True}
    assert (await ready.admin.put("/api/config/system", json=wish)).status_code == 200
    assert (await ready.chat()).status_code == 403
    assert not upstream.got


async def test_other_methods_and_paths_pass_without_being_charged(ready: Team, upstream: Upstream) -> None:
    async def lists(_: Got, wire: Wire) -> None:
        await wire.json({"object": "list", "data": []})

    upstream.answer = lists
    assert (await ready.caller.get("/llm/up/v1/models")).json() == {"object": "list", "data": []}
    assert (await ready.caller.delete("/llm/up/v1/files/file-1")).status_code == 200
    sent = await ready.caller.post("/llm/up/v1/files", files={"file": ("a.jsonl", b"{}")}, data={"purpose": "batch"})
    assert sent.status_code == 200
    assert [one.method for one in upstream.got] == ["GET", "DELETE", "POST"]
    assert b"a.jsonl" in upstream.got[2].body
    spans = await ready.spans(3)
    assert {span["usage_kind"] for span in spans} == {"none"}
    assert (await ready.caller.options("/llm/up/v1/models")).status_code == 404


async def test_usage_at_a_path_that_nobody_knows_is_charged_all_the_same(ready: Team, upstream: Upstream) -> None:
    assert (await ready.caller.post("/llm/up/v1/threads/runs", json={"model": "gpt-4o-mini"})).status_code == 200
    assert (await ready.caller.post("/llm/up/v1/batches", json={"model": "gpt-4o-mini"})).status_code == 200
    spans = await ready.spans(2)
    assert [(span["usage_kind"], span["input_tokens"]) for span in spans] == [("call", 11), ("none", 0)]


async def test_a_large_body_in_chunks_arrives_whole(ready: Team, upstream: Upstream) -> None:
    whole = orjson.dumps({**CHAT, "pad": "x" * 3_000_000})

    async def pieces() -> Any:
        for at in range(0, len(whole), 100_000):
            yield whole[at : at + 100_000]

    answer = await ready.caller.post("/llm/up/v1/chat/completions", content=pieces())
    assert answer.status_code == 200
    assert upstream.got[0].body == whole
    assert upstream.got[0].headers["content-length"] == str(len(whole))


async def test_a_provider_that_is_not_there_is_named(ready: Team) -> None:
    answer = await ready.chat(provider="elsewhere")
    assert answer.status_code == 404
    assert "'elsewhere'" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("provider", "path", "read"),
    [
        ("anthropic", "/v1/messages", lambda body: (body["type"], body["error"]["type"])),
        ("gemini", "/v1beta/models/g:generateContent", lambda body: (body["error"]["code"], body["error"]["status"])),
    ],
)
async def test_an_error_speaks_as_the_provider_does(ready: Team, provider: str, path: str, read: Any) -> None:
    answer = await ready.caller.post(f"/llm/{provider}{path}", json={})
    assert answer.status_code == 404
    assert read(answer.json()) in {("error", "not_found_error"), (404, "NOT_FOUND")}


async def test_equal_deterministic_requests_are_answered_from_memory_where_that_is_on(
    team: Team, upstream: Upstream
) -> None:
    await team.add("up", upstream.url, cache_s=60)
    first = await team.chat(temperature=0)
    second = await team.chat(temperature=0)
    assert second.json() == first.json()
    assert second.headers["x-mno-cache"] == "hit"
    assert (await team.chat(temperature=0, seed=1)).status_code == 200
    assert (await team.chat()).status_code == 200
    assert (await team.chat()).status_code == 200
    assert len(upstream.got) == 4
    spans = await team.spans(5)
    hit = next(span for span in spans if span["attributes"].get("mno.gateway.cache") == "hit")
    assert hit["usage_kind"] == "none"
    assert Decimal(hit["attributes"]["mno.gateway.saved_usd"]) == Decimal("0.00000585")
