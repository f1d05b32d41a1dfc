"""Answers as the providers document them, and what their published prices make of them, worked out by hand.

Prices: openai.com/api/pricing, claude.com/pricing (cache writes: 1.25 times the input for five minutes, twice for an
hour; reads a tenth; above 200,000 tokens of input the whole call is dearer) and ai.google.dev/gemini-api/docs/pricing,
each as of November 2026, in USD for a million tokens.
"""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
import pytest

from mno.llm_gateway.model import Call, Caller, ProviderKind
from mno.llm_gateway.providers import DIALECTS
from mno.llm_gateway.providers.reading import Reading, Stream, Whole
from mno.observability.costs import catalogue
from mno.observability.costs.pricing import PriceBook
from mno.observability.ingest.hub_calls import span_of
from mno.platform.money import usd

AT_NS = int(datetime(2026, 11, 20, 12, tzinfo=UTC).timestamp()) * 10**9
PRICED_AS = {ProviderKind.OPENAI: "openai", ProviderKind.ANTHROPIC: "anthropic", ProviderKind.GEMINI: "google"}


def chat(model: str, usage: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": "chatcmpl-1", "object": "chat.completion", "model": model, "choices": [], "usage": usage, **more}


def message(usage: dict[str, Any], model: str = "claude-sonnet-4-5-20250929") -> dict[str, Any]:
    return {"id": "msg_1", "type": "message", "model": model, "stop_reason": "end_turn", "usage": usage}


def generated(usage: dict[str, Any], model: str) -> dict[str, Any]:
    return {"responseId": "r", "modelVersion": model, "candidates": [{"finishReason": "STOP"}], "usageMetadata": usage}


WHOLE: dict[str, tuple[ProviderKind, dict[str, Any], str]] = {
    "openai cached input": (
        ProviderKind.OPENAI,
        chat(
            "gpt-4o-mini-2024-07-18",
            {
                "prompt_tokens": 2006,
                "completion_tokens": 300,
                "total_tokens": 2306,
                "prompt_tokens_details": {"cached_tokens": 1920, "audio_tokens": 0},
                "completion_tokens_details": {"reasoning_tokens": 0},
            },
        ),
        # 86 × 0.15 + 1920 × 0.075 + 300 × 0.60
        "0.000336900",
    ),
    "openai reasoning": (
        ProviderKind.OPENAI,
        chat(
            "gpt-5-mini-2025-08-07",
            {
                "prompt_tokens": 75,
                "completion_tokens": 1186,
                "total_tokens": 1261,
                "prompt_tokens_details": {"cached_tokens": 0},
                "completion_tokens_details": {"reasoning_tokens": 1024},
            },
        ),
        # 75 × 0.25 + 1186 × 2.00: reasoning is part of the output
        "0.002390750",
    ),
    "openai responses": (
        ProviderKind.OPENAI,
        {
            "id": "resp_1",
            "object": "response",
            "status": "completed",
            "model": "gpt-5-2025-08-07",
            "usage": {
                "input_tokens": 5_000,
                "input_tokens_details": {"cached_tokens": 4_096},
                "output_tokens": 87,
                "output_tokens_details": {"reasoning_tokens": 64},
                "total_tokens": 5_087,
            },
        },
        # 904 × 1.25 + 4096 × 0.125 + 87 × 10
        "0.002512000",
    ),
    "openai embeddings": (
        ProviderKind.OPENAI,
        {
            "object": "list",
            "data": [],
            "model": "text-embedding-3-small",
            "usage": {"prompt_tokens": 8, "total_tokens": 8},
        },
        # 8 × 0.02
        "0.000000160",
    ),
    "anthropic caches of five minutes and an hour": (
        ProviderKind.ANTHROPIC,
        message(
            {
                "input_tokens": 2_048,
                "cache_read_input_tokens": 1_800,
                "cache_creation_input_tokens": 248,
                "cache_creation": {"ephemeral_5m_input_tokens": 148, "ephemeral_1h_input_tokens": 100},
                "output_tokens": 503,
                "service_tier": "standard",
            }
        ),
        # 2048 × 3 + 1800 × 0.30 + 148 × 3.75 + 100 × 6 + 503 × 15
        "0.015384000",
    ),
    "anthropic long context": (
        ProviderKind.ANTHROPIC,
        message({"input_tokens": 150_000, "cache_read_input_tokens": 60_000, "output_tokens": 1_000}),
        # input, cache included, is above 200,000: 150000 × 6 + 60000 × 0.60 + 1000 × 22.50
        "0.958500000",
    ),
    "gemini cache and thoughts": (
        ProviderKind.GEMINI,
        generated(
            {
                "promptTokenCount": 3_000,
                "cachedContentTokenCount": 2_000,
                "candidatesTokenCount": 120,
                "thoughtsTokenCount": 480,
                "totalTokenCount": 3_600,
            },
            "gemini-2.5-flash",
        ),
        # 1000 × 0.30 + 2000 × 0.03 + 600 × 2.50: thoughts stand beside the candidates and cost as output
        "0.001860000",
    ),
    "gemini spoken input": (
        ProviderKind.GEMINI,
        generated(
            {
                "promptTokenCount": 1_100,
                "promptTokensDetails": [
                    {"modality": "TEXT", "tokenCount": 100},
                    {"modality": "AUDIO", "tokenCount": 1_000},
                ],
                "candidatesTokenCount": 50,
                "totalTokenCount": 1_150,
            },
            "gemini-2.5-flash",
        ),
        # 100 × 0.30 + 1000 × 1.00 + 50 × 2.50
        "0.001155000",
    ),
    "gemini long context": (
        ProviderKind.GEMINI,
        generated({"promptTokenCount": 250_000, "candidatesTokenCount": 1_000}, "gemini-2.5-pro"),
        # above 200,000: 250000 × 2.50 + 1000 × 15
        "0.640000000",
    ),
}


def cost_of(kind: ProviderKind, reading: Reading) -> Decimal:
    caller = Caller(UUID(int=1), UUID(int=2), "key_1", "key")
    call = Call(caller, bytes(16), bytes(8), bytes(8), AT_NS, "chat", metered=True, provider=PRICED_AS[kind])
    call.model, call.request_model, call.usage = reading.model, reading.model, reading.usage
    call.service_tier = reading.service_tier
    span = span_of(call)
    PriceBook(catalogue.bundled()).price(span)
    assert span.cost is not None, span.price_source
    return usd(span.cost)


@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_answer_costs_what_its_provider_publishes(name: str) -> None:
    kind, answer, cost = WHOLE[name]
    reading = Reading()
    reader = Whole(DIALECTS[kind].read, reading)
    reader.feed(orjson.dumps(answer))
    reader.end()
    assert cost_of(kind, reading) == Decimal(cost)


def streamed(kind: ProviderKind, events: list[dict[str, Any]]) -> Decimal:
    reading = Reading()
    reader = Stream(DIALECTS[kind].read, reading, hides=False)
    for event in events:
        reader.feed(b"data: " + orjson.dumps(event) + b"\n\n")
    reader.end()
    return cost_of(kind, reading)


def test_an_anthropic_stream_costs_what_its_last_delta_says() -> None:
    begun = message(
        {
            "input_tokens": 25,
            "cache_creation_input_tokens": 1_000,
            "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 1_000},
            "output_tokens": 1,
        }
    )
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": begun},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hello"}},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 15}},
        # with server tools the input grows on the way, and deltas are cumulative
        {
            "type": "message_delta",
            "delta": {},
            "usage": {"input_tokens": 10_682, "cache_creation_input_tokens": 1_000, "output_tokens": 510},
        },
    ]
    # 10682 × 3 + 1000 × 6 + 510 × 15
    assert streamed(ProviderKind.ANTHROPIC, events) == Decimal("0.045696000")


def test_a_gemini_stream_costs_what_its_last_chunk_says() -> None:
    chunks = [
        {"promptTokenCount": 10, "totalTokenCount": 10},
        {"promptTokenCount": 10, "candidatesTokenCount": 4, "thoughtsTokenCount": 90},
        {"promptTokenCount": 10, "candidatesTokenCount": 20, "thoughtsTokenCount": 90, "totalTokenCount": 120},
    ]
    # 10 × 0.30 + 110 × 2.50
    cost = streamed(ProviderKind.GEMINI, [generated(usage, "gemini-2.5-flash") for usage in chunks])
    assert cost == Decimal("0.000278000")


def test_a_responses_stream_costs_what_its_completion_says() -> None:
    done = WHOLE["openai responses"][1]
    begun = {"type": "response.created", "response": {**done, "status": "in_progress", "usage": None}}
    events: list[dict[str, Any]] = [
        begun,
        {"type": "response.output_text.delta", "delta": "x"},
        {"type": "response.completed", "response": done},
    ]
    assert streamed(ProviderKind.OPENAI, events) == Decimal("0.002512000")


@pytest.mark.parametrize(
    ("tier", "cost"),
    [
        # 1000 × 1.25 + 100 × 10
        ("default", "0.002250000"),
        # half of it
        ("flex", "0.001125000"),
        # twice as much
        ("priority", "0.004500000"),
    ],
)
def test_the_tier_that_an_answer_names_is_the_one_that_is_charged(tier: str, cost: str) -> None:
    reading = Reading()
    reader = Whole(DIALECTS[ProviderKind.OPENAI].read, reading)
    usage = {"prompt_tokens": 1_000, "completion_tokens": 100, "total_tokens": 1_100}
    reader.feed(orjson.dumps(chat("gpt-5-2025-08-07", usage, service_tier=tier)))
    reader.end()
    assert cost_of(ProviderKind.OPENAI, reading) == Decimal(cost)
