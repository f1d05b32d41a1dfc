"""Packed attributes: what was seen before means what it meant when it was parsed, and little is remembered."""

import pytest
from google.protobuf.message import DecodeError
from hypothesis import example, given
from hypothesis import strategies as st
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from mno.observability.ingest import packed
from mno.observability.ingest.attributes import of_protobuf
from support.otlp import request

ATTRIBUTES = {
    "text": "a",
    "empty": "",
    "number": 7,
    "zero": 0,
    "flag": False,
    "rate": 0.5,
    "list": ["stop", 1],
    "long": "x" * 1_000,
}


def test_attributes_mean_the_same_parsed_and_remembered() -> None:
    pairs = list(request({"attributes": ATTRIBUTES}).resource_spans[0].scope_spans[0].spans[0].attributes)
    bytes_of = [pair.SerializeToString() for pair in pairs]
    packed.known.clear()
    assert packed.attributes(bytes_of) == packed.attributes(bytes_of) == of_protobuf(pairs) == ATTRIBUTES


def test_of_a_key_that_is_there_twice_the_last_one_counts() -> None:
    one, two = ({"attributes": {"key": value}} for value in ("one", "two"))
    spans = request(one, two).resource_spans[0].scope_spans[0].spans
    assert packed.attributes([span.attributes[0].SerializeToString() for span in spans]) == {"key": "two"}


def test_an_attribute_that_cannot_be_read_is_said_and_not_remembered() -> None:
    for _ in range(2):
        with pytest.raises(DecodeError):
            packed.attributes([b"\x0a\x05ab"])


def test_only_so_many_attributes_are_remembered_and_no_long_ones() -> None:
    packed.known.clear()
    attribute = request({"attributes": {"key": "value"}}).resource_spans[0].scope_spans[0].spans[0].attributes[0]
    for number in range(packed.REMEMBERED + 10):
        attribute.value.string_value = f"value {number}"
        assert packed.attributes([attribute.SerializeToString()]) == {"key": f"value {number}"}
    assert len(packed.known) == 10
    attribute.value.string_value = "x" * 1_000
    packed.attributes([attribute.SerializeToString()])
    assert len(packed.known) == 10


def _attribute(key: str, text: str) -> bytes:
    return KeyValue(key=key, value=AnyValue(string_value=text)).SerializeToString()


@given(st.text(max_size=200), st.integers(0, 20_000), st.text(min_size=1, max_size=3))
@example("key", 0, "x").via("an empty text")
@example("k" * 128, 5, "x").via("a key whose length takes two bytes")
@example("key", 126, "x").via("a length of two bytes around one of one byte")
def test_a_text_behind_a_known_key_is_read_as_protobuf_reads_it(key: str, length: int, letters: str) -> None:
    packed.attributes([_attribute(key, "before")])
    text = (letters * length)[:length]
    assert packed.attributes([_attribute(key, text)]) == {key: text}


@given(st.binary(max_size=6), st.integers(0, 40), st.integers(0, 8))
def test_what_is_not_written_as_usual_means_what_protobuf_says(strange: bytes, place: int, cut: int) -> None:
    usual = _attribute("key", "some text of usual length")
    packed.attributes([usual])
    damaged = usual[:place] + strange + usual[place + cut :]
    try:
        expected = of_protobuf([KeyValue.FromString(damaged)])
    except DecodeError:
        with pytest.raises(DecodeError):
            packed.attributes([damaged])
    else:
        assert packed.attributes([damaged]) == expected
