"""Gemini's wire format: generateContent and streamGenerateContent.

Source: the Gemini API reference. `promptTokenCount` includes the cached part; `candidatesTokenCount`
excludes the thoughts. `cachedContent` in a request makes a cache hit, a thinking configuration thoughts,
tools (before their results) a function call.
"""

from typing import Any

from support.providers.bill import Billed, Figures, Reply, drawn_id


def generate_content(request: dict[str, Any], n: int, *, model: str, stream: bool) -> Reply:
    asked = str(request["contents"])
    if "exceed the limit" in asked:
        billed = Billed("google", "generate_content", model, model, stream, error=True)
        error = {"code": 429, "message": "Resource has been exhausted.", "status": "RESOURCE_EXHAUSTED"}
        return Reply(billed, status=429, body={"error": error})
    figures = Figures(n)
    calls_tool = bool(request.get("tools")) and "functionResponse" not in asked
    thinks = "thinkingConfig" in (request.get("generationConfig") or {})
    billed = Billed(
        "google",
        "generate_content",
        model,
        model,
        stream,
        input_tokens=figures.input,
        cache_read_tokens=figures.cached if request.get("cachedContent") else 0,
        output_tokens=figures.output + (figures.reasoning if thinks else 0),
        reasoning_tokens=figures.reasoning if thinks else 0,
        response_id=drawn_id("gemini-"),
        text="" if calls_tool else figures.text,
        tool_calls=int(calls_tool),
    )
    parts: list[dict[str, Any]] = []
    if thinks:
        parts.append({"text": "Let me think.", "thought": True})
    if calls_tool:
        parts.append({"functionCall": {"name": "get_weather", "args": {"city": "Taipei"}}})
    elif stream:
        middle = len(billed.text) // 2
        parts += [{"text": billed.text[:middle]}, {"text": billed.text[middle:]}]
    else:
        parts.append({"text": billed.text})
    if not stream:
        return Reply(billed, body=chunk(billed, parts, last=True))
    last = len(parts) - 1
    return Reply(billed, events=[("", chunk(billed, [part], last=index == last)) for index, part in enumerate(parts)])


def chunk(billed: Billed, parts: list[dict[str, Any]], *, last: bool) -> dict[str, object]:
    """One answer, or one piece of a stream; only the last one carries the final counts."""
    usage: dict[str, Any] = {
        "promptTokenCount": billed.input_tokens,
        "totalTokenCount": billed.input_tokens + (billed.output_tokens if last else 0),
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": billed.input_tokens}],
    }
    if billed.cache_read_tokens:
        usage["cachedContentTokenCount"] = billed.cache_read_tokens
        usage["cacheTokensDetails"] = [{"modality": "TEXT", "tokenCount": billed.cache_read_tokens}]
    if last:
        usage["candidatesTokenCount"] = billed.output_tokens - billed.reasoning_tokens
    if billed.reasoning_tokens:
        usage["thoughtsTokenCount"] = billed.reasoning_tokens
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": parts}, "index": 0}
    if last:
        candidate["finishReason"] = "STOP"
    return {
        "candidates": [candidate],
        "usageMetadata": usage,
        "modelVersion": billed.model,
        "responseId": billed.response_id,
    }
