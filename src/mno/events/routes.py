"""HTTP for value events: sending one, the history, the live stream over server-sent events and WebSocket."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request, WebSocket
from fastapi.responses import StreamingResponse
from starlette.requests import HTTPConnection
from starlette.websockets import WebSocketDisconnect

from mno.events.following.service import EventFeed, Look
from mno.events.model import MAX_EVENT_PAGE, READ, EventFilter, EventKind, EventSeverity, Sight
from mno.events.schemas import (
    SOCKET_PING,
    CardShape,
    EventList,
    EventReceipt,
    EventShape,
    EventWish,
    as_server_sent,
    as_texts,
)
from mno.events.service import Events, check
from mno.events.wording import spoken
from mno.identity.teams.model import Language
from mno.platform import clock, live
from mno.platform.ending import ended
from mno.platform.errors import Invalid, MnoError
from mno.platform.http.gate import authenticated, permitted, requires
from mno.platform.ids import parsed, shown
from mno.platform.principal import Principal
from mno.platform.time_range import parsed_range

EventReader = Annotated[Principal, Depends(requires(READ))]
EventWriter = Annotated[Principal, Depends(requires("events.write"))]
_Values = Query(default_factory=list, description="Repeatable; any of the values matches.")


def asked_events(
    kind: Annotated[list[EventKind], _Values],
    severity: Annotated[list[EventSeverity], _Values],
    subject: Annotated[list[str], _Values],
    project: Annotated[
        list[str], Query(default_factory=list, description="Repeatable; what belongs to the whole team always matches.")
    ],
    waiting: Annotated[bool, Query(description="Only what waits for somebody.")] = False,
) -> EventFilter:
    """Which events are asked for."""
    return EventFilter(
        kinds=tuple(kind),
        severities=tuple(severity),
        subjects=tuple(subject),
        projects=tuple(parsed("prj", one) for one in project),
        unsettled=waiting,
    )


def asked_language(
    language: Annotated[Language | None, Query(description="Of the summaries; else by Accept-Language.")] = None,
    accept_language: Annotated[str, Header(max_length=500)] = "",
) -> Language:
    """In which language summaries are phrased."""
    return spoken(language, accept_language)


_Asked = Annotated[EventFilter, Depends(asked_events)]
_Spoken = Annotated[Language, Depends(asked_language)]


def router(events: Events, feed: EventFeed) -> APIRouter:
    """Everything under /api/events, and /api/agent/events."""
    routes = APIRouter(tags=["events"])

    @routes.post("/api/events", status_code=202)
    async def send_event(writer: EventWriter, wish: EventWish) -> EventReceipt:
        """An agent says what it took on, reached or finished. Of messages with one `id` the first holds."""
        return EventReceipt(id=shown("evt", await events.send(writer, wish.message(writer))))

    @routes.get("/api/events")
    async def list_events(
        reader: EventReader,
        asked: _Asked,
        language: _Spoken,
        start: Annotated[str, Query(alias="from", max_length=60, description="RFC 3339, or -30d.")] = "-90d",
        end: Annotated[str, Query(alias="to", max_length=60)] = "now",
        before: Annotated[str, Query(max_length=60, description="`next_before` of the page before.")] = "",
        limit: Annotated[int, Query(ge=1, le=MAX_EVENT_PAGE)] = 50,
    ) -> EventList:
        """What happened, in every project of the team of which the caller may know, the newest first."""
        window = parsed_range(start, end, clock.now())
        older_than = parsed("evt", before) if before else None
        page = await events.page(reader, asked, window.start, window.end, older_than, limit)
        return EventList(
            items=[EventShape.of(event, language) for event in page.events],
            next_before=shown("evt", page.events[-1].id) if page.more else None,
            waiting=page.waiting,
        )

    @routes.get(
        "/api/agent/events",
        response_class=StreamingResponse,
        responses={200: {"model": CardShape, "description": "Server-sent events `card`, `ready`, `reread`, `ping`."}},
    )
    async def stream_events(
        request: Request,
        reader: EventReader,
        asked: _Asked,
        language: _Spoken,
        after: Annotated[str, Query(max_length=20, description="The `id` of the last event that was read.")] = "",
        last_event_id: Annotated[str, Header(max_length=20, description="Sent by browsers that come back.")] = "",
    ) -> StreamingResponse:
        """Value events as they happen, those of one subject that come within a second as one card.

        Resumes at `Last-Event-ID`. `reread` says that more was missed than is sent again: read the history.
        """
        check(asked)
        feed.check_room()
        since = _position(last_event_id or after)
        cards = feed.follow(reader.team_id, asked, _look(request, events), as_server_sent(language), since)
        return StreamingResponse(cards, media_type="text/event-stream", headers=live.HEADERS)

    @routes.websocket("/api/agent/events")
    async def socket_of_events(
        socket: WebSocket,
        reader: EventReader,
        asked: _Asked,
        language: _Spoken,
        after: Annotated[str, Query(max_length=20)] = "",
    ) -> None:
        """The same over a WebSocket: each message is one JSON text (`StreamMessage`)."""
        check(asked)
        feed.check_room()
        told = feed.follow(reader.team_id, asked, _look(socket, events), as_texts(language), _position(after))
        await socket.accept()
        await _talk(socket, told)

    return routes


async def _talk(socket: WebSocket, told: AsyncIterator[bytes]) -> None:
    """Sends until there is nothing more to be told or the client leaves; what the client says is not listened to."""
    sending, leaving = asyncio.create_task(_send(socket, told)), asyncio.create_task(_gone(socket))
    try:
        await asyncio.wait((sending, leaving), return_when=asyncio.FIRST_COMPLETED)
    finally:
        await ended(leaving)
        await ended(sending)


async def _send(socket: WebSocket, told: AsyncIterator[bytes]) -> None:
    try:
        async for chunk in told:
            if chunk != live.OPENING:
                for text in (SOCKET_PING if chunk == live.PING else chunk).splitlines():
                    await socket.send_text(text.decode())
        await socket.close(1001, "Come back: the stream goes on after the last id.")
    except (WebSocketDisconnect, RuntimeError):  # it has left in the middle
        return


async def _gone(socket: WebSocket) -> None:
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass


def _look(connection: HTTPConnection, events: Events) -> Look:
    """Asks again who the viewer is and what it may see; nothing where nobody can tell at the moment."""

    async def look() -> Sight | None:
        try:
            return await events.sight(permitted(await authenticated(connection), READ))
        except MnoError:
            return None

    return look


def _position(text: str) -> int | None:
    if not text:
        return None
    if not text.isascii() or not text.isdigit():
        raise Invalid(f"'{text}' is not the id of an event of this stream.")
    return min(int(text), 2**63 - 1)
