"""Spans as they arrive in the store, for tests of the read side."""

import time
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from mno.observability.spans import columns
from mno.observability.spans.model import NO_PARENT, Owner, Span, SpanKey, TraceKey
from mno.observability.spans.queries import Tenant
from mno.observability.spans.store import SpanStore, restatement
from mno.platform.clickhouse import ClickHouse
from mno.platform.time_range import TimeRange, from_microseconds

#: All spans of these tests start at or after this instant (2026-11-01), in nanoseconds.
T0_NS = 1_793_491_200_000_000_000
SECOND_NS = 1_000_000_000
MONTH = TimeRange(from_microseconds(T0_NS // 1000), from_microseconds(T0_NS // 1000 + 28 * 86_400_000_000))


def a_span(trace: int, span: int, *, at_s: float = 0, parent: int | None = None, **fields: Any) -> Span:
    """A span that starts `at_s` seconds after T0; ids are small numbers."""
    given: dict[str, Any] = {"name": f"span {span}", "duration_ns": SECOND_NS, **fields}
    return Span(
        trace_id=trace_id(trace),
        span_id=span_id(span),
        parent_span_id=NO_PARENT if parent is None else span_id(parent),
        start_ns=T0_NS + round(at_s * 1_000_000) * 1000,
        **given,
    )


def trace_id(number: int) -> bytes:
    return number.to_bytes(16, "big")


def span_id(number: int) -> bytes:
    return number.to_bytes(8, "big")


def arrive(clickhouse: ClickHouse, tenant: Tenant, spans: Sequence[Span], *, ingested_at_us: int | None = None) -> None:
    """One committed block, of which the rollups know."""
    sender = Owner(tenant.team_id, tenant.project_id, "otlp", "key")
    moment = time.time_ns() // 1000 if ingested_at_us is None else ingested_at_us
    _stored(clickhouse, columns.block([(sender, spans)], moment))


def restate(clickhouse: ClickHouse, tenant: Tenant, spans: Sequence[Span], **changed: Any) -> None:
    """Spans get other figures, as a late descendant or a new price gives them; `changed` holds one value a column."""
    keys = [
        SpanKey(TraceKey(tenant.team_id, tenant.project_id, span.trace_id), span.span_id, span.start_ns // 1000)
        for span in spans
    ]
    for rows in SpanStore(clickhouse).current_rows(keys):
        block = restatement(
            rows, {name: pa.array([value] * rows.num_rows, rows[name].type) for name, value in changed.items()}
        )
        _stored(clickhouse, block)


def _stored(clickhouse: ClickHouse, block: pa.Table) -> None:
    store = SpanStore(clickhouse)
    store.insert(block)
    store.settle()
