"""Protobuf messages whose text is not UTF-8, repaired, so that one bad byte does not cost a whole batch.

The C parser refuses such a message as a whole. Here the same messages are declared once more with `bytes`
in the place of `string`; they parse, each text is repaired, and what is written back is valid.
This is the slow path: it runs only after the fast one has failed.
"""

from functools import cache
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor import FileDescriptor
from google.protobuf.message import DecodeError, Message
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2

_SERVICES: tuple[FileDescriptor, ...] = (
    trace_service_pb2.DESCRIPTOR,
    logs_service_pb2.DESCRIPTOR,
    metrics_service_pb2.DESCRIPTOR,
)
_Field = descriptor_pb2.FieldDescriptorProto


def repaired(body: bytes, name: str) -> bytes | None:
    """The body of message `name` (full name) with every text made UTF-8; None when it does not parse at all."""
    kind, texts = _declared(name)
    message = kind()
    try:
        message.ParseFromString(body)
    except DecodeError:
        return None
    _repair(message, texts)
    return message.SerializeToString()


def _repair(message: Message, texts: frozenset[str]) -> None:
    for field, value in message.ListFields():
        if field.message_type is not None:
            for inner in value if field.is_repeated else (value,):
                _repair(inner, texts)
        elif field.full_name in texts:
            if field.is_repeated:
                value[:] = [_utf8(item) for item in value]
            else:
                setattr(message, field.name, _utf8(value))


def _utf8(text: bytes) -> bytes:
    return text.decode("utf-8", "replace").encode()


@cache
def _declared(name: str) -> tuple[type[Message], frozenset[str]]:
    """The message class with bytes for strings, and the full names of the fields that were strings."""
    pool = descriptor_pool.DescriptorPool()
    texts: set[str] = set()
    added: set[str] = set()
    for service in _SERVICES:
        _add(service, pool, texts, added)
    kind: Any = message_factory.GetMessageClass(pool.FindMessageTypeByName(name))
    return kind, frozenset(texts)


def _add(file: FileDescriptor, pool: descriptor_pool.DescriptorPool, texts: set[str], added: set[str]) -> None:
    if file.name in added:
        return
    added.add(file.name)
    for dependency in file.dependencies:
        _add(dependency, pool, texts, added)
    declaration = descriptor_pb2.FileDescriptorProto()
    file.CopyToProto(declaration)
    for message in declaration.message_type:
        _loosen(message, f"{declaration.package}.{message.name}", texts)
    pool.Add(declaration)


def _loosen(message: descriptor_pb2.DescriptorProto, full_name: str, texts: set[str]) -> None:
    for inner in message.nested_type:
        _loosen(inner, f"{full_name}.{inner.name}", texts)
    for field in message.field:
        if field.type == _Field.TYPE_STRING:
            field.type = _Field.TYPE_BYTES
            texts.add(f"{full_name}.{field.name}")
