"""Wire shapes of the audit log. Times are RFC 3339 in UTC."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from mno.audit.model import Entry
from mno.audit.streams.model import DeadLetter, Stream, StreamKind
from mno.audit.verification.service import Verification
from mno.audit.wire import entry_json, name_of_chain
from mno.platform.ids import shown


class ActorShape(BaseModel):
    """Who acted. The name is empty once it was erased."""

    kind: str = Field(description="user, api_key, program, or unknown for somebody who was never let in.")
    id: str
    name: str
    person: str = Field(description="The person behind a key or a session, where there is one.")


class EntryShape(BaseModel):
    """One entry of a chain."""

    id: str
    chain: str = Field(description="The team's id, or hub.")
    seq: int = Field(description="Its place in the chain; without gaps.")
    time: datetime
    actor: ActorShape
    action: str
    resource: str
    resource_name: str
    outcome: Literal["done", "refused", "failed"]
    times: int = Field(description="How often it happened: the same refusal is counted within a minute.")
    difference: dict[str, dict[str, Any]] | None = Field(description="For each changed field, before and after.")
    detail: str
    address: str
    user_agent: str
    trace_id: str
    erased: bool = Field(description="Its names, address, detail and difference were erased.")
    hash: str = Field(description="SHA-256 over this entry and the hash of the one before it.")

    @classmethod
    def of(cls, entry: Entry) -> "EntryShape":
        return cls.model_validate(entry_json(entry))


class EntryPage(BaseModel):
    items: list[EntryShape]
    next_cursor: str | None = Field(description="Send it as cursor for the next page; null on the last.")


class VerificationShape(BaseModel):
    """The last verification of one chain, and how far the one that runs has come."""

    chain: str
    is_running: bool
    walked: int = Field(description="Entries that the running one has looked at.")
    total: int
    checked_at: datetime | None = Field(description="When the last one ended; null before the first.")
    entries: int
    erased: int = Field(description="Entries whose payload was erased, as other entries say.")
    anchors: int = Field(description="Signed anchors that were compared.")
    anchored: int = Field(description="The last entry that a signed anchor covers.")
    seconds: float
    fault: str = Field(
        description="Empty: whole. Else edited, deleted, swapped, cut, rechained, forged_anchor, missing_anchor, "
        "unrecorded_erasure, head; or unfinished when it could not be carried out."
    )
    bad_seq: int | None = Field(description="The first bad entry.")
    bad_id: str | None
    message: str

    @classmethod
    def of(cls, one: Verification) -> "VerificationShape":
        return cls(
            chain=name_of_chain(one.team_id),
            is_running=one.is_running,
            walked=one.walked,
            total=one.total,
            checked_at=one.checked_at,
            entries=one.entries,
            erased=one.erased,
            anchors=one.anchors,
            anchored=one.anchored,
            seconds=one.seconds,
            fault=one.fault,
            bad_seq=one.bad_seq,
            bad_id=shown("aud", one.bad_id) if one.bad_id else None,
            message=one.message,
        )


class VerificationReport(BaseModel):
    """Of the chains that were asked for, with the key that signs their anchors."""

    items: list[VerificationShape]
    public_key: str = Field(description="Ed25519, PEM.")
    anchors_at: str = Field(description="Where the anchors lie.")


class VerificationWish(BaseModel):
    """Which chain; empty means all that the caller may verify."""

    chain: str = Field("", description="A team's id, or hub.")


class StreamWish(BaseModel):
    """Where entries are to go."""

    name: str
    kind: StreamKind
    target: str = Field(description="https://… for a webhook; tls://, tcp:// or udp://host:port for syslog.")
    from_start: bool = Field(False, description="Begin with the oldest entry in place of the next one.")


class StreamShape(BaseModel):
    id: str
    name: str
    kind: StreamKind
    target: str
    seq: int = Field(description="The last entry that the receiver took.")
    behind: int = Field(description="Entries that wait.")
    attempts: int = Field(description="Failed tries of the present delivery.")
    next_attempt_at: datetime
    last_error: str
    sent_at: datetime | None
    dead_letters: int
    created_at: datetime
    created_by: str

    @classmethod
    def of(cls, stream: Stream) -> "StreamShape":
        return cls(
            id=shown("aus", stream.id),
            name=stream.name,
            kind=stream.kind,
            target=stream.target,
            seq=stream.seq,
            behind=stream.behind,
            attempts=stream.attempts,
            next_attempt_at=stream.due_at,
            last_error=stream.last_error,
            sent_at=stream.sent_at,
            dead_letters=stream.dead_letters,
            created_at=stream.created_at,
            created_by=stream.created_by,
        )


class StreamList(BaseModel):
    items: list[StreamShape]


class CreatedStream(StreamShape):
    """A new stream; a webhook's signing secret is shown this once."""

    secret: str = Field(description="For the receiver, as Standard Webhooks libraries take it; empty for syslog.")


class DeadLetterShape(BaseModel):
    """Entries that a receiver did not take after every try."""

    id: str
    first_seq: int
    last_seq: int
    error: str
    time: datetime

    @classmethod
    def of(cls, letter: DeadLetter) -> "DeadLetterShape":
        return cls(
            id=shown("adl", letter.id),
            first_seq=letter.first_seq,
            last_seq=letter.last_seq,
            error=letter.error,
            time=letter.at,
        )


class DeadLetterList(BaseModel):
    items: list[DeadLetterShape]


class Replayed(BaseModel):
    taken: int = Field(description="Dead letters that the receiver took now.")


class EraseWish(BaseModel):
    """Whose names, addresses and details are to go."""

    person: str = Field(description="A person's id, usr_…")


class Erased(BaseModel):
    entries: int
