"""HTTP for the audit log: the same routes for a team's own chain and, below /hub, for the hub's."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import StreamingResponse

from mno.audit import export
from mno.audit.log import AuditLog
from mno.audit.model import HUB_CHAIN
from mno.audit.queries import MAX_ENTRIES_PER_PAGE, Filter
from mno.audit.schemas import (
    CreatedStream,
    DeadLetterList,
    DeadLetterShape,
    EntryPage,
    EntryShape,
    Erased,
    EraseWish,
    Replayed,
    StreamList,
    StreamShape,
    StreamWish,
    VerificationReport,
    VerificationShape,
    VerificationWish,
)
from mno.audit.wire import name_of_chain
from mno.platform import clock
from mno.platform.errors import NotFound
from mno.platform.http.gate import requires
from mno.platform.ids import parsed
from mno.platform.principal import Principal
from mno.platform.time_range import parsed_time

Gate = Callable[[Request], Awaitable[Principal]]
Text = Annotated[str, Query(max_length=200)]
_FILES = {
    "csv": ("text/csv; charset=utf-8", export.csv_header, export.csv_lines),
    "jsonl": ("application/x-ndjson", bytes, export.json_lines),
}


def asked(
    actor: Annotated[str, Query(max_length=200, description="An id (usr_…, key_…) or part of a name.")] = "",
    action: Annotated[str, Query(max_length=200, description="Such as keys.create, or keys.* for all of keys.")] = "",
    resource: Annotated[str, Query(max_length=200, description="The id of what was acted upon.")] = "",
    outcome: Annotated[Literal["", "done", "refused", "failed"], Query()] = "",
    trace_id: Annotated[str, Query(max_length=64)] = "",
    text: Annotated[str, Query(max_length=200, description="Anywhere in the entry.")] = "",
    from_: Annotated[str, Query(alias="from", description="RFC 3339, or relative such as -24h.")] = "",
    to: Annotated[str, Query(description="The end, exclusive.")] = "",
) -> Filter:
    """The filters of a question, read from its query."""
    now = clock.now()
    since = parsed_time(from_, now, name="from") if from_ else None
    until = parsed_time(to, now, name="to") if to else None
    return Filter(actor, action, resource, outcome, trace_id, text, since, until)


Wanted = Annotated[Filter, Depends(asked)]


def router(log: AuditLog) -> APIRouter:
    """`/api/audit` for the caller's team, `/api/audit/hub` for what belongs to no team."""
    routes = APIRouter(prefix="/api/audit", tags=["audit"])
    hub = APIRouter(prefix="/hub")
    _reading_routes(hub, log, requires("hub.audit.read"), _hub)
    _verification_routes(hub, log, requires("hub.audit.read"), everything=True)
    _stream_routes(hub, log, requires("hub.audit.read"), requires("hub.settings.write"), _hub)
    _erase_route(hub, log, requires("hub.settings.write"), everywhere=True)
    routes.include_router(hub)
    _reading_routes(routes, log, requires("audit.read"), _own)
    _verification_routes(routes, log, requires("audit.read"), everything=False)
    _stream_routes(routes, log, requires("audit.read"), requires("team.write"), _own)
    _erase_route(routes, log, requires("team.write"), everywhere=False)
    return routes


def _own(principal: Principal) -> UUID:
    return principal.team_id


def _hub(_: Principal) -> UUID:
    return HUB_CHAIN


def _reading_routes(routes: APIRouter, log: AuditLog, reading: Gate, chain: Callable[[Principal], UUID]) -> None:
    @routes.get("/logs")
    async def entries(
        reader: Annotated[Principal, Depends(reading)],
        wanted: Wanted,
        limit: Annotated[int, Query(ge=1, le=MAX_ENTRIES_PER_PAGE)] = 50,
        cursor: Text = "",
    ) -> EntryPage:
        """The newest entries first, a page at a time."""
        items, following = await log.queries.page(chain(reader), wanted, limit, cursor)
        return EntryPage(items=[EntryShape.of(entry) for entry in items], next_cursor=following)

    @routes.get("/logs/{entry_id}")
    async def one_entry(reader: Annotated[Principal, Depends(reading)], entry_id: str) -> EntryShape:
        """One entry."""
        return EntryShape.of(await log.queries.one(chain(reader), parsed("aud", entry_id)))

    @routes.get("/export", response_class=StreamingResponse)
    async def exported(
        reader: Annotated[Principal, Depends(reading)],
        wanted: Wanted,
        format_: Annotated[Literal["csv", "jsonl"], Query(alias="format")] = "jsonl",
    ) -> StreamingResponse:
        """Every entry that fits, newest first, as CSV (safe for spreadsheets) or JSON lines. That it was exported is
        an entry itself.
        """
        team_id = chain(reader)
        await log.audit.note(reader, "audit.export", name_of_chain(team_id), team_id=team_id, detail=f"as {format_}")
        media_type, header, lines = _FILES[format_]
        body = export.streamed(header(), log.queries.every(team_id, wanted), lines)
        headers = {"content-disposition": f'attachment; filename="audit.{format_}"'}
        return StreamingResponse(body, media_type=media_type, headers=headers)


def _verification_routes(routes: APIRouter, log: AuditLog, reading: Gate, *, everything: bool) -> None:
    async def report(reader: Principal) -> VerificationReport:
        found = await log.verifications.results(None if everything else reader.team_id)
        return VerificationReport(
            items=[VerificationShape.of(one) for one in found],
            public_key=log.anchoring.key.public_pem(),
            anchors_at=log.anchoring.objects.where,
        )

    @routes.get("/verification")
    async def verification(reader: Annotated[Principal, Depends(reading)]) -> VerificationReport:
        """The last verification, and how far a running one has come."""
        return await report(reader)

    @routes.post("/verification", status_code=HTTPStatus.ACCEPTED)
    async def verify(reader: Annotated[Principal, Depends(reading)], wish: VerificationWish) -> VerificationReport:
        """Starts a verification in the background; ask again to see how far it is."""
        known = await log.verifications.chains() if everything else [reader.team_id]
        wanted = [chain for chain in known if wish.chain in ("", name_of_chain(chain))]
        if wish.chain and not wanted:
            raise NotFound(f"There is no chain '{wish.chain[:60]}' that you may verify.")
        await log.verifications.begin(wanted)
        return await report(reader)


def _stream_routes(
    routes: APIRouter, log: AuditLog, reading: Gate, writing: Gate, chain: Callable[[Principal], UUID]
) -> None:
    @routes.get("/streams")
    async def streams(reader: Annotated[Principal, Depends(reading)]) -> StreamList:
        """Where entries are sent as they are written, and how far each stream has come."""
        return StreamList(items=[StreamShape.of(stream) for stream in await log.streams.list(chain(reader))])

    @routes.post("/streams", status_code=HTTPStatus.CREATED)
    async def create_stream(writer: Annotated[Principal, Depends(writing)], wish: StreamWish) -> CreatedStream:
        """Sends entries to a webhook or a syslog server from now on. The secret is shown this once."""
        stream, secret = await log.streams.create(
            writer, chain(writer), wish.name, wish.kind, wish.target, from_start=wish.from_start
        )
        return CreatedStream(**StreamShape.of(stream).model_dump(), secret=secret)

    @routes.delete("/streams/{stream_id}", status_code=HTTPStatus.NO_CONTENT)
    async def delete_stream(writer: Annotated[Principal, Depends(writing)], stream_id: str) -> None:
        """Ends a stream; its dead letters go with it."""
        await log.streams.delete(writer, chain(writer), parsed("aus", stream_id))

    @routes.get("/streams/{stream_id}/dead-letters")
    async def dead_letters(reader: Annotated[Principal, Depends(reading)], stream_id: str) -> DeadLetterList:
        """The oldest entries that the receiver did not take after every try."""
        letters = await log.streams.dead_letters(chain(reader), parsed("aus", stream_id))
        return DeadLetterList(items=[DeadLetterShape.of(letter) for letter in letters])

    @routes.post("/streams/{stream_id}/dead-letters/replay")
    async def replay(writer: Annotated[Principal, Depends(writing)], stream_id: str) -> Replayed:
        """Sends dead letters again, the oldest first, until one fails."""
        return Replayed(taken=await log.streams.replay(writer, chain(writer), parsed("aus", stream_id)))


def _erase_route(routes: APIRouter, log: AuditLog, writing: Gate, *, everywhere: bool) -> None:
    @routes.post("/erase")
    async def erase(writer: Annotated[Principal, Depends(writing)], wish: EraseWish) -> Erased:
        """Erases names, addresses, details and differences of what a person did or what was done to them. The
        entries stay in their chain.
        """
        person = parsed("usr", wish.person)
        return Erased(entries=await log.audit.erase(writer, person, everywhere=everywhere))
