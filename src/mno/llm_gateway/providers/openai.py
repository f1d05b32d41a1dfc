"""OpenAI's way of speaking, which many others share: chat completions, responses, embeddings, images, audio.

Input contains what was read from the cache, output contains reasoning. xAI leaves reasoning out of `completion_tokens`
and counts it in `total_tokens`; DeepSeek calls cached input `prompt_cache_hit_tokens`.
Source: the OpenAI API reference.
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
    model_in_form,
    operation_at,
    read_json,
    with_members,
)
from mno.llm_gateway.providers.reading import Reading
from mno.llm_gateway.usage import fitted, has_count, part, tokens
from mno.platform.errors import Invalid

_OPERATIONS = {
    "chat/completions": Operation("chat", metered=True),
    "completions": Operation("text_completion", metered=True),
    "responses": Operation("chat", metered=True),
    "responses/compact": Operation("chat", metered=True),
    "embeddings": Operation("embeddings", metered=True),
    "images/generations": Operation("image_generation", metered=True),
    "images/edits": Operation("image_generation", metered=True),
    "images/variations": Operation("image_generation", metered=True),
    "audio/speech": Operation("speech", metered=True),
    "audio/transcriptions": Operation("transcription", metered=True),
    "audio/translations": Operation("transcription", metered=True),
    "moderations": Operation("moderation", metered=False),
}
_JSON_ONLY = frozenset({"chat", "text_completion", "embeddings"})
_WORDS = {400: "invalid_request_error", 401: "authentication_error", 403: "permission_error", 404: "not_found_error",
          429: "rate_limit_error"}  # fmt: skip


class OpenAi:
    """Also of everybody who speaks so."""

    def asked(self, method: str, path: str, body: bytes) -> Asked:
        operation = operation_at(method, path, _OPERATIONS)
        if not is_object(body) and operation.name not in _JSON_ONLY:
            return Asked(path, body, operation, model_in_form(body) if operation.metered else "", None, False, None)
        document = read_json(body)
        model = checked_model(document.get("model"))
        asked = Asked(path, body, operation, model, document, document.get("stream") is True, None)
        if operation.name in ("chat", "text_completion"):
            asked.output_tokens = count(document, "max_completion_tokens", "max_tokens", "max_output_tokens")
            asked.answers = count(document, "n") or 1
        elif operation.name == "embeddings":
            asked.output_tokens = 0
        asked.hides_usage = asked.stream and path.endswith("completions") and not _asks_usage(document)
        return asked

    def rewritten(self, asked: Asked, model: str, output_tokens: int | None) -> tuple[str, bytes]:
        values: dict[str, object] = {}
        if asked.document is None:
            if model != asked.model:
                raise Invalid("Another name for a model works in JSON bodies only; name the model itself in a form.")
            return asked.path, asked.body
        if model != asked.model:
            values["model"] = model
        if asked.hides_usage:
            options = asked.document.get("stream_options")
            values["stream_options"] = {**(options if isinstance(options, dict) else {}), "include_usage": True}
        if output_tokens is not None and asked.operation.name in ("chat", "text_completion"):
            values[_bound_name(asked)] = output_tokens
        return asked.path, with_members(asked, values)

    def credential(self, credential: str) -> Mapping[bytes, bytes]:
        return {b"authorization": b"Bearer " + credential.encode()} if credential else {}

    def read(self, reading: Reading, document: dict[str, Any]) -> bool:
        kind = document.get("type")
        if type(kind) is str and kind.startswith(("response.", "image_generation.", "transcript.")):
            self._read_event(reading, kind, document)
            return False
        reading.named(document, "id", "model")
        if type(tier := document.get("service_tier")) is str:
            reading.service_tier = tier
        if isinstance(error := document.get("error"), dict):
            reading.trouble = str(error.get("message") or error.get("code") or "")[:500]
        usage = usage_of(document.get("usage"))
        if usage is not None:
            reading.usage, reading.is_final = usage, True
        choices = document.get("choices")
        if isinstance(choices, list):
            for choice in choices:
                self._read_choice(reading, choice)
            return usage is not None and not choices
        if document.get("object") == "response":
            _read_output(reading, document)
        return False

    def _read_choice(self, reading: Reading, choice: Any) -> None:
        if type(reason := part(choice, "finish_reason")) is str:
            reading.finish_reason = reason
        said = part(choice, "delta") or part(choice, "message")
        for name in ("content", "reasoning_content", "reasoning", "refusal"):
            reading.text(part(said, name))
        reading.text(part(choice, "text"))
        calls = part(said, "tool_calls")
        for call in calls if isinstance(calls, list) else ():
            reading.text(part(part(call, "function"), "arguments"))

    def _read_event(self, reading: Reading, kind: str, event: dict[str, Any]) -> None:
        if kind.endswith(".delta"):
            reading.text(event.get("delta"))
            return
        whole = event.get("response")
        if isinstance(whole, dict):
            self.read(reading, {**whole, "type": ""})
        elif usage := usage_of(event.get("usage")):
            reading.usage, reading.is_final = usage, True

    def error(self, status: int, kind: str, message: str) -> dict[str, Any]:
        word = _WORDS.get(status, "server_error" if status >= 500 else "invalid_request_error")
        return {"error": {"message": message, "type": word, "param": None, "code": kind}}


def _asks_usage(document: dict[str, Any]) -> bool:
    return part(document.get("stream_options"), "include_usage") is True


def _bound_name(asked: Asked) -> str:
    if asked.path.endswith("/responses"):
        return "max_output_tokens"
    given = asked.document or {}
    return "max_tokens" if given.get("max_tokens") is not None else "max_completion_tokens"


def _read_output(reading: Reading, whole: dict[str, Any]) -> None:
    if whole.get("status") in ("completed", "incomplete", "failed"):
        reading.finish_reason = "stop" if whole["status"] == "completed" else str(whole["status"])


def usage_of(figures: Any) -> Usage | None:
    """Of chat completions and of responses, which use other words; None where it says nothing that can be."""
    if not has_count(figures, "prompt_tokens", "input_tokens"):
        return None
    asked = next((one for name in _INPUT_DETAILS if isinstance(one := figures.get(name), dict)), None)
    answered = next((one for name in _OUTPUT_DETAILS if isinstance(one := figures.get(name), dict)), None)
    whole, out = tokens(figures, "prompt_tokens", "input_tokens"), tokens(figures, "completion_tokens", "output_tokens")
    reasoning = tokens(answered, "reasoning_tokens")
    if reasoning and tokens(figures, "total_tokens") == whole + out + reasoning:
        out += reasoning
    return fitted(
        Usage(
            input_tokens=whole,
            cache_read_tokens=tokens(asked, "cached_tokens") or tokens(figures, "prompt_cache_hit_tokens"),
            cache_write_5m_tokens=tokens(asked, "cache_write_tokens"),
            input_audio_tokens=tokens(asked, "audio_tokens"),
            output_tokens=out,
            reasoning_tokens=reasoning,
            output_audio_tokens=tokens(answered, "audio_tokens"),
        )
    )


_INPUT_DETAILS = ("prompt_tokens_details", "input_tokens_details", "input_token_details")
_OUTPUT_DETAILS = ("completion_tokens_details", "output_tokens_details", "output_token_details")
