"""From the bytes of a delivery to its spans: pure computation, so it can run in a process of its own.

`decode` is the function; `serve` is the life of such a process (docs/decisions/0009). It reads deliveries from a
pipe and writes answers to another, one at a time, until the pipe ends: that is also how it notices that its
parent is gone. It imports no engine, no Arrow and no web framework, and knows no secret.

On the pipe stand a head of fixed size, then, towards the process, the content encoding, the rules of redaction and
the body; on the way
back one MessagePack value, which is the spans, rejections and notes, or the error.
"""

import os
import signal
import struct
import sys
import traceback
from enum import IntEnum
from functools import lru_cache
from typing import NamedTuple, Protocol

import msgspec

from mno.observability.ingest import body, contradictions, native, otlp, redacting
from mno.observability.ingest.model import MAX_RESOURCE_CHARACTERS, Decoded, Rejection
from mno.observability.spans.model import Span
from mno.platform import interpreter
from mno.platform.errors import Invalid, LimitExceeded, MnoError, TooLarge, Unsupported
from mno.platform.redaction import OwnPattern, Rules

#: What is asked of a pipe at once: a usual delivery then takes one system call.
PIPE_BYTES = 1024 * 1024
#: Longer names of encodings are of none that we know.
_MAX_ENCODING_CHARACTERS = 120

_QUESTION = struct.Struct("<IBBI")
_ANSWER = struct.Struct("<IB")
_DECODED, _REFUSED, _FAILED = range(3)

_Spans = tuple[list[Span], list[Rejection], list[str]]
_encoder = msgspec.msgpack.Encoder()
_spans_decoder = msgspec.msgpack.Decoder(_Spans)
_rules_decoder = msgspec.msgpack.Decoder(tuple[tuple[str, ...], tuple[OwnPattern, ...]])
_refusal_decoder = msgspec.msgpack.Decoder(tuple[str, str, int | None])
#: The errors that `decode` may raise for what a sender wrote.
_REFUSALS: dict[str, type[MnoError]] = {kind.__name__: kind for kind in (Invalid, Unsupported)}
_LIMITS: dict[str, type[LimitExceeded]] = {kind.__name__: kind for kind in (LimitExceeded, TooLarge)}


class Kind(IntEnum):
    """What a delivery claims to be."""

    OTLP_PROTOBUF = 0
    OTLP_JSON = 1
    EVENTS_JSON = 2
    EVENTS_NDJSON = 3


class Sent(NamedTuple):
    """A delivery of spans as it came; `encoding` is its Content-Encoding, `rules` what is redacted of it."""

    kind: Kind
    body: bytes
    encoding: str | None = None
    rules: Rules = Rules()


class Stream(Protocol):
    """One end of a pipe, unbuffered."""

    def read(self, size: int, /) -> bytes | None: ...
    def write(self, data: "bytes | memoryview", /) -> int | None: ...


def decode(sent: Sent) -> Decoded:
    """The spans of a delivery, normalised and redacted, each id once; pricing is left to who has the prices.

    `Invalid` for a body that cannot be read at all, `Unsupported` for an encoding that is not read here, `TooLarge`
    for a body, or rows made of it, beyond the limits.
    """
    unpacked = body.unpacked(sent.body, sent.encoding)
    match sent.kind:
        case Kind.OTLP_PROTOBUF:
            decoded = otlp.decode_protobuf(unpacked)
        case Kind.OTLP_JSON:
            decoded = otlp.decode_json(unpacked)
        case Kind.EVENTS_JSON | Kind.EVENTS_NDJSON:
            decoded = native.decode_events(unpacked, ndjson=sent.kind is Kind.EVENTS_NDJSON)
    contradictions.settle(decoded)
    _check_resources(decoded.spans)
    if by := redacting.wanted(sent.rules, unpacked, escaped=sent.kind is not Kind.OTLP_PROTOBUF):
        redacting.redact(decoded.spans, by)
    return decoded


def _check_resources(spans: list[Span]) -> None:
    """A resource is sent once and stands in every span's row, so a small request can mean gigabytes of rows."""
    if sum(len(span.resource) for span in spans) > MAX_RESOURCE_CHARACTERS:
        raise TooLarge(
            f"The resource attributes of all {len(spans):,} spans together are longer than "
            f"{MAX_RESOURCE_CHARACTERS:,} characters. Send smaller batches or a smaller resource."
        )


# --- the parent's side of the pipe ---


class Broken(Exception):  # noqa: N818 - not an error of the caller
    """The other end is gone."""


def ask(to_child: Stream, from_child: Stream, sent: Sent) -> tuple[int, bytes | memoryview]:
    """Hands a delivery over and waits for its answer, still packed; `Broken` when the process ends before it."""
    encoding = (sent.encoding or "").strip().lower()[:_MAX_ENCODING_CHARACTERS].encode()
    rules = _packed_rules(sent.rules)
    head = _QUESTION.pack(len(sent.body), sent.kind, len(encoding), len(rules))
    try:
        _write(to_child, b"".join((head, encoding, rules, sent.body)))
        return _read_answer(from_child)
    except (OSError, EOFError):
        raise Broken from None


def understood(status: int, answer: bytes | memoryview) -> Decoded:
    """What `decode` returned in the other process; raises what it raised there."""
    if status == _DECODED:
        return Decoded(*_spans_decoder.decode(answer))
    if status == _FAILED:
        raise RuntimeError(f"A decoder failed:\n{bytes(answer).decode()}")
    name, message, retry_after_s = _refusal_decoder.decode(answer)
    if name in _LIMITS:
        raise _LIMITS[name](message, retry_after_s=retry_after_s)
    raise _REFUSALS[name](message)


def _read_answer(stream: Stream) -> tuple[int, bytes | memoryview]:
    received = _read(stream, PIPE_BYTES)
    while len(received) < _ANSWER.size:
        received += _read(stream, PIPE_BYTES)
    size, status = _ANSWER.unpack_from(received)
    if len(received) == _ANSWER.size + size:
        return status, memoryview(received)[_ANSWER.size :]
    return status, received[_ANSWER.size :] + _read_exactly(stream, size - len(received) + _ANSWER.size)


# --- the process's side ---


def serve(questions: Stream, answers: Stream) -> None:
    """Answers deliveries until there are no more."""
    while True:
        try:
            size, kind, encoding_size, rules_size = _QUESTION.unpack(_read_exactly(questions, _QUESTION.size))
            encoding = _read_exactly(questions, encoding_size).decode()
            rules = _unpacked_rules(_read_exactly(questions, rules_size))
            sent = Sent(Kind(kind), _read_exactly(questions, size), encoding, rules)
            _write(answers, _answer(sent))
        except (EOFError, BrokenPipeError):
            return


def _answer(sent: Sent) -> memoryview:
    try:
        decoded = decode(sent)
        status, value = _DECODED, (decoded.spans, decoded.rejections, decoded.notes)
    except MnoError as error:
        return _packed(_REFUSED, (type(error).__name__, str(error), getattr(error, "retry_after_s", None)))
    except Exception:  # noqa: BLE001 - the parent raises it again
        answer = traceback.format_exc().encode()
        return memoryview(_ANSWER.pack(len(answer), _FAILED) + answer)
    return _packed(status, value)


def _packed(status: int, value: object) -> memoryview:
    buffer = bytearray()
    _encoder.encode_into(value, buffer, _ANSWER.size)
    _ANSWER.pack_into(buffer, 0, len(buffer) - _ANSWER.size, status)
    return memoryview(buffer)


def _read_exactly(stream: Stream, size: int) -> bytes:
    parts: list[bytes] = []
    while size:
        part = _read(stream, min(size, PIPE_BYTES))
        size -= len(part)
        parts.append(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


@lru_cache(maxsize=256)
def _packed_rules(rules: Rules) -> bytes:
    return _encoder.encode((rules.detectors, rules.patterns)) if rules else b""


@lru_cache(maxsize=256)
def _unpacked_rules(packed: bytes) -> Rules:
    return Rules(*_rules_decoder.decode(packed)) if packed else Rules()


def _read(stream: Stream, size: int) -> bytes:
    part = stream.read(size)
    if not part:
        raise EOFError
    return part


def _write(stream: Stream, content: "bytes | memoryview") -> None:
    view = memoryview(content)
    while view:
        view = view[stream.write(view) or 0 :]


def main() -> None:
    """The process itself; its standard input and output are the two pipes."""
    # The parent decides when it ends. A Ctrl-C or a service manager's signal to the whole group must not cut
    # deliveries short that are still answered.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    with os.fdopen(os.dup(0), "rb", 0) as questions, os.fdopen(os.dup(1), "wb", 0) as answers:
        os.dup2(2, 1)  # whatever prints must not print into the answers
        interpreter.settle()
        serve(questions, answers)
    sys.exit(0)


if __name__ == "__main__":
    main()
