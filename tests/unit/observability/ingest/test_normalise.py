"""One span of every convention becomes the same row."""

import json
from typing import Any

import pytest

from mno.observability.ingest.conventions import plan_of
from mno.observability.spans.model import Span, UsageKind
from support.otlp import SECOND, span_with

CALL = {
    "model": "gpt-4o-2024-08-06",
    "provider": "openai",
    "operation": "chat",
    "usage_kind": UsageKind.CALL,
    "input_tokens": 1000,
    "cache_read_tokens": 600,
    "output_tokens": 50,
    "reasoning_tokens": 20,
    "metered": True,
}
ONE_CALL = [
    pytest.param(
        "genai",
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": "gpt-4o",
            "gen_ai.response.model": "gpt-4o-2024-08-06",
            "gen_ai.usage.input_tokens": 1000,
            "gen_ai.usage.cache_read.input_tokens": 600,
            "gen_ai.usage.output_tokens": 50,
            "gen_ai.usage.reasoning.output_tokens": 20,
        },
        id="OTel GenAI",
    ),
    pytest.param(
        "genai",
        {
            "gen_ai.system": "openai",
            "gen_ai.response.model": "gpt-4o-2024-08-06",
            "gen_ai.usage.prompt_tokens": 1000,
            "gen_ai.usage.completion_tokens": 50,
            "gen_ai.usage.details.cache_read_tokens": 600,
            "gen_ai.usage.details.reasoning_tokens": 20,
        },
        id="OTel GenAI as it was, without an operation",
    ),
    pytest.param(
        "openinference",
        {
            "openinference.span.kind": "LLM",
            "llm.model_name": "gpt-4o-2024-08-06",
            "llm.provider": "openai",
            "llm.token_count.prompt": 1000,
            "llm.token_count.prompt_details.cache_read": 600,
            "llm.token_count.completion": 50,
            "llm.token_count.completion_details.reasoning": 20,
        },
        id="OpenInference",
    ),
    pytest.param(
        "openllmetry",
        {
            "llm.request.type": "chat",
            "gen_ai.system": "OpenAI",
            "gen_ai.request.model": "gpt-4o",
            "gen_ai.response.model": "gpt-4o-2024-08-06",
            "gen_ai.usage.prompt_tokens": 1000,
            "gen_ai.usage.cache_read_input_tokens": 600,
            "gen_ai.usage.completion_tokens": 50,
            "llm.usage.total_tokens": 1050,
            "llm.usage.reasoning_tokens": 20,
        },
        id="OpenLLMetry",
    ),
    pytest.param(
        "langfuse",
        {
            "langfuse.observation.type": "generation",
            "langfuse.observation.model.name": "gpt-4o-2024-08-06",
            "langfuse.observation.usage_details": json.dumps(
                {
                    "prompt_tokens": 1000,
                    "completion_tokens": 50,
                    "total_tokens": 1050,
                    "prompt_tokens_details": {"cached_tokens": 600},
                    "completion_tokens_details": {"reasoning_tokens": 20},
                }
            ),
        },
        id="Langfuse, OpenAI's own usage",
    ),
    pytest.param(
        "langfuse",
        {
            "langfuse.observation.type": "generation",
            "langfuse.observation.model.name": "gpt-4o-2024-08-06",
            "langfuse.observation.usage_details": json.dumps(
                {"input": 400, "output": 30, "total": 1050, "input_cached_tokens": 600, "output_reasoning_tokens": 20}
            ),
        },
        id="Langfuse, disjoint",
    ),
    pytest.param(
        "ai-sdk",
        {
            "ai.operationId": "ai.generateText.doGenerate",
            "ai.model.provider": "openai.chat",
            "ai.model.id": "gpt-4o",
            "ai.response.model": "gpt-4o-2024-08-06",
            "ai.usage.inputTokens": 1000,
            "ai.usage.cachedInputTokens": 600,
            "ai.usage.outputTokens": 50,
            "ai.usage.reasoningTokens": 20,
            "ai.usage.totalTokens": 1050,
        },
        id="Vercel AI SDK",
    ),
]


def columns(span: Span, names: Any) -> dict[str, Any]:
    return {name: getattr(span, name) for name in names}


@pytest.mark.parametrize(("convention", "attributes"), ONE_CALL)
def test_one_call_reads_the_same_in_every_convention(convention: str, attributes: dict[str, Any]) -> None:
    span = span_with(attributes)
    assert columns(span, CALL) == CALL
    assert span.convention == convention


@pytest.mark.parametrize(
    ("attributes", "operation", "usage_kind"),
    [
        ({"gen_ai.operation.name": "invoke_agent"}, "invoke_agent", UsageKind.NONE),
        (
            {"gen_ai.operation.name": "invoke_agent", "gen_ai.usage.input_tokens": 5},
            "invoke_agent",
            UsageKind.AGGREGATE,
        ),
        ({"gen_ai.operation.name": "execute_tool"}, "execute_tool", UsageKind.NONE),
        ({"gen_ai.operation.name": "embeddings"}, "embeddings", UsageKind.CALL),
        ({"ai.operationId": "ai.streamText", "ai.usage.inputTokens": 5}, "invoke_agent", UsageKind.AGGREGATE),
        ({"ai.operationId": "ai.streamText.doStream"}, "chat", UsageKind.CALL),
        ({"ai.operationId": "ai.embed", "ai.usage.tokens": 5}, "embed", UsageKind.AGGREGATE),
        ({"ai.operationId": "ai.toolCall"}, "execute_tool", UsageKind.NONE),
        ({"openinference.span.kind": "AGENT"}, "invoke_agent", UsageKind.NONE),
        ({"openinference.span.kind": "EMBEDDING"}, "embeddings", UsageKind.CALL),
        ({"openinference.span.kind": "CHAIN", "llm.token_count.total": 9}, "chain", UsageKind.AGGREGATE),
        ({"traceloop.span.kind": "workflow"}, "invoke_workflow", UsageKind.NONE),
        ({"llm.request.type": "completion"}, "text_completion", UsageKind.CALL),
        ({"langfuse.observation.type": "tool"}, "execute_tool", UsageKind.NONE),
        ({"langfuse.observation.type": "span"}, "", UsageKind.NONE),
        ({"gen_ai.usage.cost": 0.5}, "", UsageKind.AGGREGATE),
        ({"http.request.method": "GET"}, "", UsageKind.NONE),
    ],
)
def test_an_operation_says_whether_a_span_is_a_call(
    attributes: dict[str, Any], operation: str, usage_kind: UsageKind
) -> None:
    span = span_with(attributes)
    assert (span.operation, span.usage_kind) == (operation, usage_kind)


def test_a_call_without_figures_is_not_metered() -> None:
    assert not span_with({"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o"}).metered
    assert span_with({"gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": 0}).metered


def test_who_and_where_are_lifted() -> None:
    span = span_with(
        {
            "user.id": "ada",
            "session.id": "s1",
            "gen_ai.conversation.id": "c1",
            "gen_ai.agent.name": "helper",
            "gen_ai.tool.name": "search",
            "langfuse.environment": "staging",
            "openai.response.service_tier": "flex",
            "gen_ai.response.finish_reasons": ["stop", "length"],
            "langfuse.trace.tags": ["beta", "team=search"],
            "mno.tag.feature": "checkout",
            "other": 1,
        }
    )
    assert columns(span, ("user_id", "session_id", "agent", "tool", "environment")) == {
        "user_id": "ada",
        "session_id": "s1",
        "agent": "helper",
        "tool": "search",
        "environment": "staging",
    }
    assert (span.service_tier, span.finish_reason) == ("flex", "stop,length")
    assert span.tags == ("beta=true", "feature=checkout", "team=search")
    assert json.loads(span.attributes) == {"other": 1}


def test_a_conversation_is_the_session_where_nothing_else_is() -> None:
    assert span_with({"gen_ai.conversation.id": "c1"}).session_id == "c1"


def test_a_provider_of_another_spelling_keeps_its_own_word_in_the_attributes() -> None:
    span = span_with({"gen_ai.provider.name": "gcp.vertex_ai"})
    assert span.provider == "google"
    assert json.loads(span.attributes) == {"gen_ai.provider.name": "gcp.vertex_ai"}


@pytest.mark.parametrize(
    ("attributes", "nano"),
    [
        ({"gen_ai.usage.cost": 0.25}, 250_000_000),
        ({"gen_ai.usage.total_cost": "0.000000001"}, 1),
        ({"llm.cost.total": 1}, 10**9),
        ({"langfuse.observation.cost_details": '{"input":0.1,"output":0.2}'}, 300_000_000),
        ({"langfuse.observation.cost_details": '{"input":0.1,"total":0.5}'}, 500_000_000),
        ({"langfuse.observation.cost_details": "{"}, None),
        ({"gen_ai.usage.cost": 0.0}, None),
        ({}, None),
    ],
)
def test_a_reported_cost_is_exact_and_zero_is_no_report(attributes: dict[str, Any], nano: int | None) -> None:
    assert span_with(attributes).reported_cost == nano


@pytest.mark.parametrize(
    ("attributes", "events"),
    [
        ({"gen_ai.response.time_to_first_chunk": 0.25}, []),
        ({"ai.operationId": "ai.streamText.doStream", "ai.response.msToFirstChunk": 250}, []),
        ({"openinference.span.kind": "LLM"}, [("First Token Stream Event", {}, SECOND // 4)]),
        ({}, [("gen_ai.content.completion.chunk", {}, SECOND // 4), ("gen_ai.content.completion.chunk", {}, SECOND)]),
    ],
)
def test_the_time_to_the_first_token_is_found(attributes: dict[str, Any], events: list[Any]) -> None:
    assert span_with(attributes, events=events).time_to_first_token_ns == SECOND // 4


def test_langfuse_states_the_moment_of_the_first_token() -> None:
    moment = "2026-01-01T00:00:00.250000Z"
    start = 1767225600 * SECOND
    span = span_with(
        {"langfuse.observation.completion_start_time": f'"{moment}"'},
        start_time_unix_nano=start,
        end_time_unix_nano=start + SECOND,
    )
    assert span.time_to_first_token_ns == SECOND // 4


@pytest.mark.parametrize("moment", ["soon", "", "2026-13-01"])
def test_a_moment_that_cannot_be_read_is_no_measurement(moment: str) -> None:
    assert span_with({"langfuse.observation.completion_start_time": moment}).time_to_first_token_ns == 0


def test_an_error_takes_its_message_from_where_it_is() -> None:
    assert span_with({}, status=(2, "no"), events=[("exception", {"exception.message": "x"})]).status_message == "no"
    assert span_with({}, status=(2, ""), events=[("exception", {"exception.message": "x"})]).status_message == "x"
    span = span_with({"langfuse.observation.level": "ERROR", "langfuse.observation.status_message": "quota"})
    assert (span.status, span.status_message) == ("error", "quota")


def test_events_stand_at_their_distance_from_the_start() -> None:
    span = span_with({}, events=[("retry", {"attempt": 2}, 5)])
    assert json.loads(span.events) == [{"name": "retry", "offset_ns": 5, "attributes": {"attempt": 2}}]


class TestAiSdkAndClaude:
    """The AI SDK's versions mean different things by an Anthropic input."""

    def test_version_5_leaves_the_cache_out(self) -> None:
        span = span_with(
            {
                "ai.operationId": "ai.generateText.doGenerate",
                "ai.model.id": "claude-sonnet-4-5",
                "ai.usage.inputTokens": 2000,
                "ai.usage.cachedInputTokens": 1000,
                "ai.usage.outputTokens": 10,
                "ai.response.providerMetadata": '{"anthropic":{"cacheCreationInputTokens":300}}',
            }
        )
        assert (span.input_tokens, span.cache_read_tokens, span.cache_write_5m_tokens) == (3300, 1000, 300)

    def test_version_6_states_the_whole_and_the_reply_splits_the_writes(self) -> None:
        usage = {"cache_creation_input_tokens": 300, "cache_creation": {"ephemeral_1h_input_tokens": 200}}
        span = span_with(
            {
                "ai.operationId": "ai.generateText.doGenerate",
                "ai.model.id": "claude-sonnet-4-5",
                "ai.usage.inputTokens": 3300,
                "ai.usage.inputTokenDetails.noCacheTokens": 2000,
                "ai.usage.inputTokenDetails.cacheReadTokens": 1000,
                "ai.usage.inputTokenDetails.cacheWriteTokens": 300,
                "ai.response.providerMetadata": json.dumps({"anthropic": {"usage": usage}}),
            }
        )
        assert (span.input_tokens, span.cache_write_5m_tokens, span.cache_write_1h_tokens) == (3300, 100, 200)

    @pytest.mark.parametrize("metadata", ["{cache", '{"anthropic":"cache"}', '["cache"]', '{"openai":{"cache":1}}'])
    def test_metadata_of_another_shape_is_left_alone(self, metadata: str) -> None:
        span = span_with({"ai.operationId": "ai.generateText.doGenerate", "ai.response.providerMetadata": metadata})
        assert not span.metered


class TestLangfuseUsage:
    @pytest.mark.parametrize(
        ("details", "expected"),
        [
            ({"input": 945, "output": 226, "cache_read_input_tokens": 1042}, (1987, 1042, 226, 0)),
            ({"input": 100, "output": 20, "total": 120, "input_cached_tokens": 80}, (100, 80, 20, 0)),
            ({"input_tokens": 2000, "input_tokens_details": {"cached_tokens": 800}}, (2000, 800, 0, 0)),
            (
                {"prompt_token_count": 100, "candidates_token_count": 30, "thoughts_token_count": 9},
                (100, 0, 39, 9),
            ),
            ({"total": 50}, (50, 0, 0, 0)),
            ({"unknown": 5}, (0, 0, 0, 0)),
        ],
    )
    def test_the_names_of_the_keys_say_whose_meaning_holds(
        self, details: dict[str, Any], expected: tuple[int, ...]
    ) -> None:
        span = span_with(
            {"langfuse.observation.type": "generation", "langfuse.observation.usage_details": json.dumps(details)}
        )
        found = (span.input_tokens, span.cache_read_tokens, span.output_tokens, span.reasoning_tokens)
        assert found == expected


def test_geminis_interactions_report_thoughts_beside_their_output() -> None:
    span = span_with(
        {
            "gen_ai.operation.name": "interactions.create",
            "gen_ai.usage.output_tokens": 100,
            "gen_ai.usage.reasoning.output_tokens": 40,
        }
    )
    assert (span.output_tokens, span.reasoning_tokens) == (140, 40)


def test_plans_are_remembered_and_bounded() -> None:
    keys = ("gen_ai.request.model", "x")
    assert plan_of(keys) is plan_of(keys)
    for number in range(5000):
        plan_of((f"key{number}",))
    assert plan_of(keys).lifts == (("gen_ai.request.model", "request_model"),)


def test_a_strange_set_of_keys_is_not_remembered() -> None:
    keys = tuple(f"{'long' * 100}{number}" for number in range(50))
    assert plan_of(keys) is not plan_of(keys)
    assert plan_of(keys).rest == keys
