"""Vercel AI SDK: `ai.operationId` and `ai.*` beside partial `gen_ai.*`; version 7 sends `gen_ai.*` mostly.

`ai.generateText` and its kin are parents that repeat the usage of their `.doGenerate`/`.doStream` children.
Version 4 names figures `promptTokens`; version 5 passes Anthropic's input on without its cache; version 6
states the whole and `inputTokenDetails.noCacheTokens`. Anthropic's split of cache writes by lifetime stands
only in `ai.response.providerMetadata`. Sources: npm `ai` 6.0.326, `@ai-sdk/otel` 1.0.173.
"""

from typing import Any

import orjson

from mno.observability.ingest.usage import Figures, Meaning

NAME = "ai-sdk"

KEYS = (
    ("ai.operationId", "ai_operation"),
    ("ai.response.model", "model"),
    ("ai.model.id", "request_model"),
    ("ai.model.provider", "provider"),
    ("ai.telemetry.functionId", "agent"),
    ("ai.toolCall.name", "tool"),
    ("ai.telemetry.metadata.userId", "user"),
    ("ai.telemetry.metadata.user_id", "user"),
    ("ai.telemetry.metadata.sessionId", "session"),
    ("ai.telemetry.metadata.session_id", "session"),
    ("ai.telemetry.metadata.threadId", "session"),
    ("ai.telemetry.metadata.tags", "tags"),
    ("ai.settings.context.userId", "user"),
    ("ai.settings.context.sessionId", "session"),
    ("ai.response.finishReason", "finish_reason"),
    ("ai.response.msToFirstChunk", "first_token_ms"),
    ("ai.stream.msToFirstChunk", "first_token_ms"),
    ("ai.usage.inputTokens", "input"),
    ("ai.usage.promptTokens", "input"),
    ("ai.usage.tokens", "input"),
    ("ai.usage.outputTokens", "output"),
    ("ai.usage.completionTokens", "output"),
    ("ai.usage.totalTokens", "total"),
    ("ai.usage.inputTokenDetails.cacheReadTokens", "cache_read"),
    ("ai.usage.cachedInputTokens", "cache_read"),
    ("ai.usage.inputTokenDetails.cacheWriteTokens", "cache_write"),
    ("ai.usage.inputTokenDetails.noCacheTokens", "uncached_input"),
    ("ai.usage.outputTokenDetails.reasoningTokens", "reasoning"),
    ("ai.usage.reasoningTokens", "reasoning"),
    ("ai.usage.outputTokenDetails.textTokens", "text_output"),
    ("ai.response.providerMetadata", "provider_metadata"),
    ("ai.prompt.messages", "input_messages"),
    ("ai.prompt", "input_value"),
    ("ai.response.text", "ai_text"),
    ("ai.response.reasoning", "ai_reasoning"),
    ("ai.response.toolCalls", "ai_tool_calls"),
    ("ai.response.object", "ai_object"),
)

OPERATIONS = {
    "ai.generateText.doGenerate": "chat",
    "ai.streamText.doStream": "chat",
    "ai.generateObject.doGenerate": "chat",
    "ai.streamObject.doStream": "chat",
    "ai.embed.doEmbed": "embeddings",
    "ai.embedMany.doEmbed": "embeddings",
    "ai.rerank.doRerank": "rerank",
    "ai.generateText": "invoke_agent",
    "ai.streamText": "invoke_agent",
    "ai.generateObject": "invoke_agent",
    "ai.streamObject": "invoke_agent",
    "ai.embed": "embed",
    "ai.embedMany": "embed",
    "ai.rerank": "rerank_documents",
    "ai.toolCall": "execute_tool",
}


def output_message(lifted: dict[str, Any]) -> dict[str, Any] | None:
    """The one output message from `ai.response.*`, as content blocks that messages.py understands."""
    blocks: list[dict[str, Any]] = []
    if lifted.get("ai_reasoning"):
        blocks.append({"type": "reasoning", "text": lifted["ai_reasoning"]})
    text = lifted.get("ai_text") or lifted.get("ai_object")
    if text:
        blocks.append({"type": "text", "text": text})
    calls = lifted.get("ai_tool_calls")
    if type(calls) is str:
        try:
            calls = orjson.loads(calls)
        except ValueError:
            blocks.append({"type": "text", "text": calls})
    if type(calls) is list:
        blocks += [{**call, "type": "tool-call"} for call in calls if type(call) is dict]
    return {"role": "assistant", "content": blocks} if blocks else None


def refine(figures: Figures, lifted: dict[str, Any]) -> None:
    """What the AI SDK's versions mean by their figures, for Claude models above all."""
    metadata = lifted.get("provider_metadata")
    if type(metadata) is str and ("cache" in metadata or "Cache" in metadata):
        _read_metadata(figures, metadata)
    claude = "claude" in f"{lifted.get('request_model', '')}{lifted.get('model', '')}"
    if claude and "ai_operation" in lifted and figures.uncached_input is None:
        # Versions 4 and 5 copy Anthropic's `input_tokens`, which leaves the cache out.
        figures.cache_meaning = Meaning.EXCLUDES


def _read_metadata(figures: Figures, text: str) -> None:
    """Anthropic's own usage in `providerMetadata.anthropic`; anything unexpected is left alone."""
    try:
        anthropic = orjson.loads(text)["anthropic"]
    except (ValueError, KeyError, TypeError):
        return
    if type(anthropic) is not dict:
        return
    usage = anthropic.get("usage")
    usage = usage if type(usage) is dict else {}
    written = usage.get("cache_creation_input_tokens", anthropic.get("cacheCreationInputTokens"))
    if figures.cache_write is None and _is_count(written):
        figures.cache_write = written
    read = usage.get("cache_read_input_tokens", anthropic.get("cacheReadInputTokens"))
    if figures.cache_read is None and _is_count(read):
        figures.cache_read = read
    split = usage.get("cache_creation")
    hour = split.get("ephemeral_1h_input_tokens") if type(split) is dict else None
    if figures.cache_write_1h is None and _is_count(hour):
        figures.cache_write_1h = hour


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value <= 10**12
