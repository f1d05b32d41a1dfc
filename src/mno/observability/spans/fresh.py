"""Spans on their way into the store: admitted and durable, and not yet found by a query.

An insert takes the engine some ten milliseconds, in which a reader would be told that a span does not exist which
its sender knows to be accepted. So the block that is being inserted can be asked as well, and what it holds of a
trace is laid over what the engine answers: it is what the engine will answer next.
"""

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from mno.observability.spans.columns import TOKENS
from mno.observability.spans.model import UsageKind
from mno.observability.spans.queries import Tenant, TraceBounds

_PLAIN = ("name", "kind", "operation", "status", "provider", "model", "agent", "tool", "service")
_NUMBERS = ("duration_ns", "counted", *TOKENS)
_KINDS = {int(kind): kind.name.lower() for kind in UsageKind}


class FreshSpans:
    """Entered and left by the writing thread, asked by any."""

    def __init__(self) -> None:
        self._block: pa.Table | None = None

    def enter(self, block: pa.Table) -> None:
        """The block is about to be inserted: from now on it can be found."""
        self._block = block

    def leave(self) -> None:
        """The engine finds it now, or it will be tried again."""
        self._block = None

    def of_trace(self, tenant: Tenant, trace_id: str) -> pa.Table | None:
        """Rows in the shape of `SpanQueries.spans_of_trace`; None when there are none of this trace."""
        block = self._block
        if block is None:
            return None
        rows = block.filter(pc.equal(block["trace_id"], pa.scalar(bytes.fromhex(trace_id), block["trace_id"].type)))
        if rows.num_rows == 0:
            return None
        owned = (rows[name].to_pylist() for name in ("team_id", "project_id"))
        mine = [owner == (tenant.team_id, tenant.project_id) for owner in zip(*owned, strict=True)]
        standing = _standing(rows.filter(pa.array(mine)))
        return _shaped(standing) if standing.num_rows else None


def laid_over(stored: pa.Table, fresh: pa.Table) -> pa.Table:
    """The trace's rows with the fresh ones in place of those that they restate, by start."""
    restated = set(_keys(fresh))
    kept = stored.filter(pa.array([key not in restated for key in _keys(stored)], pa.bool_()))
    return pa.concat_tables([kept, fresh.cast(stored.schema)]).sort_by([("start_us", "ascending")])


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


def _keys(rows: pa.Table) -> list[tuple[int, bytes]]:
    return list(zip(rows["start_us"].to_pylist(), rows["span_id"].to_pylist(), strict=True))


def _standing(rows: pa.Table) -> pa.Table:
    """Of each span the row that stands: of the last revision the one with sign 1."""
    columns = (rows[name].to_pylist() for name in ("start_time", "span_id", "revision", "sign"))
    last: dict[Any, tuple[Any, int]] = {}
    for index, (start, span_id, revision, sign) in enumerate(zip(*columns, strict=True)):
        rank = (revision, sign)
        if (start, span_id) not in last or rank > last[start, span_id][0]:
            last[start, span_id] = (rank, index)
    return rows.take(pa.array(sorted(index for (_, sign), index in last.values() if sign > 0), pa.int64()))


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
