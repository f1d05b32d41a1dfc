"""OpenAI's wire format: chat completions, responses and embeddings, streamed or whole.

Source: the OpenAI API reference. What a request asks for decides what is billed: `prompt_cache_key` makes
part of the prompt a cache hit, an effort makes reasoning tokens, tools (before their results) a tool call.
"""

import base64
import struct
from typing import Any

from support.providers.bill import Billed, Figures, Reply, drawn_id

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
    stream = bool(request.get("stream"))
    if "exceed the limit" in str(request["messages"]):
        return limit_reached(request["model"], "chat", stream=stream)
    answered_tools = any(message["role"] == "tool" for message in request["messages"])
    billed = billed_call(
        "chat",
        request,
        n,
        response_id=drawn_id("chatcmpl-"),
        calls_tool=bool(request.get("tools")) and not answered_tools,
        thinks=bool(request.get("reasoning_effort")),
        usage_sent=not stream or bool((request.get("stream_options") or {}).get("include_usage")),
    )
    function = {"name": "get_weather", "arguments": TOOL_ARGUMENTS}
    tool_call = {"id": f"call_{n}", "type": "function", "function": function}
    head: dict[str, Any] = {
        "id": billed.response_id,
        "object": "chat.completion",
        "created": CREATED,
        "model": billed.model,
        "service_tier": "default",
        "system_fingerprint": "fp_standin",
    }
    finish = "tool_calls" if billed.tool_calls else "stop"
    if stream:
        head["object"] = "chat.completion.chunk"
        usage = chat_usage(billed) if billed.usage_sent else None
        return Reply(billed, events=chat_chunks(head, billed, tool_call, finish, usage))
    message: dict[str, Any] = {"role": "assistant", "content": billed.text or None, "refusal": None, "annotations": []}
    if billed.tool_calls:
        message["tool_calls"] = [tool_call]
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish}
    return Reply(billed, body={**head, "choices": [choice], "usage": chat_usage(billed)})


def billed_call(
    operation: str,
    request: dict[str, Any],
    n: int,
    *,
    response_id: str,
    calls_tool: bool,
    thinks: bool,
    usage_sent: bool = True,
) -> Billed:
    figures = Figures(n)
    reasoning = figures.reasoning if thinks else 0
    return Billed(
        "openai",
        operation,
        request["model"],
        SNAPSHOTS[request["model"]],
        bool(request.get("stream")),
        input_tokens=figures.input,
        cache_read_tokens=figures.cached if request.get("prompt_cache_key") else 0,
        output_tokens=figures.output + reasoning,
        reasoning_tokens=reasoning,
        response_id=response_id,
        text="" if calls_tool else figures.text,
        tool_calls=int(calls_tool),
        usage_sent=usage_sent,
    )


def chat_usage(billed: Billed) -> dict[str, Any]:
    return {
        "prompt_tokens": billed.input_tokens,
        "completion_tokens": billed.output_tokens,
        "total_tokens": billed.input_tokens + billed.output_tokens,
        "prompt_tokens_details": {"cached_tokens": billed.cache_read_tokens, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": billed.reasoning_tokens,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


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
    billed = billed_call(
        "responses",
        request,
        n,
        response_id=drawn_id("resp_"),
        calls_tool=bool(request.get("tools")) and "function_call_output" not in str(request["input"]),
        thinks=bool(request.get("reasoning")),
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
        "output": response_output(billed, n),
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
            "input_tokens_details": {"cached_tokens": billed.cache_read_tokens, "cache_write_tokens": 0},
            "output_tokens": billed.output_tokens,
            "output_tokens_details": {"reasoning_tokens": billed.reasoning_tokens},
            "total_tokens": billed.input_tokens + billed.output_tokens,
        },
    }
    if stream:
        return Reply(billed, events=response_events(whole))
    return Reply(billed, body=whole)


def response_output(billed: Billed, n: int) -> list[dict[str, Any]]:
    output: list[dict[str, Any]] = []
    if billed.reasoning_tokens:
        output.append({"id": f"rs_{n}", "type": "reasoning", "summary": []})
    if billed.tool_calls:
        call = {"name": "get_weather", "arguments": TOOL_ARGUMENTS, "call_id": f"call_{n}"}
        output.append({"id": f"fc_{n}", "type": "function_call", "status": "completed", **call})
    else:
        content = [{"type": "output_text", "text": billed.text, "annotations": [], "logprobs": []}]
        message = {"type": "message", "status": "completed", "role": "assistant", "content": content}
        output.append({"id": f"msg_{n}", **message})
    return output


def response_events(whole: dict[str, Any]) -> list[tuple[str, object]]:
    started = {**whole, "status": "in_progress", "output": [], "usage": None}
    events: list[dict[str, Any]] = [
        {"type": "response.created", "response": started},
        {"type": "response.in_progress", "response": started},
    ]
    for index, item in enumerate(whole["output"]):
        opened = {**item, "status": "in_progress"}
        opened.update({"content": []} if item["type"] == "message" else {})
        opened.update({"arguments": ""} if item["type"] == "function_call" else {})
        events.append({"type": "response.output_item.added", "output_index": index, "item": opened})
        events += item_events(item, {"output_index": index, "item_id": item["id"]})
        events.append({"type": "response.output_item.done", "output_index": index, "item": item})
    events.append({"type": "response.completed", "response": whole})
    return [(event["type"], {**event, "sequence_number": number}) for number, event in enumerate(events)]


def item_events(item: dict[str, Any], place: dict[str, Any]) -> list[dict[str, Any]]:
    """The pieces of one output item, between its beginning and its end."""
    if item["type"] == "function_call":
        arguments = item["arguments"]
        return [
            {"type": "response.function_call_arguments.delta", **place, "delta": arguments},
            {"type": "response.function_call_arguments.done", **place, "name": item["name"], "arguments": arguments},
        ]
    if item["type"] != "message":
        return []
    part = item["content"][0]
    middle = len(part["text"]) // 2
    pieces = (part["text"][:middle], part["text"][middle:])
    where = {**place, "content_index": 0}
    return [
        {"type": "response.content_part.added", **where, "part": {**part, "text": ""}},
        *({"type": "response.output_text.delta", **where, "delta": piece, "logprobs": []} for piece in pieces),
        {"type": "response.output_text.done", **where, "text": part["text"], "logprobs": []},
        {"type": "response.content_part.done", **where, "part": part},
    ]


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
