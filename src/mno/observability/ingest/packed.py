"""OTLP traces parsed down to the attributes of their spans, which stay packed until they are asked for.

A program sends the same attributes again and again: its models, agents, hosts, users. Protobuf writes an attribute the
same way each time, so what its bytes mean is looked up, and only what was not seen lately is parsed: that takes half
the time. The request is declared once more with `bytes` for a span's attributes, which is the same on the wire.
"""

import sys
from collections.abc import Iterable
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import Message
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2
from opentelemetry.proto.common.v1 import common_pb2
from opentelemetry.proto.resource.v1 import resource_pb2
from opentelemetry.proto.trace.v1 import trace_pb2

from mno.observability.ingest.attributes import value_of_protobuf

#: Attributes remembered, a few hundred bytes each; when there are more, all are forgotten.
REMEMBERED = 16_384
#: A longer attribute hardly comes twice.
_LONG_BYTES = 128

_Field = descriptor_pb2.FieldDescriptorProto


def attributes(pairs: Iterable[bytes]) -> dict[str, Any]:
    """A span's attributes as a dict whose values are shared with other spans: they must not be changed.

    Of a key that is there twice the last one counts. `DecodeError` where one cannot be read.
    """
    return dict(map(known.__getitem__, pairs))


class _Attributes(dict[bytes, tuple[str, Any]]):
    """Key and value by their bytes. Safe to use from many threads."""

    def __missing__(self, packed: bytes) -> tuple[str, Any]:
        parsed = common_pb2.KeyValue.FromString(packed)
        value = parsed.value
        pair = sys.intern(parsed.key), value.string_value or value.int_value or value_of_protobuf(value, 1)
        if len(packed) <= _LONG_BYTES:
            if len(self) >= REMEMBERED:
                self.clear()
            self[packed] = pair
        return pair


#: What was seen lately.
known = _Attributes()


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
