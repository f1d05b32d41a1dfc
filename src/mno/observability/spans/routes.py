"""HTTP for traces: the list and its export, one trace, one span, the live tail."""

import asyncio
from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response, StreamingResponse

from mno.observability.spans.export import traces_csv, traces_parquet
from mno.observability.spans.filters import SpanFilter, Status, StreamFilter, tag_filters
from mno.observability.spans.queries import Tenant
from mno.observability.spans.schemas import SpanDetail, StreamedSpans, TraceDetail, TracePage, TraceRow
from mno.observability.spans.service import DEFAULT_PAGE, MAX_EXPORT, MAX_PAGE, Traces
from mno.observability.spans.stream import SpanFeed
from mno.platform import live
from mno.platform.clock import now
from mno.platform.errors import Invalid
from mno.platform.http.gate import requires, still_permitted
from mno.platform.principal import Principal
from mno.platform.time_range import DEFAULT_FROM, DEFAULT_TO, TimeRange, parsed_range

_READ = "spans.read"
SpanReader = Annotated[Principal, Depends(requires(_READ))]
Values = Annotated[list[str], Query(default_factory=list, description="Repeatable; any of the values matches.")]
Format = Literal["json", "csv", "parquet"]

_FILES = {"csv": ("text/csv; charset=utf-8", traces_csv), "parquet": ("application/vnd.apache.parquet", traces_parquet)}


def asked_range(
    start: Annotated[str, Query(alias="from", description="RFC 3339, or -15m, -24h, -30d.")] = DEFAULT_FROM,
    end: Annotated[str, Query(alias="to", description="The same, or now; not part of the range.")] = DEFAULT_TO,
) -> TimeRange:
    return parsed_range(start, end, now())


def asked_filter(
    request: Request,
    provider: Values,
    model: Values,
    user: Values,
    session: Values,
    agent: Values,
    environment: Values,
    operation: Values,
    tool: Values,
    q: Annotated[str, Query(description="Free text in names, messages and attributes; or a trace or span id.")] = "",
    status: Annotated[Status | None, Query(description="error: a span failed; ok: none of the trace did.")] = None,
    min_duration_ms: Annotated[float, Query(ge=0, le=1e12, allow_inf_nan=False)] = 0,
) -> SpanFilter:
    """The filters of a trace list; `tag:NAME=VALUE` is read from the query as well."""
    return SpanFilter(
        providers=tuple(provider),
        models=tuple(model),
        users=tuple(user),
        sessions=tuple(session),
        agents=tuple(agent),
        environments=tuple(environment),
        operations=tuple(operation),
        tools=tuple(tool),
        tags=tag_filters(request.query_params.multi_items()),
        status=status,
        min_duration_ms=min_duration_ms,
        text=q.strip(),
    )


def router(traces: Traces, feed: SpanFeed) -> APIRouter:
    """Everything under /api/traces, and /api/spans/stream."""
    routes = APIRouter(prefix="/api", tags=["traces"])

    @routes.get("/traces", response_model=TracePage)
    async def list_traces(
        reader: SpanReader,
        window: Annotated[TimeRange, Depends(asked_range)],
        asked: Annotated[SpanFilter, Depends(asked_filter)],
        cursor: Annotated[str, Query(max_length=300, description="`next_cursor` of the page before.")] = "",
        limit: Annotated[int | None, Query(ge=1, le=MAX_EXPORT)] = None,
        format: Annotated[Format, Query(description="csv and parquet hold up to 50,000 traces.")] = "json",  # noqa: A002
    ) -> TracePage | Response:
        """Traces by their newest span that matches, newest first."""
        if format != "json":
            return await _file(traces, _tenant(reader), window, asked, format, limit or MAX_EXPORT)
        if limit is not None and limit > MAX_PAGE:
            raise Invalid(f"A page holds at most {MAX_PAGE} traces; follow next_cursor, or ask for format=csv.")
        return await traces.page(_tenant(reader), window, asked, limit=limit or DEFAULT_PAGE, cursor=cursor)

    @routes.get("/traces/{trace_id}", response_model=TraceDetail)
    async def one_trace(reader: SpanReader, trace_id: str) -> Response:
        """A trace as a waterfall, without message bodies; empty fields of its spans are left out."""
        return Response(await traces.trace(_tenant(reader), trace_id), media_type="application/json")

    @routes.get("/traces/{trace_id}/spans/{span_id}")
    async def one_span(reader: SpanReader, trace_id: str, span_id: str) -> SpanDetail:
        """A span with its messages, attributes and events."""
        return await traces.span(_tenant(reader), trace_id, span_id)

    @routes.get(
        "/spans/stream",
        response_class=StreamingResponse,
        responses={200: {"model": StreamedSpans, "description": "Server-sent events `spans` and `ping`."}},
    )
    async def stream_spans(
        request: Request,
        reader: SpanReader,
        provider: Values,
        model: Values,
        environment: Values,
        status: Status | None = None,
    ) -> StreamingResponse:
        """Spans as they arrive: one event a second with the newest 200, and how many were skipped."""
        asked = StreamFilter(frozenset(provider), frozenset(model), frozenset(environment), status)
        feed.check_room()
        events = feed.subscribe(_tenant(reader), asked, partial(still_permitted, request, _READ))
        return StreamingResponse(events, media_type="text/event-stream", headers=live.HEADERS)

    return routes


def _tenant(reader: Principal) -> Tenant:
    return Tenant(str(reader.team_id), str(reader.project_id))


async def _file(
    traces: Traces, tenant: Tenant, window: TimeRange, asked: SpanFilter, kind: str, limit: int
) -> Response:
    rows: list[TraceRow] = []
    async for page in traces.pages(tenant, window, asked, limit=limit):
        rows.extend(page)
    media_type, written = _FILES[kind]
    body = await asyncio.to_thread(written, rows)
    return Response(
        body, media_type=media_type, headers={"content-disposition": f'attachment; filename="traces.{kind}"'}
    )
