"""SQL of value events.

Writers hold one lock from before they draw positions until they commit, so positions grow in the order of commits:
whoever has read up to a position has missed nothing below it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from psycopg.types.json import Jsonb

from mno.events.model import Event, EventFilter, EventKind, EventOutcome, EventSeverity, Settled, Sight
from mno.platform.database import Connection, Row

#: The writers' lock, as a pair of numbers; the second tells ours from other pairs.
_LOCK = {"lock": 0x6D6E6F, "of": 29}
_COLUMNS = "id, team_id, project_id, position, at, kind, subject, severity, permission, data, trace_id, outcome"

_INSERT = """
INSERT INTO events_events (position, id, team_id, project_id, at, kind, subject, severity, permission, data, trace_id)
SELECT nextval('events_position'), id, team_id, project_id, at, kind, subject, severity, permission, data, trace_id
FROM (
    SELECT * FROM json_to_recordset(%(events)s::json) AS sent (
        place int, id uuid, team_id uuid, project_id uuid, at timestamptz, kind text, subject text, severity text,
        permission text, data jsonb, trace_id text)
    ORDER BY place) AS in_order
ON CONFLICT (id) DO NOTHING
"""
_SETTLE = """
UPDATE events_events
SET outcome = %(outcome)s, data = data || %(data)s, position = nextval('events_position')
WHERE team_id = %(team_id)s AND subject = %(subject)s AND kind = %(kind)s
  AND outcome IS DISTINCT FROM %(outcome)s AND outcome IS DISTINCT FROM 'recovered'
"""
_IS_AILING = """
SELECT EXISTS (
    SELECT FROM events_events
    WHERE team_id = %(team_id)s AND subject = %(subject)s AND kind = 'recovery.start'
      AND outcome IS DISTINCT FROM 'recovered') AS so
"""
#: Held in the whole team, or in the event's project.
_VISIBLE = """
team_id = %(team_id)s AND (permission = ANY (%(everywhere)s)
    OR (permission, project_id) IN (SELECT * FROM unnest(%(held)s::text[], %(held_in)s::uuid[])))
"""
_WAITS = """
(kind = 'recovery.start' AND outcome IS DISTINCT FROM 'recovered'
    OR kind IN ('approval.request', 'anomaly.detected') AND outcome IS NULL)
"""
_ASKED = f"""
(%(kinds)s::text[] = '{{}}' OR kind = ANY (%(kinds)s))
AND (%(severities)s::text[] = '{{}}' OR severity = ANY (%(severities)s))
AND (%(subjects)s::text[] = '{{}}' OR subject = ANY (%(subjects)s))
AND (%(projects)s::uuid[] = '{{}}' OR project_id IS NULL OR project_id = ANY (%(projects)s))
AND (NOT %(unsettled)s OR {_WAITS})
"""


@dataclass(frozen=True, slots=True)
class Slice:
    """The part of a history that is wanted: newest first, `start` ≤ time < `end`, below the event `before`."""

    start: datetime
    end: datetime
    before: UUID | None
    limit: int


async def hold(tx: Connection) -> None:
    """From now on until its end, this transaction alone writes events."""
    await tx.execute("SELECT pg_advisory_xact_lock(%(lock)s, %(of)s)", _LOCK)


async def insert(tx: Connection, events: Sequence[Event]) -> None:
    """New events in their order; those that are there already stay as they are. The caller holds the lock."""
    if not events:
        return
    rows = [
        {
            "place": place,
            "id": event.id,
            "team_id": event.team_id,
            "project_id": event.project_id,
            "at": event.at,
            "kind": event.kind,
            "subject": event.subject,
            "severity": event.severity,
            "permission": event.permission,
            "data": dict(event.data),
            "trace_id": event.trace_id,
        }
        for place, event in enumerate(events)
    ]
    await tx.execute(_INSERT, {"events": orjson.dumps(rows).decode()})


async def settle(tx: Connection, settled: Settled) -> int:
    """How many events it changed. The caller holds the lock."""
    done = await tx.execute(
        _SETTLE,
        {
            "team_id": settled.team_id,
            "subject": settled.subject,
            "kind": settled.kind,
            "outcome": settled.outcome,
            "data": Jsonb(dict(settled.data)),
        },
    )
    return done.rowcount


async def is_ailing(tx: Connection, team_id: UUID, subject: str) -> bool:
    """Whether the subject began to need recovery and has not recovered."""
    row = await (await tx.execute(_IS_AILING, {"team_id": team_id, "subject": subject})).fetchone()
    assert row is not None
    return bool(row["so"])


async def page(tx: Connection, sight: Sight, asked: EventFilter, wanted: Slice) -> list[Event]:
    """The newest first."""
    rows = await tx.execute(
        f"SELECT {_COLUMNS} FROM events_events WHERE {_VISIBLE} AND {_ASKED} AND at >= %(start)s AND at < %(end)s"
        " AND (%(before)s::uuid IS NULL OR (at, id) <"
        "  (SELECT at, id FROM events_events WHERE team_id = %(team_id)s AND id = %(before)s))"
        " ORDER BY at DESC, id DESC LIMIT %(limit)s",
        _bound(sight, asked)
        | {"start": wanted.start, "end": wanted.end, "before": wanted.before, "limit": wanted.limit},
    )
    return [_event(row) for row in await rows.fetchall()]


async def waiting(tx: Connection, sight: Sight, asked: EventFilter) -> int:
    """How many of these wait for somebody."""
    rows = await tx.execute(
        f"SELECT count(*) AS found FROM events_events WHERE {_VISIBLE} AND {_ASKED} AND {_WAITS}", _bound(sight, asked)
    )
    row = await rows.fetchone()
    assert row is not None
    return int(row["found"])


async def missed(tx: Connection, sight: Sight, asked: EventFilter, after: int, until: int, limit: int) -> list[Event]:
    """What arrived behind `after` and up to `until`, in the order of arrival."""
    rows = await tx.execute(
        f"SELECT {_COLUMNS} FROM events_events WHERE {_VISIBLE} AND {_ASKED}"
        " AND position > %(after)s AND position <= %(until)s ORDER BY position LIMIT %(limit)s",
        _bound(sight, asked) | {"after": after, "until": until, "limit": limit},
    )
    return [_event(row) for row in await rows.fetchall()]


async def newest_position(tx: Connection) -> int:
    """Of what has committed, in every team."""
    row = await (await tx.execute("SELECT coalesce(max(position), 0) AS newest FROM events_events")).fetchone()
    assert row is not None
    return int(row["newest"])


async def arrived(tx: Connection, after: int, limit: int) -> list[Event]:
    """Of every team, in the order of arrival."""
    rows = await tx.execute(
        f"SELECT {_COLUMNS} FROM events_events WHERE position > %(after)s ORDER BY position LIMIT %(limit)s",
        {"after": after, "limit": limit},
    )
    return [_event(row) for row in await rows.fetchall()]


async def ailing(tx: Connection, abouts: Sequence[str]) -> list[tuple[str, str]]:
    """What ails and the subject, of every team, as far as they have not recovered."""
    rows = await tx.execute(
        "SELECT DISTINCT data->>'about' AS about, subject FROM events_events WHERE kind = 'recovery.start'"
        " AND outcome IS DISTINCT FROM 'recovered' AND data->>'about' = ANY (%(abouts)s)",
        {"abouts": list(abouts)},
    )
    return [(row["about"], row["subject"]) for row in await rows.fetchall()]


async def prune(tx: Connection, lifetime: timedelta, limit: int) -> int:
    """Deletes events that are too old; how many."""
    gone = await tx.execute(
        "DELETE FROM events_events WHERE id IN (SELECT id FROM events_events WHERE at < now() - %(lifetime)s"
        " LIMIT %(limit)s)",
        {"lifetime": lifetime, "limit": limit},
    )
    return gone.rowcount


def _bound(sight: Sight, asked: EventFilter) -> dict[str, Any]:
    held = [(name, project) for name, projects in sight.projects.items() for project in projects or ()]
    return {
        "team_id": sight.team_id,
        "everywhere": [name for name, projects in sight.projects.items() if projects is None],
        "held": [name for name, _ in held],
        "held_in": [project for _, project in held],
        "kinds": list(asked.kinds),
        "severities": list(asked.severities),
        "subjects": list(asked.subjects),
        "projects": list(asked.projects),
        "unsettled": asked.unsettled,
    }


def _event(row: Row) -> Event:
    return Event(
        id=row["id"],
        team_id=row["team_id"],
        project_id=row["project_id"],
        at=row["at"],
        kind=EventKind(row["kind"]),
        subject=row["subject"],
        severity=EventSeverity(row["severity"]),
        permission=row["permission"],
        data=row["data"],
        trace_id=row["trace_id"],
        outcome=EventOutcome(row["outcome"]) if row["outcome"] else None,
        position=row["position"],
    )
