"""What OpenInference leaves to the texts beside its figures."""

import pytest

from mno.observability.ingest.conventions.openinference import asked_model, plain, refine
from mno.observability.ingest.usage import Figures

REPLY = '{"usage":{"cache_creation":{"ephemeral_1h_input_tokens":%s,"ephemeral_5m_input_tokens":3}}}'


def refined(reply: object, cache_write: int | None = 10) -> int | None:
    figures = Figures(input=100, cache_write=cache_write)
    refine(figures, {"output_value": reply})
    return figures.cache_write_1h


def test_one_hour_writes_come_from_the_providers_reply() -> None:
    assert refined(REPLY % 7) == 7


@pytest.mark.parametrize(
    "reply",
    [None, 5, "", REPLY % 11, REPLY % -1, REPLY % '"7"', REPLY % 7 + "…", '["ephemeral_1h_input_tokens"]'],
)
def test_a_reply_that_makes_no_sense_changes_nothing(reply: object) -> None:
    assert refined(reply) is None


def test_without_cache_writes_the_reply_is_not_read() -> None:
    assert refined(REPLY % 7, cache_write=None) is None


def test_a_tool_call_that_stands_in_contents_and_tool_calls_is_one() -> None:
    call = {"tool_call": {"id": "toolu_1", "function": {"name": "f", "arguments": "{}"}}}
    contents = {
        "0": {"message_content": {"type": "text", "text": "Hm."}},
        "1": {"message_content": {"type": "tool_use"}},
    }
    said = plain({"message": {"role": "assistant", "contents": contents, "tool_calls": {"0": call}}})
    assert said["content"] == [{"type": "text", "text": "Hm."}]
    assert said["tool_calls"] == [call["tool_call"]]


@pytest.mark.parametrize(
    ("parameters", "model"),
    [
        ('{"model": "gpt-4o-mini", "stream": true}', "gpt-4o-mini"),
        ('{"temperature": 1}', ""),
        ('{"model": 5}', ""),
        ("[1]", ""),
        ("{", ""),
        (7, ""),
    ],
)
def test_a_failed_call_has_the_model_that_it_asked_for(parameters: object, model: str) -> None:
    assert asked_model({"llm.invocation_parameters": parameters}) == model
    assert asked_model({"embedding.invocation_parameters": parameters}) == model
