"""Messages of every convention come out in one schema."""

import json
from typing import Any

import pytest

from mno.observability.ingest.messages import messages
from support.otlp import span_with

HELLO = [{"role": "user", "parts": [{"type": "text", "content": "hello"}]}]
CALL = {"type": "tool_call", "name": "weather", "arguments": {"city": "Taipei"}, "id": "c1"}


@pytest.mark.parametrize(
    "attributes",
    [
        {"gen_ai.input.messages": json.dumps(HELLO)},
        {"gen_ai.input.messages": HELLO},
        {"gen_ai.prompt": "hello"},
        {"gen_ai.prompt.0.role": "user", "gen_ai.prompt.0.content": "hello"},
        {"llm.input_messages.0.message.role": "user", "llm.input_messages.0.message.content": "hello"},
        {
            "llm.input_messages.0.message.role": "user",
            "llm.input_messages.0.message.contents.0.message_content.type": "text",
            "llm.input_messages.0.message.contents.0.message_content.text": "hello",
        },
        {"input.value": "hello"},
        {"langfuse.observation.input": '[{"role":"user","content":"hello"}]'},
        {"langfuse.observation.input": '"hello"'},
        {"ai.prompt.messages": '[{"role":"user","content":[{"type":"text","text":"hello"}]}]'},
        {"ai.prompt": '{"prompt":"hello"}'},
        {"ai.prompt": '{"messages":[{"role":"user","content":"hello"}]}'},
        {"traceloop.entity.input": "hello"},
    ],
)
def test_the_same_input_reads_the_same_in_every_convention(attributes: dict[str, Any]) -> None:
    assert json.loads(span_with(attributes).input_messages) == HELLO


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("gen_ai.user.message", {"content": "hello"}),
        ("gen_ai.content.prompt", {"gen_ai.prompt": "hello"}),
        ("gen_ai.user.message", {"gen_ai.event.content": '{"role":"user","content":"hello"}'}),
        ("gen_ai.client.inference.operation.details", {"gen_ai.input.messages": json.dumps(HELLO)}),
    ],
)
def test_message_events_of_older_conventions_are_lifted(name: str, body: dict[str, Any]) -> None:
    span = span_with({}, events=[(name, body), ("other", {})])
    assert json.loads(span.input_messages) == HELLO
    assert [event["name"] for event in json.loads(span.events)] == ["other"]


def test_a_choice_event_is_the_output() -> None:
    span = span_with({}, events=[("gen_ai.choice", {"message": '{"content":"hi"}', "finish_reason": "stop"})])
    assert json.loads(span.output_messages) == [
        {"role": "assistant", "parts": [{"type": "text", "content": "hi"}], "finish_reason": "stop"}
    ]


@pytest.mark.parametrize(
    "attributes",
    [
        {
            "gen_ai.completion.0.role": "assistant",
            "gen_ai.completion.0.tool_calls.0.id": "c1",
            "gen_ai.completion.0.tool_calls.0.name": "weather",
            "gen_ai.completion.0.tool_calls.0.arguments": '{"city":"Taipei"}',
        },
        {
            "llm.output_messages.0.message.role": "assistant",
            "llm.output_messages.0.message.tool_calls.0.tool_call.id": "c1",
            "llm.output_messages.0.message.tool_calls.0.tool_call.function.name": "weather",
            "llm.output_messages.0.message.tool_calls.0.tool_call.function.arguments": '{"city":"Taipei"}',
        },
        {
            "ai.operationId": "ai.generateText.doGenerate",
            "ai.response.toolCalls": '[{"toolCallId":"c1","toolName":"weather","input":{"city":"Taipei"}}]',
        },
        {
            "langfuse.observation.output": json.dumps(
                {
                    "role": "assistant",
                    "content": None,
                    "tool_calls": [{"id": "c1", "function": {"name": "weather", "arguments": '{"city":"Taipei"}'}}],
                }
            )
        },
        {
            "output.value": json.dumps(
                [{"type": "tool_use", "id": "c1", "name": "weather", "input": {"city": "Taipei"}}]
            )
        },
    ],
)
def test_a_tool_call_reads_the_same_in_every_convention(attributes: dict[str, Any]) -> None:
    [message] = json.loads(span_with(attributes).output_messages)
    assert message["role"] == "assistant"
    [call] = message["parts"]
    assert call == CALL


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ({"type": "thinking", "thinking": "hm"}, {"type": "reasoning", "content": "hm"}),
        ({"type": "reasoning", "text": "hm"}, {"type": "reasoning", "content": "hm"}),
        ({"thought": True, "text": "hm"}, {"type": "reasoning", "content": "hm"}),
        ({"text": "hi"}, {"type": "text", "content": "hi"}),
        ({"type": "output_text", "text": "hi"}, {"type": "text", "content": "hi"}),
        (
            {"type": "tool_result", "tool_use_id": "c1", "content": "18 °C"},
            {"type": "tool_call_response", "id": "c1", "response": "18 °C"},
        ),
        (
            {"type": "tool-result", "toolCallId": "c1", "output": {"t": 18}},
            {"type": "tool_call_response", "id": "c1", "response": {"t": 18}},
        ),
        (
            {"functionCall": {"name": "weather", "args": {"city": "Taipei"}}},
            {"type": "tool_call", "name": "weather", "arguments": {"city": "Taipei"}},
        ),
        (
            {"functionResponse": {"id": "c1", "response": {"t": 18}}},
            {"type": "tool_call_response", "id": "c1", "response": {"t": 18}},
        ),
        (
            {"inlineData": {"mimeType": "image/png", "data": "AAAA"}},
            {"type": "blob", "mime_type": "image/png", "content": "AAAA"},
        ),
        (
            {"type": "image_url", "image_url": {"url": "https://x/y.png"}},
            {"type": "uri", "modality": "image", "uri": "https://x/y.png"},
        ),
        (
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}},
            {"type": "blob", "modality": "image", "mime_type": "image/png", "content": "AAAA"},
        ),
        ({"type": "image", "source": {"url": "https://x"}}, {"type": "uri", "modality": "image", "uri": "https://x"}),
        ({"type": "image", "odd": 1}, {"type": "image", "odd": 1}),
        ({"type": "brand_new", "x": 1}, {"type": "brand_new", "x": 1}),
        ({"strange": 1}, {"type": "text", "content": '{"strange":1}'}),
    ],
)
def test_parts_of_every_provider_speak_the_schemas_words(part: dict[str, Any], expected: dict[str, Any]) -> None:
    [message] = messages([{"role": "user", "content": [part]}], "user")
    assert message["parts"] == [expected]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"city": "Taipei"}, '{"city":"Taipei"}'),
        ([1, 2], "[1,2]"),
        ("{not json", "{not json"),
        (42, "42"),
    ],
)
def test_what_is_no_message_is_kept_as_one_text(value: Any, expected: str) -> None:
    assert messages(value, "user") == [{"role": "user", "parts": [{"type": "text", "content": expected}]}]


@pytest.mark.parametrize("value", [None, "", [], {}])
def test_nothing_is_no_message(value: Any) -> None:
    assert messages(value, "user") == []


def test_openai_responses_items_keep_their_order() -> None:
    items = [
        {"type": "reasoning", "summary": "hm"},
        {"type": "function_call", "call_id": "c1", "name": "weather", "arguments": '{"city":"Taipei"}'},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "hi"}]},
    ]
    assert messages(items, "assistant") == [
        {"role": "assistant", "parts": [{"type": "reasoning", "content": "hm"}, CALL]},
        {"role": "assistant", "parts": [{"type": "text", "content": "hi"}]},
    ]


def test_roles_of_langchain_and_gemini_are_translated() -> None:
    found = messages([{"type": "human", "content": "a"}, {"role": "model", "parts": [{"text": "b"}]}], "user")
    assert [message["role"] for message in found] == ["user", "assistant"]


def test_a_tool_message_answers_its_call() -> None:
    [message] = messages([{"role": "tool", "tool_call_id": "c1", "content": "18"}], "user")
    assert message["parts"] == [{"type": "tool_call_response", "id": "c1", "response": "18"}]


def test_system_instructions_come_first() -> None:
    span = span_with(
        {
            "gen_ai.system_instructions": '[{"type":"text","content":"be brief"}]',
            "gen_ai.input.messages": json.dumps(HELLO),
        }
    )
    assert [message["role"] for message in json.loads(span.input_messages)] == ["system", "user"]


def test_a_choice_of_the_whole_reply_is_read() -> None:
    [message] = messages({"choices": [{"message": {"role": "assistant", "content": "hi"}}]}, "assistant")
    assert message["parts"] == [{"type": "text", "content": "hi"}]


def test_a_general_value_that_was_not_needed_stays_an_attribute() -> None:
    span = span_with(
        {
            "llm.input_messages.0.message.role": "user",
            "llm.input_messages.0.message.content": "hello",
            "input.value": '{"temperature":1}',
        }
    )
    assert json.loads(span.input_messages) == HELLO
    assert json.loads(span.attributes) == {"input.value": '{"temperature":1}'}


def test_numbered_keys_are_read_in_the_order_of_their_numbers() -> None:
    attributes = {f"gen_ai.prompt.{n}.content": f"message {n}" for n in (10, 2, 1, 0)}
    found = json.loads(span_with(attributes).input_messages)
    assert [message["parts"][0]["content"] for message in found] == [f"message {n}" for n in (0, 1, 2, 10)]


def test_json_that_is_nested_beyond_reason_is_kept_where_it_was() -> None:
    deep = '[{"role":"user","content":' + "[" * 500 + "]" * 500 + "}]"
    span = span_with({"langfuse.observation.input": deep, "user.id": "ada"})
    assert span.user_id == "ada"
    assert deep in (json.loads(span.attributes).get("langfuse.observation.input"), span.input_messages)


def test_a_function_call_alone_is_a_tool_call_under_the_id_that_its_answer_names() -> None:
    call = {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "f", "arguments": '{"a":1}'}
    [message] = messages(call, "assistant")
    assert message["parts"] == [{"type": "tool_call", "name": "f", "arguments": {"a": 1}, "id": "call_1"}]
