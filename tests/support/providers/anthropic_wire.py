"""Anthropic's wire format: messages, streamed or whole.

Source: the Anthropic API reference. `input_tokens` on the wire excludes what was read from or written to
the cache. A `cache_control` in the request makes a cache read and a write (of one hour where its `ttl`
says so), `thinking` makes reasoning, tools (before their results) a tool call.
"""

import json
from typing import Any

from support.providers.bill import Billed, Figures, Reply, drawn_id

SNAPSHOTS = {"claude-sonnet-4-5": "claude-sonnet-4-5-20250929"}


def messages(request: dict[str, Any], n: int) -> Reply:
    stream = bool(request.get("stream"))
    asked = json.dumps([request.get("system"), request["messages"]])
    if "exceed the limit" in asked:
        billed = Billed("anthropic", "chat", request["model"], request["model"], stream, error=True)
        error = {"type": "rate_limit_error", "message": "This request would exceed your rate limit."}
        return Reply(billed, status=429, body={"type": "error", "error": error, "request_id": f"req_{n}"})
    figures = Figures(n)
    calls_tool = bool(request.get("tools")) and "tool_result" not in asked
    caches = "cache_control" in asked
    for_an_hour = '"ttl": "1h"' in asked
    thinks = (request.get("thinking") or {}).get("type") in ("enabled", "adaptive")
    billed = Billed(
        "anthropic",
        "chat",
        request["model"],
        SNAPSHOTS[request["model"]],
        stream,
        input_tokens=figures.input,
        cache_read_tokens=figures.cached if caches else 0,
        cache_write_5m_tokens=figures.written if caches and not for_an_hour else 0,
        cache_write_1h_tokens=figures.written if for_an_hour else 0,
        output_tokens=figures.output + (figures.reasoning if thinks else 0),
        reasoning_tokens=figures.reasoning if thinks else 0,
        response_id=drawn_id("msg_"),
        text="" if calls_tool else figures.text,
        tool_calls=int(calls_tool),
    )
    blocks: list[dict[str, Any]] = []
    if thinks:
        blocks.append({"type": "thinking", "thinking": "Let me think.", "signature": "c2lnbmVk"})
    if calls_tool:
        blocks.append({"type": "tool_use", "id": f"toolu_{n}", "name": "get_weather", "input": {"city": "Taipei"}})
    else:
        blocks.append({"type": "text", "text": billed.text})
    whole: dict[str, Any] = {
        "id": billed.response_id,
        "type": "message",
        "role": "assistant",
        "model": billed.model,
        "content": blocks,
        "stop_reason": "tool_use" if calls_tool else "end_turn",
        "stop_sequence": None,
        "usage": usage(billed),
    }
    if not stream:
        return Reply(billed, body=whole)
    return Reply(billed, events=message_events(whole))


def usage(billed: Billed) -> dict[str, Any]:
    written = billed.cache_write_5m_tokens + billed.cache_write_1h_tokens
    figures: dict[str, Any] = {
        "input_tokens": billed.input_tokens - billed.cache_read_tokens - written,
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": billed.cache_read_tokens,
        "cache_creation": {
            "ephemeral_5m_input_tokens": billed.cache_write_5m_tokens,
            "ephemeral_1h_input_tokens": billed.cache_write_1h_tokens,
        },
        "output_tokens": billed.output_tokens,
        "service_tier": "standard",
    }
    if billed.reasoning_tokens:
        figures["output_tokens_details"] = {"thinking_tokens": billed.reasoning_tokens}
    return figures


def message_events(whole: dict[str, Any]) -> list[tuple[str, object]]:
    first_usage = {**whole["usage"], "output_tokens": 1}
    first_usage.pop("output_tokens_details", None)
    started = {**whole, "content": [], "stop_reason": None, "usage": first_usage}
    events: list[dict[str, Any]] = [{"type": "message_start", "message": started}, {"type": "ping"}]
    for index, block in enumerate(whole["content"]):
        opened, deltas = block_deltas(block)
        events.append({"type": "content_block_start", "index": index, "content_block": opened})
        events += [{"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas]
        events.append({"type": "content_block_stop", "index": index})
    ended = {"stop_reason": whole["stop_reason"], "stop_sequence": None}
    last_usage = {
        name: figure for name, figure in whole["usage"].items() if name not in ("cache_creation", "service_tier")
    }
    events += [{"type": "message_delta", "delta": ended, "usage": last_usage}, {"type": "message_stop"}]
    return [(event["type"], event) for event in events]


def block_deltas(block: dict[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    if block["type"] == "thinking":
        return {**block, "thinking": "", "signature": ""}, [
            {"type": "thinking_delta", "thinking": block["thinking"]},
            {"type": "signature_delta", "signature": block["signature"]},
        ]
    if block["type"] == "tool_use":
        pieces = ('{"city": ', '"Taipei"}')
        return {**block, "input": {}}, [{"type": "input_json_delta", "partial_json": piece} for piece in pieces]
    middle = len(block["text"]) // 2
    halves = (block["text"][:middle], block["text"][middle:])
    return {"type": "text", "text": ""}, [{"type": "text_delta", "text": half} for half in halves]
