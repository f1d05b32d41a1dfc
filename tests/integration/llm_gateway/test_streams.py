"""Streams: passed on as they come, settled on what was generated, cut when the client leaves."""

import asyncio
from typing import Any

import httpx
import orjson

from integration.llm_gateway.conftest import CHAT, Team, eventually
from support.promises import PATIENCE_S
from support.upstream import Got, Upstream, Wire

STREAM = {**CHAT, "stream": True}


def chunk(content: str | None = None, **fields: Any) -> dict[str, Any]:
    choices = [] if content is None else [{"index": 0, "delta": {"content": content}, "finish_reason": None}]
    return {
        "id": "chatcmpl-9",
        "object": "chat.completion.chunk",
        "model": "gpt-4o-mini-2024-07-18",
        "choices": choices,
        **fields,
    }


USAGE = {"prompt_tokens": 20, "completion_tokens": 30, "total_tokens": 50}


async def streams(got: Got, wire: Wire) -> None:
    await wire.start_stream()
    for word in ("one ", "two ", "three"):
        await wire.event(chunk(word))
    if (got.json.get("stream_options") or {}).get("include_usage"):
        await wire.event(chunk(usage=USAGE))
    await wire.event("[DONE]")
    await wire.end()


async def test_the_usage_that_the_client_did_not_ask_for_is_asked_and_kept_back(
    ready: Team, upstream: Upstream
) -> None:
    upstream.answer = streams
    body = b'{"model":"gpt-4o-mini", "messages":[], "stream":true}'
    answer = await ready.caller.post("/llm/up/v1/chat/completions", content=body)
    assert upstream.got[0].body == body[:-1] + b',"stream_options":{"include_usage":true}}'
    assert b"usage" not in answer.content
    assert answer.content.endswith(b"data: [DONE]\n\n")
    assert answer.content.count(b"data: ") == 4
    span = (await ready.spans(1))[0]
    assert (span["input_tokens"], span["output_tokens"]) == (20, 30)
    assert span["attributes"]["gen_ai.response.id"] == "chatcmpl-9"
    assert span["time_to_first_token_ns"] > 0
    assert "mno.gateway.estimated" not in span["attributes"]


async def test_the_usage_that_the_client_asked_for_is_passed_on(ready: Team, upstream: Upstream) -> None:
    upstream.answer = streams
    wish = {**STREAM, "stream_options": {"include_usage": True}}
    answer = await ready.caller.post("/llm/up/v1/chat/completions", json=wish)
    assert orjson.loads(upstream.got[0].body) == wish
    assert b'"prompt_tokens":20' in answer.content


async def test_pieces_pass_at_once(ready: Team, upstream: Upstream) -> None:
    go_on = asyncio.Event()

    async def slowly(_: Got, wire: Wire) -> None:
        await wire.start_stream()
        await wire.event(chunk("one"))
        await go_on.wait()
        await wire.event(chunk("two", usage=USAGE))
        await wire.end()

    upstream.answer = slowly
    async with ready.caller.stream("POST", "/llm/up/v1/chat/completions", json=STREAM) as answer:
        assert answer.headers["content-type"] == "text/event-stream"
        pieces = answer.aiter_raw()
        assert b"one" in await asyncio.wait_for(anext(pieces), PATIENCE_S)
        go_on.set()
        assert b"two" in b"".join([piece async for piece in pieces])


async def test_a_client_that_leaves_cuts_the_stream_and_is_settled_on_what_came(
    ready: Team, upstream: Upstream
) -> None:
    cut = asyncio.Event()

    async def endless(_: Got, wire: Wire) -> None:
        await wire.start_stream()
        await wire.event(chunk("four letters each "))
        await wire.until_gone()
        cut.set()

    upstream.answer = endless
    async with (
        httpx.AsyncClient(base_url=ready.hub, headers=ready.caller.headers, timeout=PATIENCE_S) as leaving,
        leaving.stream("POST", "/llm/up/v1/chat/completions", json=STREAM) as answer,
    ):
        await anext(answer.aiter_raw())
    await asyncio.wait_for(cut.wait(), PATIENCE_S)
    span = (await ready.spans(1))[0]
    assert span["attributes"]["mno.gateway.estimated"] is True
    assert span["attributes"]["mno.gateway.cut"] is True
    assert span["output_tokens"] == 5
    assert span["input_tokens"] >= 10
    assert span["status"] == "ok", "to leave is no failure"


async def test_a_client_that_leaves_a_whole_answer_is_settled_on_it(ready: Team, upstream: Upstream) -> None:
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def late(_: Got, wire: Wire) -> None:
        asked.set()
        await go_on.wait()
        await wire.json(chunk("whole", usage=USAGE))

    upstream.answer = late
    leaving = asyncio.create_task(ready.chat())
    await asked.wait()
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)
    go_on.set()
    span = (await ready.spans(1))[0]
    assert (span["input_tokens"], span["output_tokens"]) == (20, 30)


async def test_a_stream_that_tells_no_usage_is_estimated(ready: Team, upstream: Upstream) -> None:
    async def silent(_: Got, wire: Wire) -> None:
        await wire.start_stream()
        await wire.event(chunk("eight characters is two tokens"))
        await wire.event("[DONE]")
        await wire.end()

    upstream.answer = silent
    assert (await ready.caller.post("/llm/up/v1/chat/completions", json=STREAM)).status_code == 200
    span = (await ready.spans(1))[0]
    assert span["attributes"]["mno.gateway.estimated"] is True
    assert span["output_tokens"] == 8
    assert span["status"] == "ok"


async def test_a_hundred_streams_at_once_do_not_mix(ready: Team, upstream: Upstream) -> None:
    async def echo(got: Got, wire: Wire) -> None:
        await wire.start_stream()
        for _ in range(5):
            await wire.event(chunk(got.json["messages"][0]["content"]))
            await asyncio.sleep(0.001)
        await wire.event(chunk(usage=USAGE))
        await wire.end()

    upstream.answer = echo

    async def one(number: int) -> bool:
        wish = {**STREAM, "messages": [{"role": "user", "content": f"number {number}."}]}
        answer = await ready.caller.post("/llm/up/v1/chat/completions", json=wish)
        return answer.content.count(f'"number {number}."'.encode()) == 5 and answer.content.count(b"number") == 5

    assert all(await asyncio.gather(*(one(number) for number in range(100))))

    async def counted() -> int:
        summary = (await ready.admin.get("/api/usage/summary", params={"from": "-1h"})).json()
        return sum(row["calls"] for row in summary["rows"])

    assert await eventually(counted, lambda calls: calls >= 100) == 100
