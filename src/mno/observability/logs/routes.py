"""HTTP for logs: publishing, the list, its counts, the lines around one, the live stream."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import StreamingResponse

from mno.observability.ingest import body
from mno.observability.ingest.body import EVENT_FORMATS, BodyBudget, Format
from mno.observability.ingest.native import items_of, lines_of
from mno.observability.ingest.service import owner_of
from mno.observability.ingest.severity import LogLevel
from mno.observability.logs.model import LogFilter, Surroundings, attribute_filters, hex_id
from mno.observability.logs.schemas import (
    LogPage,
    LogsReceipt,
    LogSummary,
    LogSurroundings,
    StreamedLogs,
    records_body,
)
from mno.observability.logs.service import DEFAULT_LOG_PAGE, MAX_AROUND, MAX_LOG_PAGE, Logs
from mno.observability.spans.queries import Tenant
from mno.observability.spans.routes import asked_range
from mno.platform import live
from mno.platform.http.gate import requires, still_permitted
from mno.platform.principal import Principal
from mno.platform.time_range import TimeRange

_READ = "logs.read"
LogReaderCaller = Annotated[Principal, Depends(requires(_READ))]
LogWriter = Annotated[Principal, Depends(requires("logs.write"))]
_Values = Annotated[list[str], Query(default_factory=list, description="Repeatable; any of the values matches.")]
_After = Annotated[str, Query(max_length=100, description="A page's `tail`: what arrived since, oldest first.")]


def asked_logs(
    request: Request,
    topic: _Values,
    service: _Values,
    agent: _Values,
    level: Annotated[LogLevel | None, Query(description="This level and everything graver.")] = None,
    trace: Annotated[str, Query(max_length=64, description="A trace's id, 32 hexadecimal digits.")] = "",
    span: Annotated[str, Query(max_length=64, description="A span's id, 16 hexadecimal digits.")] = "",
    q: Annotated[str, Query(description="Free text in bodies, topics and attributes, whatever its case.")] = "",
) -> LogFilter:
    """What is asked of logs; `attr:NAME=VALUE` is read from the query as well."""
    return LogFilter(
        level=level,
        trace_id=hex_id(trace, 32, "trace"),
        span_id=hex_id(span, 16, "span"),
        topics=tuple(topic),
        services=tuple(service),
        agents=tuple(agent),
        attributes=attribute_filters(request.query_params.multi_items()),
        text=q.strip(),
    )


_Window = Annotated[TimeRange, Depends(asked_range)]
_Asked = Annotated[LogFilter, Depends(asked_logs)]


def router(logs: Logs, budget: BodyBudget) -> APIRouter:
    """Everything under /api/logs."""
    routes = APIRouter(prefix="/api/logs", tags=["logs"])

    @routes.post("", openapi_extra=records_body())
    async def publish_logs(request: Request, writer: LogWriter) -> LogsReceipt:
        """Log lines, a JSON array or NDJSON. They are on the disk when this answers; bad ones are named."""
        read = (
            items_of if body.format_of(request.headers.get("content-type"), EVENT_FORMATS) is Format.JSON else lines_of
        )
        encoding = request.headers.get("content-encoding")
        with budget.share() as share:
            sent = await body.read(request, share)
            return await logs.publish(owner_of(writer, "native"), lambda: read(body.unpacked(sent, encoding)))

    @routes.get("")
    async def list_logs(
        reader: LogReaderCaller,
        window: _Window,
        asked: _Asked,
        cursor: Annotated[str, Query(max_length=300, description="`next_cursor` of the page before.")] = "",
        after: _After = "",
        limit: Annotated[int, Query(ge=1, le=MAX_LOG_PAGE)] = DEFAULT_LOG_PAGE,
    ) -> LogPage:
        """Log lines newest first; with `after`, what arrived since then, whatever its time, oldest first."""
        if after:
            return await logs.after(_tenant(reader), asked, after, limit=limit)
        return await logs.page(_tenant(reader), window, asked, limit=limit, cursor=cursor)

    @routes.get("/summary")
    async def summarise_logs(reader: LogReaderCaller, window: _Window, asked: _Asked) -> LogSummary:
        """Counts of the same lines by level, topic and service, and a histogram over time."""
        return await logs.summary(_tenant(reader), window, asked)

    @routes.get(
        "/stream",
        response_class=StreamingResponse,
        responses={200: {"model": StreamedLogs, "description": "Server-sent events `logs` and `ping`."}},
    )
    async def stream_logs(
        request: Request,
        reader: LogReaderCaller,
        asked: _Asked,
        after: _After = "",
        last_event_id: Annotated[str, Header(max_length=100, description="Sent by browsers that come back.")] = "",
    ) -> StreamingResponse:
        """Lines as they arrive, from now on, from `after`, or from where a broken stream ended (an hour at most)."""
        logs.feed.check_room()
        may_read = partial(still_permitted, request, _READ)
        events = await logs.follow(_tenant(reader), asked, may_read, after=last_event_id or after)
        return StreamingResponse(events, media_type="text/event-stream", headers=live.HEADERS)

    @routes.get("/{line_id}/around")
    async def logs_around(
        reader: LogReaderCaller,
        line_id: str,
        of: Annotated[Surroundings, Query(description="Lines of what: all, or the same service, topic, trace.")] = (
            Surroundings.SERVICE
        ),
        before: Annotated[int, Query(ge=0, le=MAX_AROUND)] = 20,
        after: Annotated[int, Query(ge=0, le=MAX_AROUND)] = 20,
    ) -> LogSurroundings:
        """A line, whole, and the lines before and after it, at most a day away."""
        return await logs.around(_tenant(reader), line_id, of, before=before, after=after)

    return routes


def _tenant(reader: Principal) -> Tenant:
    return Tenant(str(reader.team_id), str(reader.project_id))
