"""Packed attributes: what was seen before means what it meant when it was parsed, and little is remembered."""

import pytest
from google.protobuf.message import DecodeError

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
