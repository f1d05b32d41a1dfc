"""The Postgres side of the ledger. There is no statement that changes an entry, and the program has no right to."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from mno.observability.ledger.model import Balance, Charge, Entry, Key, LedgerKind, Line, Place, Posting, Sums
from mno.platform.database import Connection

_KEY = "provider, model, agent, environment, api_key, tags"
_SUMS = "sum(cost)::bigint AS cost, sum(tokens)::bigint AS tokens, sum(calls)::bigint AS calls"
_MINE = "team_id = %(team)s AND (%(project)s::uuid IS NULL OR project_id = %(project)s)"
_WITHIN = f"{_MINE} AND hour >= %(since)s AND hour < %(until)s"
#: Columns that a chargeback may go by.
CHARGED_BY = ("project", "provider", "model", "agent", "environment", "api_key")
_CHARGED_BY = {name: name for name in CHARGED_BY} | {"project": "project_id::text"}


async def page(
    tx: Connection, team_id: UUID, project_id: UUID | None, kinds: Sequence[str], before: int | None, *, limit: int
) -> list[Entry]:
    """The newest first, of those before a position."""
    cursor = await tx.execute(
        f"""
        SELECT * FROM ledger_entries
        WHERE {_MINE} AND (%(before)s::bigint IS NULL OR position < %(before)s)
          AND (cardinality(%(kinds)s::text[]) = 0 OR kind = ANY (%(kinds)s))
        ORDER BY position DESC LIMIT %(limit)s
        """,
        {"team": team_id, "project": project_id, "before": before, "kinds": list(kinds), "limit": limit},
    )
    return [_entry(row) for row in await cursor.fetchall()]


async def balance(tx: Connection, team_id: UUID, project_id: UUID | None, since: datetime, until: datetime) -> Balance:
    cursor = await tx.execute(
        f"""
        SELECT coalesce(sum(cost) FILTER (WHERE kind <> 'credit'), 0)::bigint AS cost,
               coalesce(sum(tokens), 0)::bigint AS tokens, coalesce(sum(calls), 0)::bigint AS calls,
               coalesce(-sum(cost) FILTER (WHERE kind = 'credit'), 0)::bigint AS credited
        FROM ledger_entries WHERE {_WITHIN}
        """,
        {"team": team_id, "project": project_id, "since": since, "until": until},
    )
    row = await _only(cursor)
    cursor = await tx.execute(
        f"SELECT coalesce(sum(held), 0)::bigint AS held FROM ledger_entries WHERE {_MINE}",
        {"team": team_id, "project": project_id},
    )
    held = (await _only(cursor))["held"]
    return Balance(Sums(row["cost"], row["tokens"], row["calls"]), row["credited"], held)


async def chargeback(
    tx: Connection, team_id: UUID, project_id: UUID | None, since: datetime, until: datetime, by: str, *, limit: int
) -> list[Charge]:
    """The dearest first; `by` is one of CHARGED_BY or `tag:NAME`. Credits are left out."""
    value = _CHARGED_BY.get(by) or (
        "coalesce((SELECT substr(t.tag, length(%(tag)s) + 1) FROM unnest(tags) AS t(tag)"
        " WHERE starts_with(t.tag, %(tag)s) LIMIT 1), '')"
    )
    cursor = await tx.execute(
        f"""
        SELECT {value} AS value, {_SUMS} FROM ledger_entries
        WHERE {_WITHIN} AND kind IN ('settlement', 'usage', 'adjustment')
        GROUP BY 1 HAVING sum(cost) <> 0 OR sum(tokens) <> 0 OR sum(calls) <> 0
        ORDER BY 2 DESC, 1 LIMIT %(limit)s
        """,
        {
            "team": team_id,
            "project": project_id,
            "since": since,
            "until": until,
            "tag": by.removeprefix("tag:") + "=",
            "limit": limit,
        },
    )
    return [Charge(row["value"], _sums(row)) for row in await cursor.fetchall()]


async def lines(
    tx: Connection, team_id: UUID, project_id: UUID | None, since: datetime, until: datetime, *, limit: int
) -> list[Line]:
    """A bill by hour, project and key, in order of time."""
    cursor = await tx.execute(
        f"""
        SELECT project_id, hour, {_KEY}, kind = 'credit' AS is_credit, note,
               kind = 'adjustment' AND date_trunc('month', at, 'UTC') > date_trunc('month', hour, 'UTC') AS corrects,
               {_SUMS}
        FROM ledger_entries
        WHERE {_WITHIN} AND kind IN ('settlement', 'usage', 'adjustment', 'credit')
        GROUP BY project_id, hour, {_KEY}, is_credit, note, corrects
        HAVING sum(cost) <> 0 OR sum(tokens) <> 0 OR sum(calls) <> 0
        ORDER BY hour, project_id, {_KEY} LIMIT %(limit)s
        """,
        {"team": team_id, "project": project_id, "since": since, "until": until, "limit": limit},
    )
    return [
        Line(row["project_id"], row["hour"], _key(row), row["is_credit"], row["corrects"], _sums(row), row["note"])
        for row in await cursor.fetchall()
    ]


async def insert_credit(
    tx: Connection, team_id: UUID, project_id: UUID, at: datetime, amount_nano: int, note: str, by: str
) -> int:
    """The new entry's position."""
    cursor = await tx.execute(
        f"""
        INSERT INTO ledger_entries (team_id, project_id, at, kind, hour, {_KEY}, held, cost, tokens, calls, note, by)
        VALUES (%(team)s, %(project)s, %(at)s, 'credit', date_trunc('hour', %(at)s::timestamptz, 'UTC'),
                '', '', '', '', '', '{{}}', 0, %(cost)s, 0, 0, %(note)s, %(by)s)
        RETURNING position
        """,
        {"team": team_id, "project": project_id, "at": at, "cost": -amount_nano, "note": note, "by": by},
    )
    position: int = (await _only(cursor))["position"]
    return position


# — by the hour, across teams —


async def by_hour(tx: Connection, since: datetime, until: datetime) -> dict[Place, Sums]:
    """What has been written of each project's hours."""
    cursor = await tx.execute(
        f"""
        SELECT team_id, project_id, hour, {_SUMS} FROM ledger_entries
        WHERE hour >= %(since)s AND hour < %(until)s AND kind <> 'credit' GROUP BY team_id, project_id, hour
        """,
        {"since": since, "until": until},
    )
    return {Place(row["team_id"], row["project_id"], row["hour"]): _sums(row) for row in await cursor.fetchall()}


async def lock(tx: Connection, project_id: UUID) -> None:
    """Holds back others who post for this project, until the transaction ends."""
    await tx.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended(%(name)s, 0))", {"name": f"ledger of project {project_id}"}
    )


async def written(tx: Connection, place: Place) -> dict[Key, Sums]:
    """What has been written of one hour, by key."""
    cursor = await tx.execute(
        f"""
        SELECT {_KEY}, {_SUMS} FROM ledger_entries
        WHERE team_id = %(team)s AND project_id = %(project)s AND hour = %(hour)s
          AND kind IN ('settlement', 'usage', 'adjustment')
        GROUP BY {_KEY}
        """,
        {"team": place.team_id, "project": place.project_id, "hour": place.hour},
    )
    return {_key(row): _sums(row) for row in await cursor.fetchall()}


async def insert_postings(tx: Connection, place: Place, at: datetime, found: Sequence[Posting]) -> None:
    async with tx.cursor() as cursor:
        await cursor.executemany(
            f"""
            INSERT INTO ledger_entries (team_id, project_id, at, kind, hour, {_KEY}, held, cost, tokens, calls)
            VALUES (%(team)s, %(project)s, %(at)s, %(kind)s, %(hour)s, %(provider)s, %(model)s, %(agent)s,
                %(environment)s, %(api_key)s, %(tags)s, 0, %(cost)s, %(tokens)s, %(calls)s)
            """,
            [
                {
                    "team": place.team_id,
                    "project": place.project_id,
                    "at": at,
                    "hour": place.hour,
                    "kind": str(posting.kind),
                    **posting.key._asdict(),
                    "tags": list(posting.key.tags),
                    **posting.sums._asdict(),
                }
                for posting in found
            ],
        )


def _entry(row: Mapping[str, Any]) -> Entry:
    return Entry(
        position=row["position"],
        team_id=row["team_id"],
        project_id=row["project_id"],
        at=row["at"],
        kind=LedgerKind(row["kind"]),
        hour=row["hour"],
        key=_key(row),
        held=row["held"],
        sums=_sums(row),
        reservation=row["reservation"],
        estimated=row["estimated"],
        note=row["note"],
        by=row["by"],
    )


def _key(row: Mapping[str, Any]) -> Key:
    return Key(row["provider"], row["model"], row["agent"], row["environment"], row["api_key"], tuple(row["tags"]))


def _sums(row: Mapping[str, Any]) -> Sums:
    return Sums(row["cost"], row["tokens"], row["calls"])


async def _only(cursor: Any) -> dict[str, Any]:
    row: dict[str, Any] | None = await cursor.fetchone()
    assert row is not None
    return row
