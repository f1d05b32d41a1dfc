"""HTTP for value events: sending one, the history."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query

from mno.events.model import MAX_EVENT_PAGE, EventFilter, EventKind, EventSeverity
from mno.events.schemas import EventList, EventReceipt, EventShape, EventWish
from mno.events.service import Events
from mno.events.wording import spoken
from mno.identity.teams.model import Language
from mno.platform import clock
from mno.platform.http.gate import requires
from mno.platform.ids import parsed, shown
from mno.platform.principal import Principal
from mno.platform.time_range import parsed_range

_READ = "events.read"
EventReader = Annotated[Principal, Depends(requires(_READ))]
EventWriter = Annotated[Principal, Depends(requires("events.write"))]
_Values = Query(default_factory=list, description="Repeatable; any of the values matches.")


def asked_events(
    kind: Annotated[list[EventKind], _Values],
    severity: Annotated[list[EventSeverity], _Values],
    subject: Annotated[list[str], _Values],
    project: Annotated[list[str], _Values],
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


def router(events: Events) -> APIRouter:
    """Everything under /api/events."""
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

    return routes
