"""OpenLLMetry (Traceloop): `traceloop.*`, numbered `gen_ai.prompt.N.*` and the older `llm.usage.*`.

Its Anthropic instrumentation adds cache reads and writes to the input; its Gemini one copies
`candidates_token_count`, without thoughts, and the true total (usage.py). Sources:
`opentelemetry-semantic-conventions-ai` 0.5.1, `opentelemetry-instrumentation-anthropic` 0.62.4.
"""

from typing import Any

from mno.observability.ingest.messages import listed

NAME = "openllmetry"

KEYS = (
    ("traceloop.span.kind", "traceloop_kind"),
    ("llm.request.type", "request_type"),
    ("llm.usage.prompt_tokens", "input"),
    ("llm.usage.completion_tokens", "output"),
    ("llm.usage.total_tokens", "total"),
    ("llm.usage.reasoning_tokens", "reasoning"),
    ("llm.usage.cache_read_input_tokens", "cache_read"),
    ("llm.usage.cache_creation_input_tokens", "cache_write"),
    ("llm.response.model", "model"),
    ("llm.request.model", "request_model"),
    ("llm.vendor", "provider"),
    ("llm.response.finish_reason", "finish_reason"),
    ("llm.response.stop_reason", "finish_reason"),
    ("gen_ai.response.stop_reason", "finish_reason"),
    ("gen_ai.user", "user"),
    ("llm.user", "user"),
    ("traceloop.association.properties.user_id", "user"),
    ("traceloop.association.properties.userId", "user"),
    ("traceloop.association.properties.session_id", "session"),
    ("traceloop.association.properties.sessionId", "session"),
    ("traceloop.association.properties.thread_id", "session"),
    ("traceloop.entity.input", "input_value"),
    ("traceloop.entity.output", "output_value"),
)

PROMPT_PREFIX = "gen_ai.prompt."
COMPLETION_PREFIX = "gen_ai.completion."

REQUEST_TYPES = {
    "chat": "chat",
    "completion": "text_completion",
    "embedding": "embeddings",
    "embeddings": "embeddings",
    "rerank": "rerank",
}
KINDS = {"workflow": "invoke_workflow", "task": "task", "agent": "invoke_agent", "tool": "execute_tool"}


def plain(item: dict[str, Any]) -> dict[str, Any]:
    """One unflattened message: its numbered tool calls as a list."""
    if "tool_calls" in item:
        return {**item, "tool_calls": listed(item["tool_calls"])}
    return item
