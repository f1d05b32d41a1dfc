"""OpenAI's wire format: chat completions, responses and embeddings, streamed or whole.

Source: the OpenAI API reference. What a request asks for decides what is billed: `prompt_cache_key` makes
part of the prompt a cache hit, an effort makes reasoning tokens, tools (before their results) a tool call.
"""

import base64
import struct
from typing import Any

from support.providers.bill import Billed, Figures, Reply

SNAPSHOTS = {"gpt-4o-mini": "gpt-4o-mini-2024-07-18", "gpt-5-mini": "gpt-5-mini-2025-08-07"}
CREATED = 1_763_700_000
TOOL_ARGUMENTS = '{"city": "Taipei"}'


def limit_reached(provider_model: str, operation: str, *, stream: bool) -> Reply:
    body: dict[str, object] = {
        "error": {"message": "Rate limit reached.", "type": "requests", "param": None, "code": "rate_limit_exceeded"}
    }
    billed = Billed("openai", operation, provider_model, provider_model, stream, error=True)
    return Reply(billed, status=429, body=body)


def chat(request: dict[str, Any], n: int) -> Reply:
    if "exceed the limit" in str(request["messages"]):
        return limit_reached(request["model"], "chat", stream=bool(request.get("stream")))
    figures = Figures(n)
    answered_tools = any(message["role"] == "tool" for message in request["messages"])
    calls_tool = bool(request.get("tools")) and not answered_tools
    cached = figures.cached if request.get("prompt_cache_key") else 0
    reasoning = figures.reasoning if request.get("reasoning_effort") else 0
    stream = bool(request.get("stream"))
    include_usage = not stream or bool((request.get("stream_options") or {}).get("include_usage"))
    model = SNAPSHOTS[request["model"]]
    billed = Billed(
        "openai",
        "chat",
        request["model"],
        model,
        stream,
        input_tokens=figures.input,
        cache_read_tokens=cached,
        output_tokens=figures.output + reasoning,
        reasoning_tokens=reasoning,
        response_id=f"chatcmpl-{n:08d}",
        text="" if calls_tool else figures.text,
        tool_calls=int(calls_tool),
        usage_sent=include_usage,
    )
    usage = {
        "prompt_tokens": billed.input_tokens,
        "completion_tokens": billed.output_tokens,
        "total_tokens": billed.input_tokens + billed.output_tokens,
        "prompt_tokens_details": {"cached_tokens": cached, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": reasoning,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }
    tool_call = {
        "id": f"call_{n}",
        "type": "function",
        "function": {"name": "get_weather", "arguments": TOOL_ARGUMENTS},
    }
    head = {
        "id": billed.response_id,
        "created": CREATED,
        "model": model,
        "service_tier": "default",
        "system_fingerprint": "fp_standin",
    }
    finish = "tool_calls" if calls_tool else "stop"
    if not stream:
        message = {"role": "assistant", "content": billed.text or None, "refusal": None, "annotations": []}
        if calls_tool:
            message["tool_calls"] = [tool_call]
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish}
        return Reply(billed, body={**head, "object": "chat.completion", "choices": [choice], "usage": usage})
    head["object"] = "chat.completion.chunk"
    return Reply(billed, events=chat_chunks(head, billed, tool_call, finish, usage if include_usage else None))


def chat_chunks(
    head: dict[str, Any], billed: Billed, tool_call: dict[str, Any], finish: str, usage: dict[str, Any] | None
) -> list[tuple[str, object]]:
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": "" if billed.text else None, "refusal": None}]
    if billed.tool_calls:
        opened = {**tool_call, "index": 0, "function": {"name": "get_weather", "arguments": ""}}
        deltas.append({"tool_calls": [opened]})
        deltas += [
            {"tool_calls": [{"index": 0, "function": {"arguments": part}}]} for part in ('{"city": ', '"Taipei"}')
        ]
    else:
        middle = len(billed.text) // 2
        deltas += [{"content": billed.text[:middle]}, {"content": billed.text[middle:]}]
    tail: dict[str, Any] = {"usage": None} if usage else {}
    chunks = [
        {**head, "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": None}], **tail}
        for delta in deltas
    ]
    chunks.append({**head, "choices": [{"index": 0, "delta": {}, "logprobs": None, "finish_reason": finish}], **tail})
    if usage:
        chunks.append({**head, "choices": [], "usage": usage})
    return [*(("", chunk) for chunk in chunks), ("", "[DONE]")]


def responses(request: dict[str, Any], n: int) -> Reply:
    stream = bool(request.get("stream"))
    if "exceed the limit" in str(request["input"]):
        return limit_reached(request["model"], "responses", stream=stream)
    figures = Figures(n)
    calls_tool = bool(request.get("tools")) and "function_call_output" not in str(request["input"])
    cached = figures.cached if request.get("prompt_cache_key") else 0
    reasoning = figures.reasoning if request.get("reasoning") else 0
    billed = Billed(
        "openai",
        "responses",
        request["model"],
        SNAPSHOTS[request["model"]],
        stream,
        input_tokens=figures.input,
        cache_read_tokens=cached,
        output_tokens=figures.output + reasoning,
        reasoning_tokens=reasoning,
        response_id=f"resp_{n:08d}",
        text="" if calls_tool else figures.text,
        tool_calls=int(calls_tool),
    )
    output: list[dict[str, Any]] = []
    if reasoning:
        output.append({"id": f"rs_{n}", "type": "reasoning", "summary": []})
    if calls_tool:
        output.append(
            {
                "id": f"fc_{n}",
                "type": "function_call",
                "status": "completed",
                "name": "get_weather",
                "arguments": TOOL_ARGUMENTS,
                "call_id": f"call_{n}",
            }
        )
    else:
        content = [{"type": "output_text", "text": billed.text, "annotations": [], "logprobs": []}]
        output.append(
            {"id": f"msg_{n}", "type": "message", "status": "completed", "role": "assistant", "content": content}
        )
    whole: dict[str, Any] = {
        "id": billed.response_id,
        "object": "response",
        "created_at": CREATED,
        "status": "completed",
        "error": None,
        "incomplete_details": None,
        "instructions": request.get("instructions"),
        "metadata": {},
        "model": billed.model,
        "output": output,
        "parallel_tool_calls": True,
        "temperature": 1.0,
        "tool_choice": "auto",
        "tools": request.get("tools") or [],
        "top_p": 1.0,
        "service_tier": "default",
        "store": False,
        "text": {"format": {"type": "text"}},
        "truncation": "disabled",
        "usage": {
            "input_tokens": billed.input_tokens,
            "input_tokens_details": {"cached_tokens": cached, "cache_write_tokens": 0},
            "output_tokens": billed.output_tokens,
            "output_tokens_details": {"reasoning_tokens": reasoning},
            "total_tokens": billed.input_tokens + billed.output_tokens,
        },
    }
    if not stream:
        return Reply(billed, body=whole)
    return Reply(billed, events=response_events(whole))


def response_events(whole: dict[str, Any]) -> list[tuple[str, object]]:
    started = {**whole, "status": "in_progress", "output": [], "usage": None}
    events: list[dict[str, Any]] = [
        {"type": "response.created", "response": started},
        {"type": "response.in_progress", "response": started},
    ]
    for index, item in enumerate(whole["output"]):
        place = {"output_index": index, "item_id": item["id"]}
        opened = {**item, "status": "in_progress"}
        if item["type"] == "message":
            opened["content"] = []
        if item["type"] == "function_call":
            opened["arguments"] = ""
        events.append({"type": "response.output_item.added", "output_index": index, "item": opened})
        if item["type"] == "message":
            part = item["content"][0]
            middle = len(part["text"]) // 2
            where = {**place, "content_index": 0}
            events.append({"type": "response.content_part.added", **where, "part": {**part, "text": ""}})
            for piece in (part["text"][:middle], part["text"][middle:]):
                events.append({"type": "response.output_text.delta", **where, "delta": piece, "logprobs": []})
            events.append({"type": "response.output_text.done", **where, "text": part["text"], "logprobs": []})
            events.append({"type": "response.content_part.done", **where, "part": part})
        if item["type"] == "function_call":
            arguments = item["arguments"]
            events.append({"type": "response.function_call_arguments.delta", **place, "delta": arguments})
            events.append(
                {"type": "response.function_call_arguments.done", **place, "name": item["name"], "arguments": arguments}
            )
        events.append({"type": "response.output_item.done", "output_index": index, "item": item})
    events.append({"type": "response.completed", "response": whole})
    return [(event["type"], {**event, "sequence_number": number}) for number, event in enumerate(events)]


def embeddings(request: dict[str, Any], n: int) -> Reply:
    texts = request["input"] if isinstance(request["input"], list) else [request["input"]]
    billed = Billed("openai", "embeddings", request["model"], request["model"], False, input_tokens=Figures(n).input)
    vector = [0.25, -0.5, 0.125]
    as_text = request.get("encoding_format") == "base64"
    shown = base64.b64encode(struct.pack("<3f", *vector)).decode() if as_text else vector
    body: dict[str, object] = {
        "object": "list",
        "data": [{"object": "embedding", "index": index, "embedding": shown} for index, _ in enumerate(texts)],
        "model": billed.model,
        "usage": {"prompt_tokens": billed.input_tokens, "total_tokens": billed.input_tokens},
    }
    return Reply(billed, body=body)
