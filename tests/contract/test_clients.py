"""Unmodified clients against a running hub: what is in the query API is what the provider billed."""

from collections import defaultdict
from decimal import Decimal
from typing import Any

import pytest

from contract.comparison import Call, expected_calls, knowable
from contract.conftest import Outcome
from support.providers.bill import Billed


def call_of(span: dict[str, Any]) -> Call:
    return Call(
        span["provider"],
        span["model"],
        span["input_tokens"],
        span["cache_read_tokens"],
        span["cache_write_5m_tokens"],
        span["cache_write_1h_tokens"],
        span["output_tokens"],
        span["reasoning_tokens"],
        error=span["status"] == "error",
        cost="unpriced" if span["cost"] is None else span["cost"],
    )


@pytest.mark.usefixtures("unsolved_is_expected")
def test_every_billed_call_counts_once_with_its_tokens_and_cost(run: str, outcome: Outcome) -> None:
    assert sorted(call_of(span) for span in outcome.counted) == expected_calls(run, outcome.bill)


@pytest.mark.usefixtures("unsolved_is_expected")
def test_the_usage_summary_is_the_bill(run: str, outcome: Outcome) -> None:
    billed: dict[tuple[str, str], dict[str, Any]] = defaultdict(lambda: defaultdict(Decimal))
    for call in expected_calls(run, outcome.bill):
        row = billed[call.provider, call.model]
        row["calls"] += 1
        row["errors"] += call.error
        row["unpriced_calls"] += call.cost == "unpriced"
        row["input_tokens"] += call.input_tokens
        row["output_tokens"] += call.output_tokens
        row["cache_read_tokens"] += call.cache_read_tokens
        row["cache_write_tokens"] += call.cache_write_5m_tokens + call.cache_write_1h_tokens
        row["reasoning_tokens"] += call.reasoning_tokens
        row["cost"] += Decimal(0) if call.cost == "unpriced" else Decimal(call.cost)
    shown = {
        (row["provider"], row["model"]): {
            name: Decimal(row[name]) if name == "cost" else row[name] for name in billed[row["provider"], row["model"]]
        }
        for row in outcome.by_model
    }
    assert shown == {key: dict(row) for key, row in billed.items() if row}


def test_the_answers_can_be_read(run: str, outcome: Outcome) -> None:
    written = [part for span in outcome.spans for message in span["output_messages"] for part in message["parts"]]
    texts = " ".join(str(part.get("content", "")) for part in written)
    tools = [part["name"] for part in written if part["type"] == "tool_call"]
    for billed in knowable(run, outcome.bill):
        if billed.text:
            # A stream's first piece is lost by OpenLLMetry's Gemini instrumentation.
            assert billed.text.partition("numb")[2] in texts
    assert len(tools) >= sum(billed.tool_calls for billed in knowable(run, outcome.bill))
    assert set(tools) <= {"get_weather"}


def test_the_questions_can_be_read(outcome: Outcome) -> None:
    asked = [part for span in outcome.spans for message in span["input_messages"] for part in message["parts"]]
    assert "What is the answer?" in " ".join(str(part.get("content", "")) for part in asked)


def test_a_failed_call_says_why(run: str, outcome: Outcome) -> None:
    failed = [span for span in outcome.counted if span["status"] == "error"]
    assert len(failed) == sum(billed.error for billed in knowable(run, outcome.bill))
    for span in failed:
        said = f"{span['status_message']} {span['attributes']} {span['events']}"
        assert any(word in said.lower() for word in ("rate", "429", "exhausted"))


def tells_the_first_token(run: str, billed: Billed) -> bool:
    """Which streams' first tokens an emitter times at all."""
    if run == "openinference":
        return billed.provider == "openai"
    if run == "openllmetry":
        return billed.provider == "anthropic" or billed.operation == "chat"
    return run != "openinference-langchain"


def test_a_stream_shows_when_its_first_token_came(run: str, outcome: Outcome) -> None:
    timed = [span for span in outcome.counted if span["time_to_first_token_ns"] > 0]
    streams = [call for call in knowable(run, outcome.bill) if call.stream and not call.error]
    assert len(timed) == sum(tells_the_first_token(run, call) for call in streams)
    # In nanoseconds, whatever unit the emitter speaks; its clock is not the span's, so there is no closer bound.
    assert all(1_000 < span["time_to_first_token_ns"] < 60 * 10**9 for span in timed)


@pytest.mark.parametrize("run", ["openinference", "openllmetry", "langfuse"])
def test_calls_belong_to_their_user_and_session(outcome: Outcome) -> None:
    assert {(span["user"], span["session"]) for span in outcome.counted} == {("ada", "session-1")}


def test_the_run_is_its_environment(run: str, outcome: Outcome) -> None:
    assert {span["environment"] for span in outcome.spans} == {run}
