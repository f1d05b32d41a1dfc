"""OpenInference (Arize Phoenix): `openinference.span.kind` and flattened `llm.*` keys.

`llm.token_count.prompt` contains its `prompt_details`, `completion` its `completion_details`.
Sources: `openinference-semantic-conventions` 0.1.42, `openinference-instrumentation-anthropic` 3.1 (adds the
cache to the prompt), `-google-genai` 1.4 (adds thoughts to the completion).
"""

from typing import Any

import orjson

from mno.observability.ingest.messages import listed
from mno.observability.ingest.usage import Figures

NAME = "openinference"

KEYS = (
    ("openinference.span.kind", "openinference_kind"),
    ("llm.response.model_name", "model"),
    ("llm.model_name", "model"),
    ("embedding.model_name", "model"),
    ("reranker.model_name", "model"),
    ("decision.response.model_name", "model"),
    ("decision.model_name", "model"),
    ("llm.request.model_name", "request_model"),
    ("decision.request.model_name", "request_model"),
    ("llm.provider", "provider"),
    ("llm.system", "provider"),
    ("decision.provider", "provider"),
    ("agent.name", "agent"),
    ("tool.name", "tool"),
    ("llm.finish_reason", "finish_reason"),
    ("llm.token_count.prompt", "input"),
    ("decision.token_count.input", "input"),
    ("llm.token_count.completion", "output"),
    ("decision.token_count.output", "output"),
    ("llm.token_count.total", "total"),
    ("llm.token_count.prompt_details.cache_read", "cache_read"),
    ("llm.token_count.prompt_details.cache_input", "cache_read"),
    ("llm.token_count.prompt_details.cache_write", "cache_write"),
    ("llm.token_count.prompt_details.audio", "input_audio"),
    ("llm.token_count.completion_details.reasoning", "reasoning"),
    ("llm.token_count.completion_details.audio", "output_audio"),
    ("llm.cost.total", "cost"),
    ("input.value", "input_value"),
    ("output.value", "output_value"),
    ("tag.tags", "tags"),
)

INPUT_PREFIX = "llm.input_messages."
OUTPUT_PREFIX = "llm.output_messages."

OPERATIONS = {
    "LLM": "chat",
    "EMBEDDING": "embeddings",
    "RERANKER": "rerank",
    "DECISION": "decide",
    "AGENT": "invoke_agent",
    "TOOL": "execute_tool",
    "RETRIEVER": "retrieval",
    "CHAIN": "chain",
    "GUARDRAIL": "guardrail",
    "EVALUATOR": "evaluator",
    "PROMPT": "prompt",
}


def refine(figures: Figures, lifted: dict[str, Any]) -> None:
    """Anthropic's one-hour cache writes, which stand in the provider's reply (`output.value`) only."""
    reply = lifted.get("output_value")
    if not figures.cache_write or type(reply) is not str or "ephemeral_1h_input_tokens" not in reply:
        return
    try:
        hour = orjson.loads(reply)["usage"]["cache_creation"]["ephemeral_1h_input_tokens"]
    except (ValueError, KeyError, TypeError):
        return
    if type(hour) is int and 0 <= hour <= figures.cache_write:
        figures.cache_write_1h = hour


def asked_model(attributes: dict[str, Any]) -> str:
    """The model that a call asked for, where it failed before the span had one; else an empty text."""
    for key in ("llm.invocation_parameters", "embedding.invocation_parameters"):
        parameters = attributes.get(key)
        if type(parameters) is not str:
            continue
        try:
            model = orjson.loads(parameters)["model"]
        except (ValueError, KeyError, TypeError):
            continue
        if type(model) is str:
            return model
    return ""


def plain(item: dict[str, Any]) -> dict[str, Any]:
    """One unflattened message as content blocks and tool calls that messages.py understands."""
    item = _inside(item, "message")
    message = {name: value for name, value in item.items() if name not in ("contents", "tool_calls")}
    if "contents" in item:
        contents = [_inside(entry, "message_content") for entry in listed(item["contents"])]
        # Of a tool call the contents hold its place only; the call itself is under `tool_calls`.
        message["content"] = [_content(content) for content in contents if content != {"type": "tool_use"}]
    if "tool_calls" in item:
        message["tool_calls"] = [_inside(entry, "tool_call") for entry in listed(item["tool_calls"])]
    if "function_call_name" in item:
        message["function_call"] = {
            "name": message.pop("function_call_name"),
            "arguments": message.pop("function_call_arguments_json", None),
        }
    return message


def _inside(item: dict[str, Any], name: str) -> dict[str, Any]:
    inner = item.get(name)
    return inner if type(inner) is dict else item


def _content(content: dict[str, Any]) -> dict[str, Any]:
    image = content.get("image")
    if type(image) is dict and type(image.get("image")) is dict:
        return {"type": "image", "image": image["image"].get("url")}
    return content
