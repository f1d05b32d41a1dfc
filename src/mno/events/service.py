"""Use cases of value events: an agent says what it did, and people look at what happened."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

import orjson

from mno.events import store
from mno.events.facts import SENT
from mno.events.model import (
    EVENT_LIFETIME,
    MAX_EVENT_DATA_BYTES,
    MAX_EVENT_FILTER_VALUES,
    SEEN_BY,
    Event,
    EventFilter,
    EventKind,
    EventSeverity,
    Sight,
)
from mno.events.pace import Pace
from mno.events.ports import Policy
from mno.events.store import Slice
from mno.platform.database import Database
from mno.platform.errors import Invalid
from mno.platform.facts import Fact
from mno.platform.ids import new_id, shown
from mno.platform.outbox import Outbox
from mno.platform.principal import Principal

#: Events that the nightly deletion takes at a time.
MAX_EVENTS_PRUNED_AT_ONCE = 1_000
#: An id of the program's own things, which no agent's subject may look like.
_OWN_ID = re.compile(r"[a-z]{2,8}_[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Message:
    """What an agent says. `key` makes saying it again safe: of a project and key the first message holds."""

    kind: EventKind
    subject: str
    severity: EventSeverity
    trace_id: str
    key: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class EventPage:
    """`more`: there are older ones. `waiting`: how many of those asked for wait for somebody, at any time."""

    events: list[Event]
    more: bool
    waiting: int


class Events:
    def __init__(self, database: Database, outbox: Outbox, policy: Policy, pace: Pace) -> None:
        self._database = database
        self._outbox = outbox
        self._policy = policy
        self._pace = pace

    async def send(self, sender: Principal, message: Message) -> UUID:
        """The event's id, once it is certain to be written; it is seen a moment later.

        `Invalid` for a subject that looks like an id of ours and for too much data, `LimitExceeded` beyond
        MAX_SENT_PER_MINUTE.
        """
        if _OWN_ID.fullmatch(message.subject):
            raise Invalid(f"The subject '{message.subject}' looks like an id of this program; choose another.")
        if len(orjson.dumps(dict(message.data))) > MAX_EVENT_DATA_BYTES:
            raise Invalid(f"An event's data may have at most {MAX_EVENT_DATA_BYTES} bytes of JSON.")
        self._pace.admit(sender.project_id)
        id_ = uuid5(sender.project_id, f"event {message.key}") if message.key else new_id()
        said = {
            "id": id_.hex,
            "project": shown("prj", sender.project_id),
            "kind": message.kind,
            "severity": message.severity,
            "trace": message.trace_id,
            "data": dict(message.data),
        }
        async with self._database.transaction(sender.team_id) as tx:
            await self._outbox.publish(tx, Fact(sender.team_id, message.subject, SENT, said))
        return id_

    async def page(
        self, reader: Principal, asked: EventFilter, start: datetime, end: datetime, before: UUID | None, limit: int
    ) -> EventPage:
        """What the reader may see, the newest first."""
        check(asked)
        sight = await self.sight(reader)
        async with self._database.transaction(reader.team_id) as tx:
            found = await store.page(tx, sight, asked, Slice(start, end, before, limit + 1))
            waiting = await store.waiting(tx, sight, asked)
        return EventPage(found[:limit], len(found) > limit, waiting)

    async def sight(self, reader: Principal) -> Sight:
        """What the reader may see now."""
        projects: dict[str, frozenset[UUID] | None] = {}
        for permission in SEEN_BY:
            held = await self._policy.visible_projects(reader, permission)
            projects[permission] = None if held is None else frozenset(held)
        return Sight(reader.team_id, projects)

    async def prune(self) -> None:
        """Forgets events that are too old."""
        while True:
            async with self._database.across_teams() as tx:
                gone = await store.prune(tx, EVENT_LIFETIME, MAX_EVENTS_PRUNED_AT_ONCE)
            if gone < MAX_EVENTS_PRUNED_AT_ONCE:
                return


def check(asked: EventFilter) -> None:
    """`Invalid` for a filter of too many values."""
    if sum(map(len, (asked.kinds, asked.severities, asked.subjects, asked.projects))) > MAX_EVENT_FILTER_VALUES:
        raise Invalid(f"A question may carry at most {MAX_EVENT_FILTER_VALUES} filter values.")
