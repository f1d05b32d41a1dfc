"""Spans on their way into the store: admitted and durable, and not yet found by a query.

They wait until a block is worth its cost, and its insert takes the engine some ten milliseconds, in which a reader
would be told that a span does not exist which its sender knows to be accepted. So the groups that are on their way can
be asked as well, and what they say of a trace is laid over what the engine answers: it is what the engine will answer
next.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from mno.observability.spans.columns import TOKENS, block
from mno.observability.spans.model import Owner, Span, SpanKey, UsageKind
from mno.observability.spans.queries import Tenant, TraceBounds

_PLAIN = ("name", "kind", "operation", "status", "provider", "model", "agent", "tool", "service")
_NUMBERS = ("duration_ns", "counted", *TOKENS)
_KINDS = {int(kind): kind.name.lower() for kind in UsageKind}


class Group(Protocol):
    """Spans that become one block, and spans stored before whose verdict changes with it; it may still grow."""

    @property
    def deliveries(self) -> Sequence[tuple[Owner, Sequence[Span]]]: ...
    @property
    def corrections(self) -> Mapping[SpanKey, bool]: ...


@dataclass(frozen=True, slots=True)
class Fresh:
    """What is on its way of one trace: rows in the shape of `SpanQueries.spans_of_trace`, and new verdicts."""

    rows: pa.Table
    #: Whether spans of before count from now on, by start and span.
    counted: dict[tuple[int, bytes], bool]


class FreshSpans:
    """Groups enter when they begin and leave when they are inserted, on the writing threads; any thread may ask."""

    def __init__(self) -> None:
        self._groups: tuple[Group, ...] = ()

    def enter(self, group: Group) -> None:
        self._groups = (*self._groups, group)

    def leave(self, group: Group) -> None:
        self._groups = tuple(other for other in self._groups if other is not group)

    def of_trace(self, tenant: Tenant, trace_id: str) -> Fresh | None:
        """None when nothing of this trace is on its way."""
        trace = bytes.fromhex(trace_id)
        deliveries: list[tuple[Owner, list[Span]]] = []
        counted: dict[tuple[int, bytes], bool] = {}
        for group in self._groups:
            for owner, spans in tuple(group.deliveries):
                if (owner.team_id, owner.project_id) == (tenant.team_id, tenant.project_id):
                    found = [span for span in spans if span.trace_id == trace]
                    if found:
                        deliveries.append((owner, found))
            for key, verdict in tuple(group.corrections.items()):
                if key.trace == (tenant.team_id, tenant.project_id, trace):
                    counted[key.start_us, key.span_id] = verdict
        if not deliveries:
            return None
        return Fresh(_judged(_shaped(block(deliveries, 0)), counted), counted)


def laid_over(stored: pa.Table, fresh: Fresh) -> pa.Table:
    """The trace's rows with the fresh ones beside those that are stored, by start, and the new verdicts on them."""
    arriving = set(_keys(fresh.rows))
    kept = stored.filter(pa.array([key not in arriving for key in _keys(stored)], pa.bool_()))
    judged = _judged(kept, fresh.counted)
    return pa.concat_tables([judged, fresh.rows.cast(stored.schema)]).sort_by([("start_us", "ascending")])


def bounds_of(fresh: pa.Table, stored: TraceBounds | None) -> TraceBounds:
    """Where the trace lies with its fresh spans; its name is the root's, else that of its earliest span."""
    starts = fresh["start_us"].to_pylist()
    ends = [start + duration // 1000 for start, duration in zip(starts, fresh["duration_ns"].to_pylist(), strict=True)]
    ranks = [(any(parent), start) for parent, start in zip(fresh["parent_span_id"].to_pylist(), starts, strict=True)]
    (without_root, first_us), name = min(zip(ranks, fresh["name"].to_pylist(), strict=True))
    if stored is None:
        return TraceBounds(min(starts), max(starts), max(ends), name)
    return TraceBounds(
        min(stored.first_us, *starts),
        max(stored.last_us, *starts),
        max(stored.end_us, *ends),
        stored.name if without_root and first_us >= stored.first_us else name,
    )


def _judged(rows: pa.Table, counted: Mapping[tuple[int, bytes], bool]) -> pa.Table:
    """The rows with these verdicts."""
    if not counted:
        return rows
    stood = zip(_keys(rows), rows["counted"].to_pylist(), strict=True)
    verdicts = [int(counted.get(key, verdict)) for key, verdict in stood]
    place = rows.schema.get_field_index("counted")
    column = rows.schema.field(place)
    return rows.set_column(place, column, pa.array(verdicts, column.type))


def _keys(rows: pa.Table) -> list[tuple[int, bytes]]:
    return list(zip(rows["start_us"].to_pylist(), rows["span_id"].to_pylist(), strict=True))


def _shaped(rows: pa.Table) -> pa.Table:
    cost = rows["cost"].to_pylist()
    columns: dict[str, Any] = {name: rows[name] for name in ("span_id", "parent_span_id", "cost")}
    columns |= {name: rows[name].cast(pa.string()) for name in _PLAIN}
    columns |= {name: rows[name] for name in _NUMBERS}
    columns["start_us"] = rows["start_time"].cast(pa.int64())
    columns["usage_kind"] = pa.array([_KINDS[kind] for kind in rows["usage_kind"].cast(pa.int64()).to_pylist()])
    columns["cost_text"] = pa.array([None if amount is None else f"{amount:.9f}" for amount in cost], pa.string())
    columns["cache_write_tokens"] = pc.add(rows["cache_write_5m_tokens"], rows["cache_write_1h_tokens"])
    messages = (pc.equal(rows[name].cast(pa.string()), "") for name in ("input_messages", "output_messages"))
    columns["without_messages"] = pc.and_(*messages).cast(pa.uint8())
    return pa.table({name: columns[name] for name in _SHAPE})


#: The columns of `SpanQueries.spans_of_trace`, in their order.
_SHAPE = (
    "span_id", "parent_span_id", "start_us", "duration_ns", *_PLAIN, "usage_kind", "counted", "cost", "cost_text",
    "input_tokens", "output_tokens", "cache_read_tokens", "reasoning_tokens", "cache_write_tokens", "without_messages",
)  # fmt: skip
