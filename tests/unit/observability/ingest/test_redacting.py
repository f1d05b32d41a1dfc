"""What was decoded is redacted before anybody stores it, on the thread and in a decoder process alike."""

from datetime import UTC, datetime

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mno.observability.ingest.decoders import Decoders
from mno.observability.ingest.decoding import Kind, Sent, decode
from mno.platform.redaction import DETECTORS, OwnPattern, Redactor, Rules
from support.otlp import body

#: The shape of a key; nobody ever issued it.
KEY = "sk-proj-" + "aB3_" * 12
RULES = Rules(("provider_key", "email"), (OwnPattern("ticket", "TCK-[0-9]+", "<t>"),))


def delivered(**attributes: str) -> bytes:
    messages = orjson.dumps([{"role": "user", "parts": [{"type": "text", "content": f"my key is {KEY}"}]}]).decode()
    given = {"gen_ai.operation.name": "chat", "gen_ai.input.messages": messages, **attributes}
    return body({"name": f"call with {KEY}", "attributes": given})


@pytest.mark.parametrize("processes", [0, 1])
def test_no_field_that_holds_content_keeps_a_key(processes: int) -> None:
    decoders = Decoders(processes)
    try:
        sent = Sent(Kind.OTLP_PROTOBUF, delivered(note=f"TCK-7 for ann@example.com {KEY}" + "x" * 5_000), None, RULES)
        span = decoders.submit(lambda: decoders.decode(sent)).result().spans[0]
    finally:
        decoders.close()
    assert span.name == "call with [provider_key]"
    assert "my key is [provider_key]" in span.input_messages
    assert "<t> for [email] [provider_key]" in span.attributes
    assert KEY not in repr(span)


def test_without_rules_nothing_is_touched() -> None:
    span = decode(Sent(Kind.OTLP_PROTOBUF, delivered())).spans[0]
    assert KEY in span.name
    assert KEY in span.input_messages


@pytest.mark.parametrize("spelled", [KEY, KEY.replace("sk-", "\\u0073k-"), KEY.replace("-", "\\u002d")])
def test_a_key_that_json_spells_otherwise_is_found_as_well(spelled: str) -> None:
    event = f'[{{"time":"{datetime.now(UTC):%FT%TZ}","provider":"openai","model":"gpt-4o","tags":{{"x":"{spelled}"}}}}]'
    decoded = decode(Sent(Kind.EVENTS_JSON, event.encode(), None, Rules(("provider_key",))))
    assert decoded.rejections == []
    assert KEY not in repr(decoded.spans)


_PIECES = st.sampled_from(
    [
        KEY,
        "ann@example.com",
        "+49 170 1234567",
        "4111 1111 1111 1111",
        "11010519491231002X",
        "A123456789",
        " ",
        "a",
        "9",
        "-",
    ]
)


@given(st.lists(_PIECES | st.text(max_size=5), max_size=8).map("".join))
def test_a_look_at_the_whole_body_misses_nothing(text: str) -> None:
    whole = Redactor(Rules(DETECTORS))
    narrowed = whole.narrowed(text.encode())
    assert (text if narrowed is None else narrowed.text(text)) == whole.text(text)
