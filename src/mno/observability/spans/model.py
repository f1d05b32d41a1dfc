"""The span: the one wide row in which everything that an agent did is written down.

A span is a fact and is never changed in place. What must be corrected is written again as a
restatement: the old row once more with `sign` -1, the new one with `sign` +1 and the next `revision`
(docs/decisions/0004). So a sum of `sign * x` over the rows is always right.
"""

from enum import IntEnum
from typing import NamedTuple

import msgspec

NO_PARENT = bytes(8)


class UsageKind(IntEnum):
    """What a span's token figures mean for the bill."""

    NONE = 0
    #: One call of a model.
    CALL = 1
    #: An agent, chain or wrapper whose figures may repeat those of its descendants.
    AGGREGATE = 2


class Span(msgspec.Struct, array_like=True, gc=False):
    """One span, normalised. Strings are empty and numbers zero where the emitter said nothing.

    New fields are only ever added at the end: the journal holds spans by position.

    Token buckets follow one meaning whatever the emitter's was. `input_tokens` is the whole input and
    contains `cache_read_tokens`, both cache-write buckets and `input_audio_tokens`; `output_tokens` is
    the whole output and contains `reasoning_tokens` and `output_audio_tokens`.
    Amounts of money are nano-dollars; `cost` is None when the price is not known.
    """

    trace_id: bytes
    span_id: bytes
    start_ns: int
    duration_ns: int
    name: str
    parent_span_id: bytes = NO_PARENT
    kind: str = "internal"
    status: str = "unset"
    status_message: str = ""
    service: str = ""
    scope: str = ""
    convention: str = ""

    operation: str = ""
    provider: str = ""
    model: str = ""
    request_model: str = ""
    agent: str = ""
    tool: str = ""
    user_id: str = ""
    session_id: str = ""
    environment: str = ""
    finish_reason: str = ""
    service_tier: str = ""
    tags: tuple[str, ...] = ()

    usage_kind: UsageKind = UsageKind.NONE
    counted: bool = False
    metered: bool = False
    input_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_5m_tokens: int = 0
    cache_write_1h_tokens: int = 0
    input_audio_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    output_audio_tokens: int = 0
    time_to_first_token_ns: int = 0

    reported_cost: int | None = None
    cost: int | None = None
    cost_input: int = 0
    cost_cache_read: int = 0
    cost_cache_write: int = 0
    cost_output: int = 0
    price_source: str = ""
    price_version: str = ""

    input_messages: str = ""
    output_messages: str = ""
    attributes: str = "{}"
    resource: str = "{}"
    events: str = ""
    links: str = ""
    #: Of a call: the provider's id of its answer. It stands among the attributes and has no column of its own.
    response_id: str = ""


class Owner(NamedTuple):
    """To whom a delivery of spans belongs and by which way it came."""

    team_id: str
    project_id: str
    source: str
    api_key_id: str


class TraceKey(NamedTuple):
    """One trace of one project."""

    team_id: str
    project_id: str
    trace_id: bytes


class KnownSpan(NamedTuple):
    """What the store knows of a span that was admitted before; times in microseconds."""

    trace_id: bytes
    span_id: bytes
    parent_span_id: bytes
    start_us: int
    end_us: int
    has_usage: bool
    counted: bool
    response_id: str = ""
    #: The way by which it came.
    source: str = ""


class SpanKey(NamedTuple):
    """Where a row stands in the span table."""

    trace: TraceKey
    span_id: bytes
    start_us: int
