"""Anthropic's way of speaking: messages.

`input_tokens` leaves out what was read from or written to the cache. A stream tells the input at its beginning
(`message_start`) and the output, with the input again, at its end (`message_delta`).
Source: the Anthropic API reference.
"""

from collections.abc import Mapping
from typing import Any

from mno.llm_gateway.model import Usage
from mno.llm_gateway.providers.asked import (
    Asked,
    Operation,
    checked_model,
    count,
    is_object,
    operation_at,
    read_json,
    with_members,
)
from mno.llm_gateway.providers.reading import Reading
from mno.llm_gateway.usage import fitted, has_count, part, tokens

_OPERATIONS = {
    "messages": Operation("chat", metered=True),
    "complete": Operation("text_completion", metered=True),
}
_WORDS = {400: "invalid_request_error", 401: "authentication_error", 403: "permission_error", 404: "not_found_error",
          413: "request_too_large", 429: "rate_limit_error"}  # fmt: skip


class Anthropic:
    """Messages, and what stands beside them."""

    def asked(self, method: str, path: str, body: bytes) -> Asked:
        operation = operation_at(method, path, _OPERATIONS)
        if not is_object(body) and not operation.metered:
            return Asked(path, body, operation, "", None, False, None)
        document = read_json(body)
        model = checked_model(document.get("model"))
        limit = count(document, "max_tokens", "max_tokens_to_sample")
        return Asked(path, body, operation, model, document, document.get("stream") is True, limit)

    def rewritten(self, asked: Asked, model: str, output_tokens: int | None) -> tuple[str, bytes]:
        values: dict[str, object] = {}
        if asked.document is not None and model != asked.model:
            values["model"] = model
        if asked.document is not None and output_tokens is not None and asked.operation.metered:
            values["max_tokens"] = output_tokens
        return asked.path, with_members(asked, values)

    def credential(self, credential: str) -> Mapping[bytes, bytes]:
        return {b"x-api-key": credential.encode()} if credential else {}

    def read(self, reading: Reading, document: dict[str, Any]) -> bool:
        kind = document.get("type")
        if kind == "message":
            self._read_message(reading, document, final=True)
        elif kind == "message_start":
            self._read_message(reading, document.get("message"), final=False)
        elif kind == "message_delta":
            self._read_delta(reading, document)
        elif kind == "content_block_delta":
            delta = document.get("delta")
            for name in ("text", "thinking", "partial_json"):
                reading.text(part(delta, name))
        elif kind == "error":
            reading.trouble = str(part(document.get("error"), "message") or "")[:500]
        return False

    def _read_message(self, reading: Reading, message: Any, *, final: bool) -> None:
        if not isinstance(message, dict):
            return
        reading.named(message, "id", "model")
        if type(reason := message.get("stop_reason")) is str:
            reading.finish_reason = reason
        figures = message.get("usage")
        if type(tier := part(figures, "service_tier")) is str:
            reading.service_tier = tier
        usage = usage_of(figures)
        if usage is not None:
            reading.usage, reading.is_final = usage, final

    def _read_delta(self, reading: Reading, event: dict[str, Any]) -> None:
        if type(reason := part(event.get("delta"), "stop_reason")) is str:
            reading.finish_reason = reason
        figures = event.get("usage")
        if not isinstance(figures, dict) or not has_count(figures, "output_tokens"):
            return
        reading.usage, reading.is_final = merged(reading.usage or Usage(), figures), True

    def error(self, status: int, kind: str, message: str) -> dict[str, Any]:
        word = _WORDS.get(status, "api_error" if status >= 500 else "invalid_request_error")
        return {"type": "error", "error": {"type": word, "message": message, "code": kind}}


def usage_of(figures: Any) -> Usage | None:
    """None where it says nothing that can be."""
    if not has_count(figures, "input_tokens"):
        return None
    read, written = tokens(figures, "cache_read_input_tokens"), tokens(figures, "cache_creation_input_tokens")
    lifetimes = figures.get("cache_creation")
    hour = min(tokens(lifetimes, "ephemeral_1h_input_tokens"), written)
    return fitted(
        Usage(
            input_tokens=tokens(figures, "input_tokens") + read + written,
            cache_read_tokens=read,
            cache_write_5m_tokens=written - hour,
            cache_write_1h_tokens=hour,
            output_tokens=tokens(figures, "output_tokens"),
            reasoning_tokens=tokens(figures.get("output_tokens_details"), "thinking_tokens"),
        )
    )


def merged(before: Usage, figures: dict[str, Any]) -> Usage:
    """The end of a stream: cumulative figures, of which it may leave out the input, or how long caches are kept."""
    now = usage_of(figures) if has_count(figures, "input_tokens") else None
    after = before if now is None else now
    written = before.cache_write_5m_tokens + before.cache_write_1h_tokens
    if now is not None and now.cache_write_5m_tokens == written and not now.cache_write_1h_tokens:
        after = now._replace(
            cache_write_5m_tokens=before.cache_write_5m_tokens, cache_write_1h_tokens=before.cache_write_1h_tokens
        )
    return fitted(
        after._replace(
            output_tokens=tokens(figures, "output_tokens"),
            reasoning_tokens=tokens(figures.get("output_tokens_details"), "thinking_tokens"),
        )
    )
