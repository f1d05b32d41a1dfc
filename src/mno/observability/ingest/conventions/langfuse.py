"""Langfuse's OTel attributes: `langfuse.observation.*`, usage and cost as JSON maps with free keys.

Langfuse's own meaning of `usage_details` is disjoint: `input` leaves out `input_cached_tokens` and every other
`input_*`, because it adds the price of each key. Its OpenAI wrapper, however, passes OpenAI's usage on as it
is (`prompt_tokens` with `prompt_tokens_details`), users pass Anthropic's or Gemini's. So the names of the keys
say whose meaning holds. Source: `langfuse` 5.0.4 (`_client/attributes.py`, `openai.py`, `langchain/`).
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import orjson

from mno.observability.ingest.usage import Meaning

NAME = "langfuse"

KEYS = (
    ("langfuse.observation.type", "langfuse_type"),
    ("langfuse.observation.model.name", "request_model"),
    ("langfuse.observation.usage_details", "usage_details"),
    ("langfuse.observation.cost_details", "cost_details"),
    ("langfuse.observation.completion_start_time", "first_token_at"),
    ("langfuse.observation.level", "level"),
    ("langfuse.observation.status_message", "status_message"),
    ("langfuse.observation.input", "input_value"),
    ("langfuse.observation.output", "output_value"),
    ("langfuse.user.id", "user"),
    ("langfuse.trace.user_id", "user"),
    ("langfuse.session.id", "session"),
    ("langfuse.trace.session_id", "session"),
    ("langfuse.environment", "environment"),
    ("langfuse.trace.tags", "tags"),
)

OPERATIONS = {
    "generation": "chat",
    "embedding": "embeddings",
    "agent": "invoke_agent",
    "tool": "execute_tool",
    "chain": "chain",
    "retriever": "retrieval",
    "evaluator": "evaluator",
    "guardrail": "guardrail",
}

#: key in usage_details → our slot. Details of OpenAI arrive nested, or flattened by `.` or `_`.
_NAMES = {
    "input": "input",
    "input_tokens": "input",
    "prompt_tokens": "input",
    "promptTokens": "input",
    "prompt_token_count": "input",
    "promptTokenCount": "input",
    "output": "output",
    "output_tokens": "output",
    "completion_tokens": "output",
    "completionTokens": "output",
    "candidates_token_count": "output",
    "candidatesTokenCount": "output",
    "total": "total",
    "total_tokens": "total",
    "totalTokens": "total",
    "total_token_count": "total",
    "totalTokenCount": "total",
    "input_cached_tokens": "cache_read",
    "input_cache_read": "cache_read",
    "cache_read_input_tokens": "cache_read",
    "prompt_tokens_details.cached_tokens": "cache_read",
    "input_tokens_details.cached_tokens": "cache_read",
    "cached_content_token_count": "cache_read",
    "cachedContentTokenCount": "cache_read",
    "input_cache_creation": "cache_write",
    "input_cache_write": "cache_write",
    "cache_creation_input_tokens": "cache_write",
    "input_cache_creation_5m": "cache_write_5m",
    "input_cache_creation_1h": "cache_write_1h",
    "cache_creation.ephemeral_5m_input_tokens": "cache_write_5m",
    "cache_creation.ephemeral_1h_input_tokens": "cache_write_1h",
    "input_audio": "input_audio",
    "input_audio_tokens": "input_audio",
    "prompt_tokens_details.audio_tokens": "input_audio",
    "input_tokens_details.audio_tokens": "input_audio",
    "output_audio": "output_audio",
    "output_audio_tokens": "output_audio",
    "completion_tokens_details.audio_tokens": "output_audio",
    "output_reasoning": "reasoning",
    "output_reasoning_tokens": "reasoning",
    "completion_tokens_details.reasoning_tokens": "reasoning",
    "output_tokens_details.reasoning_tokens": "reasoning",
    "thoughts_token_count": "reasoning",
    "thoughtsTokenCount": "reasoning",
    "tool_use_prompt_token_count": "tool_input",
    "toolUsePromptTokenCount": "tool_input",
}

_DISJOINT_INPUT = frozenset(
    {
        "input_cached_tokens",
        "input_cache_read",
        "input_cache_creation",
        "input_cache_write",
        "input_cache_creation_5m",
        "input_cache_creation_1h",
        "cache_read_input_tokens",
        "cache_creation_input_tokens",
        "cache_creation.ephemeral_5m_input_tokens",
        "cache_creation.ephemeral_1h_input_tokens",
    }
)
_DISJOINT_OUTPUT = frozenset(
    {"output_reasoning", "output_reasoning_tokens", "thoughts_token_count", "thoughtsTokenCount"}
)


def usage_of(value: Any) -> tuple[dict[str, Any], Meaning, Meaning]:
    """Slots from `usage_details`, and what its input and its output mean.

    Figures are not checked here. An unreadable value gives no slots.
    """
    details = _flat(value)
    slots: dict[str, Any] = {}
    for key, figure in details.items():
        slot = _NAMES.get(key)
        if slot is not None and figure is not None:
            slots.setdefault(slot, figure)
    details_of_openai = any(key.startswith(("prompt_tokens_", "input_tokens_")) for key in details)
    cache = Meaning.ASSUMED
    if not details_of_openai and not _DISJOINT_INPUT.isdisjoint(details):
        cache = Meaning.EXCLUDES
    reasoning = Meaning.EXCLUDES if not _DISJOINT_OUTPUT.isdisjoint(details) else Meaning.ASSUMED
    generic = "input" in details and not any(key.startswith("cache_") for key in details)
    return slots, *_with_stated_total(slots, cache, reasoning, generic=generic)


def _with_stated_total(
    slots: Mapping[str, Any], cache: Meaning, reasoning: Meaning, *, generic: bool
) -> tuple[Meaning, Meaning]:
    """Langfuse's generic keys with a total that equals input and output: the parts are inside after all."""
    total, whole, output = slots.get("total"), slots.get("input"), slots.get("output")
    if generic and type(total) is int and type(whole) is int and type(output) is int and total == whole + output:
        return (
            Meaning.ASSUMED if cache is Meaning.EXCLUDES else cache,
            Meaning.ASSUMED if reasoning is Meaning.EXCLUDES else reasoning,
        )
    return cache, reasoning


def cost_of(value: Any) -> Any:
    """The reported cost in USD from `cost_details`: its `total`, else the sum of its parts, else None."""
    details = _flat(value)
    if details.get("total") is not None:
        return details["total"]
    parts = [Decimal(repr(part)) for part in details.values() if type(part) in (int, float)]
    return sum(parts) if parts else None


def _flat(value: Any) -> dict[str, Any]:
    """The map, one level of nesting written with a dot."""
    if type(value) is str:
        try:
            value = orjson.loads(value)
        except ValueError:
            return {}
    if type(value) is not dict:
        return {}
    flat: dict[str, Any] = {}
    for key, inner in value.items():
        if type(inner) is dict:
            flat.update({f"{key}.{name}": figure for name, figure in inner.items()})
        else:
            flat[key] = inner
    return flat
