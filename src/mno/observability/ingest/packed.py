"""OTLP traces parsed down to the attributes of their spans, which stay packed until they are asked for.

A program sends the same attributes again and again: its models, agents, hosts, users. Protobuf writes an attribute the
same way each time, so what its bytes mean is looked up, and only what was not seen lately is parsed: that takes half
the time. The request is declared once more with `bytes` for a span's attributes, which is the same on the wire.
"""

import sys
from collections.abc import Iterable
from functools import cache
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import Message
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2
from opentelemetry.proto.common.v1 import common_pb2
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.resource.v1 import resource_pb2
from opentelemetry.proto.trace.v1 import trace_pb2

from mno.observability.ingest.attributes import value_of_protobuf

#: Attributes remembered, a few hundred bytes each; when there are more, all are forgotten.
REMEMBERED = 16_384
#: A longer attribute hardly comes twice.
_LONG_BYTES = 128
#: The length of a longer key takes two bytes.
_SHORT_KEY_BYTES = 128
#: Above this size the characters are what takes time.
_QUICK_BYTES = 16 * 1024

_Field = descriptor_pb2.FieldDescriptorProto


def attributes(pairs: Iterable[bytes]) -> dict[str, Any]:
    """A span's attributes as a dict whose values are shared with other spans: they must not be changed.

    Of a key that is there twice the last one counts. `DecodeError` where one cannot be read.
    """
    return dict(map(known.__getitem__, pairs))


class _Attributes(dict[bytes, tuple[str, Any]]):
    """Key and value by their bytes. Safe to use from many threads."""

    def __missing__(self, packed: bytes) -> tuple[str, Any]:
        pair = _text(packed) or _parsed(packed)
        if len(packed) <= _LONG_BYTES:
            if len(self) >= REMEMBERED:
                self.clear()
            self[packed] = pair
        return pair


#: What was seen lately.
known = _Attributes()

#: Keys that stood before a text, by their own bytes.
_keys: dict[bytes, str] = {}


def _parsed(packed: bytes) -> tuple[str, Any]:
    parsed = KeyValue.FromString(packed)
    key, value = sys.intern(parsed.key), parsed.value
    if text := value.string_value:
        if packed.startswith(alone := KeyValue(key=key).SerializeToString()) and len(alone) < _SHORT_KEY_BYTES:
            if len(_keys) >= REMEMBERED:
                _keys.clear()
            _keys[alone] = key
        return key, text
    return key, value.int_value or value_of_protobuf(value, 1)


def _text(packed: bytes) -> tuple[str, str] | None:
    """A text behind a known key, without protobuf, which takes twice as long; None for anything else."""
    start = packed[1] + 2 if len(packed) > 1 else 0
    key = _keys.get(packed[:start])
    if key is None or len(packed) > _QUICK_BYTES:
        return None
    head = _head(len(packed) - start)
    if not packed.startswith(head, start):
        return None
    try:
        return key, packed[start + len(head) :].decode()
    except UnicodeDecodeError:
        return None  # protobuf says what is wrong with it


@cache
def _head(size: int) -> bytes:
    """What protobuf writes before the characters of a text that takes `size` bytes in all."""
    for characters in range(size - 4, size - 12, -1):
        whole = KeyValue(value=AnyValue(string_value=" " * characters)).SerializeToString()
        if len(whole) == size:
            return whole[: size - max(characters, 0)]
    return b"no text has this size"


def _declared() -> type[Message]:
    pool = descriptor_pool.DescriptorPool()
    for file in (common_pb2, resource_pb2, trace_pb2, trace_service_pb2):
        declaration = descriptor_pb2.FileDescriptorProto()
        file.DESCRIPTOR.CopyToProto(declaration)
        for message in declaration.message_type:
            for field in message.field:
                if (message.name, field.name) == ("Span", "attributes"):
                    field.type = _Field.TYPE_BYTES
                    field.ClearField("type_name")
        pool.Add(declaration)
    name = trace_service_pb2.ExportTraceServiceRequest.DESCRIPTOR.full_name
    kind: type[Message] = message_factory.GetMessageClass(pool.FindMessageTypeByName(name))
    return kind


#: `ExportTraceServiceRequest` with packed attributes.
TraceRequest: Any = _declared()
