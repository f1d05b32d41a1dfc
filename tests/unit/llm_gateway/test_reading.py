"""Answers are read along whatever the pieces in which they come, and leave as they came."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mno.llm_gateway.model import ProviderKind
from mno.llm_gateway.providers import DIALECTS
from mno.llm_gateway.providers.reading import MAX_EVENT_BYTES, Reading, Stream, Whole
from support.providers import anthropic_wire, gemini_wire, openai_wire
from support.providers.bill import Reply

QUESTION = [{"role": "user", "content": "What is the answer?"}]


def wire(reply: Reply, newline: bytes = b"\n") -> bytes:
    """A stream as its provider sends it."""
    events = []
    for name, data in reply.events:
        head = b"event: " + name.encode() + newline if name else b""
        text = data.encode() if isinstance(data, str) else orjson.dumps(data)
        events.append(head + b"data: " + text + newline * 2)
    return b"".join(events)


def in_pieces(stream: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({cut % (len(stream) + 1) for cut in cuts})
    return [stream[a:b] for a, b in zip([0, *places], [*places, len(stream)], strict=True)]


STREAMS = {
    "openai": (
        ProviderKind.OPENAI,
        openai_wire.chat(
            {
                "model": "gpt-5-mini",
                "messages": QUESTION,
                "stream": True,
                "stream_options": {"include_usage": True},
                "prompt_cache_key": "k",
                "reasoning_effort": "low",
            },
            3,
        ),
    ),
    "responses": (
        ProviderKind.OPENAI,
        openai_wire.responses({"model": "gpt-5-mini", "input": "x", "stream": True, "reasoning": {"effort": "low"}}, 4),
    ),
    "anthropic": (
        ProviderKind.ANTHROPIC,
        anthropic_wire.messages(
            {
                "model": "claude-sonnet-4-5",
                "messages": [{"role": "user", "content": [{"cache_control": {"type": "ephemeral", "ttl": "1h"}}]}],
                "stream": True,
                "thinking": {"type": "enabled"},
            },
            5,
        ),
    ),
    "gemini": (
        ProviderKind.GEMINI,
        gemini_wire.generate_content(
            {"contents": "x", "generationConfig": {"thinkingConfig": {}}}, 6, model="gemini-2.5-flash", stream=True
        ),
    ),
}


@pytest.mark.parametrize("name", STREAMS)
@pytest.mark.parametrize("newline", [b"\n", b"\r\n"])
@given(cuts=st.lists(st.integers(0, 10_000), max_size=12))
def test_a_stream_passes_as_it_came_and_tells_its_bill(name: str, newline: bytes, cuts: list[int]) -> None:
    kind, reply = STREAMS[name]
    stream = wire(reply, newline)
    reading = Reading()
    reader = Stream(DIALECTS[kind].read, reading, hides=False)
    passed = b"".join(reader.feed(piece) for piece in in_pieces(stream, cuts)) + reader.end()
    billed = reply.billed
    assert passed == stream
    assert reading.usage is not None
    assert reading.is_final
    assert reading.usage.input_tokens == billed.input_tokens
    assert reading.usage.cache_read_tokens == billed.cache_read_tokens
    assert reading.usage.cache_write_5m_tokens == billed.cache_write_5m_tokens
    assert reading.usage.cache_write_1h_tokens == billed.cache_write_1h_tokens
    assert reading.usage.output_tokens == billed.output_tokens
    assert reading.usage.reasoning_tokens == billed.reasoning_tokens
    assert (reading.response_id, reading.model) == (billed.response_id, billed.model)
    assert reading.finish_reason
    assert reading.generated > 0


@given(cuts=st.lists(st.integers(0, 10_000), max_size=12))
def test_the_usage_chunk_that_only_the_hub_asked_for_is_left_out(cuts: list[int]) -> None:
    _, reply = STREAMS["openai"]
    without = Reply(reply.billed, events=[one for one in reply.events if not _only_usage(one[1])])
    reading = Reading()
    reader = Stream(DIALECTS[ProviderKind.OPENAI].read, reading, hides=True)
    passed = b"".join(reader.feed(piece) for piece in in_pieces(wire(reply), cuts)) + reader.end()
    assert len(without.events) == len(reply.events) - 1
    assert passed == wire(without)
    assert reading.usage is not None


def _only_usage(data: object) -> bool:
    return isinstance(data, dict) and data.get("choices") == []


@given(st.lists(st.binary(max_size=40), max_size=10), st.sampled_from(sorted(STREAMS)), st.booleans())
def test_nonsense_passes_all_the_same(pieces: list[bytes], name: str, hides: bool) -> None:
    reading = Reading()
    reader = Stream(DIALECTS[STREAMS[name][0]].read, reading, hides=hides)
    assert b"".join(reader.feed(piece) for piece in pieces) + reader.end() == b"".join(pieces)
    assert reading.usage is None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "type",
                    "id",
                    "model",
                    "usage",
                    "choices",
                    "delta",
                    "message",
                    "content",
                    "candidates",
                    "parts",
                    "usageMetadata",
                    "error",
                    "response",
                    "prompt_tokens",
                    "input_tokens",
                    "output_tokens",
                    "promptTokenCount",
                    "cache_creation",
                    "tool_calls",
                    "function",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@pytest.mark.parametrize("kind", ProviderKind)
@given(document=json_values)
def test_whatever_json_a_provider_sends_is_read_without_an_error(kind: ProviderKind, document: object) -> None:
    for reader in (
        Stream(DIALECTS[kind].read, Reading(), hides=False),
        Whole(DIALECTS[kind].read, Reading()),
    ):
        body = orjson.dumps(document)
        reader.feed(b"data: " + body + b"\n\n" if isinstance(reader, Stream) else body)
        reader.end()


def test_an_event_without_an_end_is_passed_on_and_not_kept() -> None:
    reader = Stream(DIALECTS[ProviderKind.OPENAI].read, Reading(), hides=True)
    piece = b"x" * (MAX_EVENT_BYTES // 2)
    passed = sum(len(reader.feed(piece)) for _ in range(4))
    assert passed >= 3 * len(piece)
