"""Wire shapes of traces and spans. Times are RFC 3339 in UTC, money is a string of USD with nine places."""

from typing import Any

from pydantic import BaseModel


class TraceRow(BaseModel):
    """One trace in a list; tokens and cost are those of its counted calls."""

    trace_id: str
    name: str
    start_time: str
    duration_ms: float
    spans: int
    errors: int
    calls: int
    unpriced_calls: int
    input_tokens: int
    output_tokens: int
    cost: str
    models: list[str]
    user: str
    session: str
    agent: str
    environment: str
    service: str


class TracePage(BaseModel):
    items: list[TraceRow]
    next_cursor: str | None


class TraceTotals(BaseModel):
    spans: int
    errors: int
    calls: int
    unpriced_calls: int
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    reasoning_tokens: int
    cost: str


class WaterfallSpan(BaseModel):
    """One line of the waterfall. What is empty, zero or false is left out."""

    span_id: str
    depth: int
    name: str
    start_offset_ns: int
    duration_ns: int
    parent_span_id: str | None = None
    kind: str = ""
    operation: str = ""
    status: str = ""
    provider: str = ""
    model: str = ""
    agent: str = ""
    tool: str = ""
    service: str = ""
    usage_kind: str = "none"
    counted: bool = False
    input_tokens: int = 0
    output_tokens: int = 0
    cost: str | None = None
    has_messages: bool = False


class TraceDetail(BaseModel):
    """A trace in waterfall order; `truncated` when it has more spans than are listed."""

    trace_id: str
    name: str
    start_time: str
    duration_ms: float
    totals: TraceTotals
    truncated: bool
    spans: list[WaterfallSpan]


class CostParts(BaseModel):
    input: str
    cache_read: str
    cache_write: str
    output: str


class SpanDetail(BaseModel):
    """Everything that is known of one span."""

    trace_id: str
    span_id: str
    parent_span_id: str | None
    name: str
    kind: str
    status: str
    status_message: str
    start_time: str
    end_time: str
    ingested_at: str
    duration_ns: int
    time_to_first_token_ns: int
    revision: int
    service: str
    scope: str
    convention: str
    source: str
    api_key_id: str
    operation: str
    provider: str
    model: str
    request_model: str
    agent: str
    tool: str
    user: str
    session: str
    environment: str
    finish_reason: str
    service_tier: str
    tags: list[str]
    usage_kind: str
    counted: bool
    metered: bool
    input_tokens: int
    cache_read_tokens: int
    cache_write_5m_tokens: int
    cache_write_1h_tokens: int
    input_audio_tokens: int
    output_tokens: int
    reasoning_tokens: int
    output_audio_tokens: int
    cost: str | None
    cost_parts: CostParts
    price_source: str
    price_version: str
    input_messages: list[Any]
    output_messages: list[Any]
    attributes: dict[str, Any]
    resource: dict[str, Any]
    events: list[Any]
    links: list[Any]


class StreamedSpan(BaseModel):
    """One span of the live stream."""

    trace_id: str
    span_id: str
    name: str
    start_time: str
    duration_ms: float
    status: str
    operation: str
    provider: str
    model: str
    agent: str
    user: str
    session: str
    input_tokens: int
    output_tokens: int
    cost: str | None
    usage_kind: str
    counted: bool


class StreamedSpans(BaseModel):
    """One event of the live stream: of `total` matching spans the newest, without the `skipped` ones."""

    items: list[StreamedSpan]
    skipped: int
    total: int
