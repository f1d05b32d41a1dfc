"""Reading traces: a page of the list, one trace as a waterfall, one span with its bodies."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pyarrow as pa

from mno.observability.spans.cursor import Cursor, Position, Snapshot, decoded, encoded, question_digest
from mno.observability.spans.filters import SpanFilter, Status
from mno.observability.spans.fresh import FreshSpans, bounds_of, laid_over
from mno.observability.spans.queries import SpanQueries, Tenant, TraceBounds
from mno.observability.spans.rendering import totals, waterfall_spans
from mno.observability.spans.schemas import CostParts, SpanDetail, TracePage, TraceRow, TraceTotals
from mno.platform import money
from mno.platform.errors import Invalid, NotFound
from mno.platform.time_range import TimeRange, from_microseconds, shown

#: Traces on one page of the list.
MAX_PAGE = 200
#: The same, unless the caller asks for another number.
DEFAULT_PAGE = 50
#: Traces in one exported file.
MAX_EXPORT = 50_000
#: Spans of one trace that are listed; its totals hold all of them.
MAX_SPANS_OF_TRACE = 100_000

#: Up to so many spans a trace is written where it is asked for: a thread would take longer to begin.
SMALL_TRACE_SPANS = 100

#: A block is visible in `spans` a moment before its rollup is.
_ROLLUP_LAG_S = 0.05
_EXPORT_PAGE = 1000
_TRACE_ID = re.compile(r"[0-9a-fA-F]{32}")
_SPAN_ID = re.compile(r"[0-9a-fA-F]{16}")


class Traces:
    """What the API, the export and the web pages ask of traces."""

    def __init__(self, queries: SpanQueries, fresh: FreshSpans | None = None) -> None:
        self._queries = queries
        self._fresh = fresh or FreshSpans()

    async def page(
        self, tenant: Tenant, window: TimeRange, asked: SpanFilter, *, limit: int = DEFAULT_PAGE, cursor: str = ""
    ) -> TracePage:
        """Traces by their newest matching span, newest first.

        With a `cursor` the list goes on over the spans that had arrived at its first page, in that page's
        time range; `window` is not looked at. Raises `Invalid` for a cursor that is damaged or belongs to
        other filters, `LimitExceeded` when the search takes too long.
        """
        question = question_digest(tenant, asked)
        if cursor:
            resumed = decoded(cursor, question)
            snapshot, after = resumed.snapshot, resumed.after
        else:
            snapshot, after = Snapshot(window.start_us, window.end_us, await self._queries.arrived_us()), None
        found = await self._next_traces(tenant, snapshot, asked, after, count=limit + 1)
        items = [row for _, row in found[:limit]]
        more = len(found) > limit
        return TracePage(
            items=items,
            next_cursor=encoded(Cursor(snapshot, found[limit - 1][0], question)) if more else None,
        )

    async def pages(
        self, tenant: Tenant, window: TimeRange, asked: SpanFilter, *, limit: int = MAX_EXPORT
    ) -> AsyncIterator[list[TraceRow]]:
        """The list from its start, up to `limit` traces, page by page."""
        cursor, left = "", limit
        while left > 0:
            page = await self.page(tenant, window, asked, limit=min(left, _EXPORT_PAGE), cursor=cursor)
            yield page.items
            left -= len(page.items)
            if page.next_cursor is None:
                return
            cursor = page.next_cursor

    async def trace(self, tenant: Tenant, trace_id: str) -> bytes:
        """The JSON of a `TraceDetail`. `Invalid` for a malformed id, `NotFound` for an unknown one."""
        trace_id = _checked(trace_id, _TRACE_ID, "trace", 32)
        # before the engine is asked: what has left here by then is found there
        fresh = self._fresh.of_trace(tenant, trace_id)
        bounds, table = await self._stored(tenant, trace_id)
        if fresh is not None:
            bounds = bounds_of(fresh.rows, bounds)
            table = fresh.rows if table is None else laid_over(table, fresh)
        if bounds is None or table is None:
            raise _unknown(trace_id)
        if table.num_rows > MAX_SPANS_OF_TRACE:
            sums = await self._queries.totals_of_trace(tenant, trace_id, bounds)
        elif table.num_rows > SMALL_TRACE_SPANS:
            sums = await asyncio.to_thread(totals, table)
        else:
            return _trace_json(trace_id, bounds, table, totals(table))
        return await asyncio.to_thread(_trace_json, trace_id, bounds, table, sums)

    async def span(self, tenant: Tenant, trace_id: str, span_id: str) -> SpanDetail:
        """One span with its bodies. `Invalid` for a malformed id, `NotFound` for an unknown one."""
        trace_id = _checked(trace_id, _TRACE_ID, "trace", 32)
        span_id = _checked(span_id, _SPAN_ID, "span", 16)
        bounds = await self._queries.bounds(tenant, trace_id)
        if bounds is None:
            raise _unknown(trace_id)
        row = await self._queries.span(tenant, trace_id, span_id, bounds)
        if row is None:
            raise NotFound(f"Trace {trace_id} has no span {span_id}.")
        return _span_detail(row)

    async def _stored(self, tenant: Tenant, trace_id: str) -> tuple[TraceBounds | None, pa.Table | None]:
        bounds = await self._queries.bounds(tenant, trace_id)
        if bounds is None:
            return None, None
        return bounds, await self._queries.spans_of_trace(tenant, trace_id, bounds, limit=MAX_SPANS_OF_TRACE + 1)

    async def _next_traces(
        self, tenant: Tenant, snapshot: Snapshot, asked: SpanFilter, after: Position | None, *, count: int
    ) -> list[tuple[Position, TraceRow]]:
        found: list[tuple[Position, TraceRow]] = []
        while len(found) < count:
            wanted = count - len(found)
            batch = await self._queries.newest_traces(tenant, snapshot, asked, before=after, limit=wanted)
            if not batch:
                break
            totals = await self._totals(tenant, [position.trace_id for position in batch])
            shown_before = await self._shown_before(tenant, snapshot, asked, after, totals)
            for position in batch:
                total = totals.get(position.trace_id)
                if total is None or position.trace_id in shown_before:
                    continue
                if asked.status is Status.OK and total["errors"] > 0:
                    continue
                found.append((position, _trace_row(total)))
            if len(batch) < wanted:
                break
            after = batch[-1]
        return found

    async def _totals(self, tenant: Tenant, trace_ids: list[bytes]) -> dict[bytes, dict[str, Any]]:
        totals = await self._queries.totals(tenant, trace_ids)
        if len(totals) == len(trace_ids):
            return totals
        await asyncio.sleep(_ROLLUP_LAG_S)
        return await self._queries.totals(tenant, trace_ids)

    async def _shown_before(
        self,
        tenant: Tenant,
        snapshot: Snapshot,
        asked: SpanFilter,
        after: Position | None,
        totals: dict[bytes, dict[str, Any]],
    ) -> set[bytes]:
        """Traces whose place in the list is above `after`, where their newest matching span is."""
        if after is None:
            return set()
        reaching = {id_: row["last_start_us"] for id_, row in totals.items() if row["last_start_us"] >= after.start_us}
        if not reaching:
            return set()
        return await self._queries.matching_since(
            tenant, snapshot, asked, since=after, until_us=max(reaching.values()), trace_ids=list(reaching)
        )


def _unknown(trace_id: str) -> NotFound:
    return NotFound(f"There is no trace {trace_id} in this project.")


def _checked(text: str, pattern: re.Pattern[str], what: str, digits: int) -> str:
    if not pattern.fullmatch(text):
        raise Invalid(f"'{text[:60]}' is no {what} id: {digits} hexadecimal digits are.")
    return text.lower()


def _trace_row(total: dict[str, Any]) -> TraceRow:
    return TraceRow(
        trace_id=total["trace_id"].hex(),
        start_time=shown(from_microseconds(total["start_us"])),
        duration_ms=(total["end_us"] - total["start_us"]) / 1000,
        cost=money.shown(total["cost"]),
        **{
            name: total[name]
            for name in (
                "name", "spans", "errors", "calls", "unpriced_calls", "input_tokens", "output_tokens",
                "models", "user", "session", "agent", "environment", "service",
            )
        },
    )  # fmt: skip


def _trace_json(trace_id: str, bounds: TraceBounds, table: pa.Table, sums: dict[str, Any]) -> bytes:
    if sums["spans"] <= 0:
        raise _unknown(trace_id)
    head = {
        "trace_id": trace_id,
        "name": bounds.name,
        "start_time": shown(from_microseconds(bounds.first_us)),
        "duration_ms": (bounds.end_us - bounds.first_us) / 1000,
        "totals": TraceTotals(**{**sums, "cost": money.shown(sums["cost"])}).model_dump(),
        "truncated": table.num_rows > MAX_SPANS_OF_TRACE,
    }
    spans = waterfall_spans(table.slice(0, MAX_SPANS_OF_TRACE), bounds.first_us)
    return b"".join((orjson.dumps(head)[:-1], b',"spans":', spans, b"}"))


_SAME = (
    "name", "kind", "status", "status_message", "duration_ns", "time_to_first_token_ns", "revision",
    "service", "scope", "convention", "source", "api_key_id", "operation", "provider", "model", "request_model",
    "agent", "tool", "environment", "finish_reason", "service_tier",
    "input_tokens", "cache_read_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens", "input_audio_tokens",
    "output_tokens", "reasoning_tokens", "output_audio_tokens", "price_source", "price_version",
)  # fmt: skip


def _span_detail(row: dict[str, Any]) -> SpanDetail:
    return SpanDetail(
        **{name: row[name] for name in _SAME},
        trace_id=row["trace_id"].hex(),
        span_id=row["span_id"].hex(),
        parent_span_id=row["parent_span_id"].hex() if any(row["parent_span_id"]) else None,
        start_time=shown(from_microseconds(row["start_us"])),
        end_time=shown(from_microseconds(row["start_us"] + row["duration_ns"] // 1000)),
        ingested_at=shown(from_microseconds(row["ingested_us"])),
        user=row["user_id"],
        session=row["session_id"],
        tags=list(row["tags"]),
        usage_kind=row["usage_kind_name"],
        counted=bool(row["counted"]),
        metered=bool(row["metered"]),
        cost=None if row["cost"] is None else money.shown(row["cost"]),
        cost_parts=CostParts(
            input=money.shown(row["cost_input"]),
            cache_read=money.shown(row["cost_cache_read"]),
            cache_write=money.shown(row["cost_cache_write"]),
            output=money.shown(row["cost_output"]),
        ),
        input_messages=_parsed_list(row["input_messages"]),
        output_messages=_parsed_list(row["output_messages"]),
        attributes=_parsed_object(row["attributes"]),
        resource=_parsed_object(row["resource"]),
        events=_parsed_list(row["events"]),
        links=_parsed_list(row["links"]),
    )


def _parsed_list(text: str) -> list[Any]:
    parsed = _parsed(text)
    return parsed if isinstance(parsed, list) else [] if parsed is None else [parsed]


def _parsed_object(text: str) -> dict[str, Any]:
    parsed = _parsed(text)
    return parsed if isinstance(parsed, dict) else {} if parsed is None else {"value": parsed}


def _parsed(text: str) -> Any:
    """A body as it was written; one that is no JSON is shown as the text that it is."""
    if not text:
        return None
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
