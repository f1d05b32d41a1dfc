"""The load: OTLP requests like those of an agent application, made so that sending them costs next to nothing.

A template is one serialised `ExportTraceServiceRequest` of 100 spans in ten traces: an agent at the root, five
calls of a model with 1.5 kB of messages, four calls of tools, about 15 attributes each, children before their
parent as exporters send them. What must differ from one request to the next (ids, times, sessions) has a
fixed width in protobuf, so a new request is the template with those bytes written over: some ten
microseconds, and no two requests are alike. The same seed gives the same templates.
"""

import random
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

SPANS_PER_REQUEST = 100
SPANS_PER_TRACE = 10
CALLS_PER_TRACE = 5
CALLS_PER_REQUEST = SPANS_PER_REQUEST // SPANS_PER_TRACE * CALLS_PER_TRACE
MESSAGE_BYTES = 1_500
#: Requests that differ in everything, not only in ids and times.
TEMPLATES = 40
#: Requests of one template that share their sessions.
REQUESTS_PER_SESSION = 4

_MODELS = (
    ("openai", "gpt-4o", "gpt-4o-2024-08-06"),
    ("openai", "gpt-4o-mini", "gpt-4o-mini-2024-07-18"),
    ("anthropic", "claude-sonnet-4-5", "claude-sonnet-4-5-20250929"),
    ("anthropic", "claude-3-5-haiku-latest", "claude-3-5-haiku-20241022"),
    ("gcp.gemini", "gemini-2.5-flash", "gemini-2.5-flash"),
)
_AGENTS = ("planner", "researcher", "writer", "reviewer")
_TOOLS = ("search", "fetch", "calculator", "sql", "calendar")
_WORDS = (  # noqa: SIM905 - a sentence reads better than a list
    "the report shows that revenue rose in the third quarter because of a larger share of returning customers while "
    "cost of support fell since most questions were answered by the assistant before a person had to look at them"
).split()  # fmt: skip
#: Stand where a request's own hexadecimal digits are written.
_SESSION_MARK = "0123abcd"
_ANSWER_MARK = "fedcba9876543210"


class Template:
    """One request, and where in its bytes lies what changes."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._bytes = np.frombuffer(_request(self._random).SerializeToString(), np.uint8)
        blob = self._bytes.tobytes()
        spans = [span for scope in _scopes(blob) for span in scope.spans]
        self._traces = _places(blob, b"\x0a\x10", [span.trace_id for span in spans])
        self._ids = _places(blob, b"\x12\x08", [span.span_id for span in spans])
        children = [span.parent_span_id for span in spans if span.parent_span_id]
        self._parents = _parent_places(blob, children, self._ids)
        self._trace_ids = np.array([list(span.trace_id) for span in spans], np.uint8)
        self._span_ids = np.array([list(span.span_id) for span in spans], np.uint8)
        self._parent_ids = np.array([list(parent) for parent in children], np.uint8)
        times = [(span.start_time_unix_nano, span.end_time_unix_nano) for span in spans]
        self._times = np.array(times, np.uint64).reshape(-1)
        self._time_places = _time_places(blob, self._ids, times)
        self._sessions = _all_places(blob, _SESSION_MARK.encode())
        self._answers = _all_places(blob, _ANSWER_MARK.encode())
        self.size = len(blob)

    def request(self, number: int, now_ns: int) -> tuple[bytes, bytes]:
        """The request with this number, its last span ended at `now_ns`; also the first trace's id."""
        body = self._bytes.copy()
        mark = np.frombuffer(_mixed(number).to_bytes(8, "little"), np.uint8)
        trace_ids = self._trace_ids.copy()
        trace_ids[:, 8:] ^= mark
        body[self._traces] = trace_ids
        body[self._ids] = self._span_ids ^ mark
        body[self._parents] = self._parent_ids ^ mark
        body[self._time_places] = (self._times + np.uint64(now_ns)).view(np.uint8).reshape(-1, 8)
        body[self._sessions] = _digits(number // REQUESTS_PER_SESSION, 8)
        body[self._answers] = _digits(number, 16)
        return body.tobytes(), trace_ids[0].tobytes()


class Load:
    """Request after request, each one new; `first` sets apart the loads of one server's life."""

    def __init__(self, first: int = 0, templates: int = TEMPLATES) -> None:
        self._templates = [Template(seed) for seed in range(templates)]
        self._first = first

    @property
    def bytes_per_request(self) -> int:
        return sum(template.size for template in self._templates) // len(self._templates)

    def request(self, number: int, now_ns: int) -> tuple[bytes, bytes]:
        """Body and the id of its first trace."""
        return self._templates[number % len(self._templates)].request(self._first + number, now_ns)


def _request(rng: random.Random) -> ExportTraceServiceRequest:
    request = ExportTraceServiceRequest()
    resource = request.resource_spans.add()
    resource.resource.attributes.extend(
        _pairs(
            {
                "service.name": "shop-assistant",
                "service.version": "1.4.2",
                "deployment.environment.name": "production",
                "telemetry.sdk.language": "python",
                "telemetry.sdk.name": "opentelemetry",
                "telemetry.sdk.version": "1.39.0",
            }
        )
    )
    scope = resource.scope_spans.add()
    scope.scope.name = "opentelemetry.instrumentation.openai_v2"
    for _ in range(SPANS_PER_REQUEST // SPANS_PER_TRACE):
        scope.spans.extend(_trace(rng))
    return request


def _trace(rng: random.Random) -> list[Span]:
    """Ten spans, the root last; times are negative offsets from the moment of sending, in nanoseconds."""
    trace_id, root_id = rng.randbytes(16), rng.randbytes(8)
    who = {
        "user.id": f"user-{rng.randrange(200):03d}",
        "gen_ai.conversation.id": f"session-{_SESSION_MARK}{rng.randrange(100):02d}",
        "gen_ai.agent.name": rng.choice(_AGENTS),
    }
    latest = end = -rng.randrange(50_000_000)
    spans = []
    for position in range(SPANS_PER_TRACE - 1):
        duration = rng.randrange(80_000_000, 900_000_000)
        is_call = position % 2 == 0
        name, kind, attributes = _call(rng, who) if is_call else _tool(rng, who)
        spans.append(_span(trace_id, rng.randbytes(8), root_id, name, kind, end - duration, end, attributes))
        end -= duration
    name, kind, attributes = _agent(rng, who)
    root = _span(trace_id, root_id, b"", name, kind, end, latest, attributes)
    return [*reversed(spans), root]


def _span(
    trace_id: bytes,
    span_id: bytes,
    parent: bytes,
    name: str,
    kind: Any,
    start: int,
    end: int,
    attributes: dict[str, Any],
) -> Span:
    return Span(
        trace_id=trace_id,
        span_id=span_id,
        parent_span_id=parent,
        name=name,
        kind=kind,
        start_time_unix_nano=start % 2**64,
        end_time_unix_nano=end % 2**64,
        attributes=_pairs(attributes),
    )


def _call(rng: random.Random, who: dict[str, str]) -> tuple[str, Any, dict[str, Any]]:
    provider, asked, answered = rng.choice(_MODELS)
    question = rng.randrange(MESSAGE_BYTES // 3, 2 * MESSAGE_BYTES // 3)
    return f"chat {asked}", Span.SPAN_KIND_CLIENT, {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": provider,
        "gen_ai.request.model": asked,
        "gen_ai.response.model": answered,
        "gen_ai.response.id": f"chatcmpl-{_ANSWER_MARK}{rng.getrandbits(32):08x}",
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.request.temperature": 0.2,
        "gen_ai.request.max_tokens": 1024,
        "gen_ai.usage.input_tokens": rng.randrange(400, 4_000),
        "gen_ai.usage.output_tokens": rng.randrange(20, 800),
        "gen_ai.usage.cache_read.input_tokens": rng.randrange(400),
        "server.address": "api.example.com",
        **who,
        "gen_ai.input.messages": _messages(rng, "user", question),
        "gen_ai.output.messages": _messages(rng, "assistant", MESSAGE_BYTES - question),
    }  # fmt: skip


def _tool(rng: random.Random, who: dict[str, str]) -> tuple[str, Any, dict[str, Any]]:
    tool = rng.choice(_TOOLS)
    return f"execute_tool {tool}", Span.SPAN_KIND_INTERNAL, {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": tool,
        "gen_ai.tool.type": "function",
        "gen_ai.tool.call.id": f"call_{rng.getrandbits(64):016x}",
        "http.request.method": "POST",
        "http.response.status_code": 200,
        "url.full": f"https://tools.example.com/{tool}/{rng.randrange(1000)}",
        "server.address": "tools.example.com",
        "server.port": 443,
        "network.protocol.version": "1.1",
        "code.function.name": f"tools.{tool}.run",
        "thread.id": rng.randrange(16),
        **who,
    }  # fmt: skip


def _agent(rng: random.Random, who: dict[str, str]) -> tuple[str, Any, dict[str, Any]]:
    return f"invoke_agent {who['gen_ai.agent.name']}", Span.SPAN_KIND_INTERNAL, {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.provider.name": "openai",
        "gen_ai.usage.input_tokens": rng.randrange(2_000, 20_000),
        "gen_ai.usage.output_tokens": rng.randrange(100, 4_000),
        "gen_ai.agent.id": f"asst_{rng.getrandbits(64):016x}",
        "gen_ai.agent.version": "3",
        "http.route": "/assist",
        "http.request.method": "POST",
        "http.response.status_code": 200,
        "feature": rng.choice(("checkout", "search", "help")),
        "tenant.plan": rng.choice(("free", "team", "enterprise")),
        **who,
    }  # fmt: skip


def _messages(rng: random.Random, role: str, size: int) -> str:
    text = ""
    while len(text) < size:
        text += f"{rng.choice(_WORDS)} "
    return f'[{{"role":"{role}","parts":[{{"type":"text","content":"{text[: size - 60]}"}}]}}]'


def _pairs(attributes: dict[str, Any]) -> Iterator[KeyValue]:
    for name, value in attributes.items():
        yield KeyValue(key=name, value=_value(value))


def _value(value: Any) -> AnyValue:
    match value:
        case int():
            return AnyValue(int_value=value)
        case float():
            return AnyValue(double_value=value)
        case list():
            return AnyValue(array_value=ArrayValue(values=[_value(item) for item in value]))
        case _:
            return AnyValue(string_value=value)


def _scopes(blob: bytes) -> list[Any]:
    request = ExportTraceServiceRequest.FromString(blob)
    return [scope for resource in request.resource_spans for scope in resource.scope_spans]


def _mixed(number: int) -> int:
    """splitmix64: numbers in a row become numbers that look random, no two the same."""
    mixed = (number + 1) * 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFFFF
    mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9 & 0xFFFFFFFFFFFFFFFF
    mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EB & 0xFFFFFFFFFFFFFFFF
    return mixed ^ mixed >> 31


def _digits(number: int, length: int) -> "np.ndarray[Any, Any]":
    return np.frombuffer(f"{_mixed(number):016x}"[-length:].encode(), np.uint8)


def _places(blob: bytes, tag: bytes, values: Sequence[bytes]) -> "np.ndarray[Any, Any]":
    """Where these values lie behind their field's tag and length, in their order, one after the other."""
    starts, position = [], 0
    for value in values:
        position = blob.index(tag + value, position) + len(tag)
        starts.append(position)
    return np.array(starts)[:, None] + np.arange(len(values[0]))


def _parent_places(blob: bytes, parents: Sequence[bytes], ids: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
    """A parent's id lies 10 bytes behind its child's own id: tag and length of the field stand between."""
    by_start = [start for start in ids[:, 0] if blob[start + 8 : start + 10] == b"\x22\x08"]
    starts = np.array(by_start) + 10
    assert [blob[start : start + 8] for start in starts] == list(parents)
    return starts[:, None] + np.arange(8)


def _time_places(blob: bytes, ids: "np.ndarray[Any, Any]", times: Sequence[tuple[int, int]]) -> "np.ndarray[Any, Any]":
    """Start and end are fixed 64-bit fields, found behind each span's id."""
    starts = []
    for position, (start, end) in zip(ids[:, 0], times, strict=True):
        behind_start = blob.index(b"\x39" + start.to_bytes(8, "little"), position) + 1
        starts.append(behind_start)
        starts.append(blob.index(b"\x41" + end.to_bytes(8, "little"), behind_start) + 1)
    return np.array(starts)[:, None] + np.arange(8)


def _all_places(blob: bytes, mark: bytes) -> "np.ndarray[Any, Any]":
    starts, position = [], blob.find(mark)
    while position >= 0:
        starts.append(position)
        position = blob.find(mark, position + 1)
    return np.array(starts)[:, None] + np.arange(len(mark))
