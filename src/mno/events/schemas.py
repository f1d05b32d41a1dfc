"""The wire shapes of value events."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from mno.events.actions import Action, ActionName, actions_of
from mno.events.following.service import Encode, StreamEvent, Telling
from mno.events.model import (
    MAX_EVENT_AGENT_CHARACTERS,
    MAX_EVENT_KEY_CHARACTERS,
    MAX_EVENT_TITLE_CHARACTERS,
    MAX_SUBJECT_CHARACTERS,
    Event,
    EventKind,
    EventOutcome,
    EventSeverity,
)
from mno.events.service import Message
from mno.events.wording import summary
from mno.identity.teams.model import Language
from mno.platform.ids import shown
from mno.platform.principal import Principal
from mno.platform.time_range import shown as shown_time

#: Nothing that a page or a database could stumble over.
_Plain = StringConstraints(strip_whitespace=True, min_length=1, pattern=r"^[^\x00-\x1f\x7f]+$")
_SEVERITIES = {"failed": EventSeverity.CRITICAL, "partial": EventSeverity.WARNING}


class EventWish(BaseModel):
    """What an agent says it did."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["task.acceptance", "task.progress.milestone", "task.receipt"]
    subject: Annotated[str, _Plain, Field(max_length=MAX_SUBJECT_CHARACTERS)] = Field(
        description="The task, by a name of yours: its events stand together."
    )
    title: Annotated[str, _Plain, Field(max_length=MAX_EVENT_TITLE_CHARACTERS)] = Field(
        description="What was taken on, reached or finished, in a few words."
    )
    agent: str = Field("", max_length=MAX_EVENT_AGENT_CHARACTERS, description="Who says it; else the key's name.")
    status: Literal["done", "partial", "failed"] = Field("done", description="Of a receipt: what came of the task.")
    severity: EventSeverity | None = Field(None, description="Else by status: critical where a task failed.")
    trace_id: str = Field("", pattern=r"^([0-9a-f]{32})?$", description="32 hexadecimal digits.")
    data: dict[str, Any] = Field(default_factory=dict, description="Whatever else belongs to it, up to 4 KiB.")
    id: str = Field("", max_length=MAX_EVENT_KEY_CHARACTERS, description="Makes sending again safe: the first holds.")

    def message(self, sender: Principal) -> Message:
        """Of a key for one agent, whatever it says, the event is that agent's."""
        said: dict[str, Any] = {"agent": sender.agent or self.agent.strip() or sender.name, "title": self.title}
        kind = EventKind(self.kind)
        if kind is EventKind.RECEIPT:
            said["status"] = self.status
        severity = self.severity or (_SEVERITIES.get(self.status) if kind is EventKind.RECEIPT else None)
        return Message(
            kind, self.subject, severity or EventSeverity.INFO, self.trace_id, self.id, {"added": self.data} | said
        )


class EventReceipt(BaseModel):
    """It is certain to be written; in a moment it is seen."""

    id: str


class EventAction(BaseModel):
    """`method` GET: `address` is a page of the web. POST: it is the API's, which says what it wants."""

    name: ActionName
    method: str
    address: str

    @classmethod
    def of(cls, action: Action) -> "EventAction":
        return cls(name=action.name, method=action.method, address=action.address)


class EventShape(BaseModel):
    """One value event, phrased for its reader."""

    id: str
    kind: EventKind
    time: str
    subject: str = Field(description="What it is about; events of one subject stand together.")
    project: str | None = Field(description="Null: it belongs to the whole team.")
    summary: str = Field(description="One sentence in the language that was asked for.")
    severity: EventSeverity
    outcome: EventOutcome | None = Field(description="What became of it; null as long as nothing did.")
    trace_id: str | None
    actions: list[EventAction]
    data: dict[str, Any] = Field(description="The names and figures that the summary is made of.")

    @classmethod
    def of(cls, event: Event, language: Language) -> "EventShape":
        return cls(
            id=shown("evt", event.id),
            kind=event.kind,
            time=shown_time(event.at),
            subject=event.subject,
            project=shown("prj", event.project_id) if event.project_id else None,
            summary=summary(event, language),
            severity=event.severity,
            outcome=event.outcome,
            trace_id=event.trace_id or None,
            actions=[EventAction.of(action) for action in actions_of(event)],
            data=dict(event.data),
        )


class EventList(BaseModel):
    """The newest first; `next_before` is the `before` of the next page."""

    items: list[EventShape]
    next_before: str | None
    waiting: int = Field(description="How many of those asked for wait for somebody, whatever their time.")


class CardShape(BaseModel):
    """`count` events of one subject that came within a second, and the newest of them; GET /api/events has the rest."""

    count: int
    event: EventShape


class StreamMessage(BaseModel):
    """What the stream says: over server-sent events `event`, `id` and `data`, over a WebSocket one JSON text.

    `ready`: from here on everything is sent. `reread`: something was left out, read the history. `card`: see `data`.
    """

    event: StreamEvent
    id: str = Field(description="Where to go on: `Last-Event-ID`, or `after`.")
    data: CardShape | None

    @classmethod
    def of(cls, told: Telling, language: Language) -> "StreamMessage":
        card = told.card
        data = None if card is None else CardShape(count=card.count, event=EventShape.of(card.event, language))
        return cls(event=told.name, id=str(told.resume_at), data=data)


def as_server_sent(language: Language) -> Encode:
    """`event: card`, `id: 17`, `data: {…}`."""

    def encode(told: Sequence[Telling]) -> bytes:
        messages = [StreamMessage.of(one, language) for one in told]
        return "".join(
            f"event: {one.event}\nid: {one.id}\ndata: {one.data.model_dump_json() if one.data else '{}'}\n\n"
            for one in messages
        ).encode()

    return encode


#: That a silent stream is alive.
SOCKET_PING = b'{"event":"ping"}'


def as_texts(language: Language) -> Encode:
    """One line of JSON for each message, for transports with frames of their own."""

    def encode(told: Sequence[Telling]) -> bytes:
        return b"\n".join(StreamMessage.of(one, language).model_dump_json().encode() for one in told)

    return encode
