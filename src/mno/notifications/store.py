"""All SQL of channels and deliveries. A channel is leased by the process that sends to it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from uuid import UUID

from psycopg.types.json import Jsonb

from mno.notifications.model import (
    Channel,
    ChannelKind,
    ChannelLanguage,
    Delivery,
    DeliveryState,
    NoticeSeverity,
    Text,
)
from mno.platform.database import Connection, Row

_CHANNEL = """
c.id, c.team_id, c.name, c.kind, c.language, c.host, c.sender, c.receivers, c.signed, c.created_at, c.created_by,
c.delivered_at, c.failed_at, c.failure
"""
_DELIVERY = """
d.id, d.team_id, d.channel_id, d.receiver, d.key, d.severity, d.text, d.data, d.state, d.attempts, d.created_at,
d.due_at, d.error, d.delivered_at
"""

# — channels —


async def channels(tx: Connection, team_id: UUID) -> list[Channel]:
    rows = await tx.execute(
        f"SELECT {_CHANNEL} FROM notifications_channels c WHERE c.team_id = %(team)s ORDER BY c.name", {"team": team_id}
    )
    return [_channel(row) for row in await rows.fetchall()]


async def lock_channels(tx: Connection, team_id: UUID) -> list[Channel]:
    """The same for one who changes them; others who do wait until this transaction ends."""
    await tx.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended(%(name)s, 0))", {"name": f"channels of team {team_id}"}
    )
    return await channels(tx, team_id)


async def channels_among(tx: Connection, team_id: UUID, ids: Sequence[UUID]) -> list[Channel]:
    rows = await tx.execute(
        f"SELECT {_CHANNEL} FROM notifications_channels c WHERE c.team_id = %(team)s AND c.id = ANY (%(ids)s)",
        {"team": team_id, "ids": list(ids)},
    )
    return [_channel(row) for row in await rows.fetchall()]


async def insert_channel(tx: Connection, channel: Channel) -> None:
    await tx.execute(
        "INSERT INTO notifications_channels (id, team_id, name, kind, language, host, sender, receivers, signed,"
        " created_at, created_by, due_at) VALUES (%(id)s, %(team_id)s, %(name)s, %(kind)s, %(language)s, %(host)s,"
        " %(sender)s, %(receivers)s, %(signed)s, %(created_at)s, %(created_by)s, %(created_at)s)",
        _bound(channel),
    )


async def update_channel(tx: Connection, channel: Channel) -> None:
    """Its settings; how far it has come stays."""
    await tx.execute(
        "UPDATE notifications_channels SET name = %(name)s, language = %(language)s, host = %(host)s,"
        " sender = %(sender)s, receivers = %(receivers)s, signed = %(signed)s"
        " WHERE team_id = %(team_id)s AND id = %(id)s",
        _bound(channel),
    )


async def delete_channel(tx: Connection, team_id: UUID, channel_id: UUID) -> None:
    """Its deliveries go with it."""
    await tx.execute(
        "DELETE FROM notifications_channels WHERE team_id = %(team)s AND id = %(id)s",
        {"team": team_id, "id": channel_id},
    )


# — deliveries —


async def insert_deliveries(tx: Connection, deliveries: Sequence[Delivery]) -> None:
    """Those whose key the channel has not had yet."""
    async with tx.cursor() as cursor:
        await cursor.executemany(
            "INSERT INTO notifications_deliveries (id, team_id, channel_id, receiver, key, severity, text, data, state,"
            " created_at, due_at, error) VALUES (%(id)s, %(team_id)s, %(channel_id)s, %(receiver)s, %(key)s,"
            " %(severity)s, %(text)s, %(data)s, %(state)s, %(created_at)s, %(due_at)s, %(error)s)"
            " ON CONFLICT (channel_id, key, receiver) DO NOTHING",
            [asdict(one) | {"text": Jsonb(_text_json(one.text)), "data": Jsonb(dict(one.data))} for one in deliveries],
        )


async def waiting(tx: Connection, team_id: UUID, ids: Sequence[UUID]) -> Mapping[UUID, int]:
    """How many wait, by channel."""
    rows = await tx.execute(
        "SELECT channel_id, count(*) AS waiting FROM notifications_deliveries"
        " WHERE team_id = %(team)s AND channel_id = ANY (%(ids)s) AND state = 'waiting' GROUP BY channel_id",
        {"team": team_id, "ids": list(ids)},
    )
    return {row["channel_id"]: row["waiting"] for row in await rows.fetchall()}


async def deliveries(
    tx: Connection, team_id: UUID, channel_id: UUID, state: DeliveryState | None, before: UUID | None, limit: int
) -> list[Delivery]:
    """The newest first, older than `before`."""
    rows = await tx.execute(
        f"SELECT {_DELIVERY} FROM notifications_deliveries d"
        " WHERE d.team_id = %(team)s AND d.channel_id = %(channel)s"
        " AND (%(state)s::text IS NULL OR d.state = %(state)s) AND (%(before)s::uuid IS NULL OR d.id < %(before)s)"
        " ORDER BY d.id DESC LIMIT %(limit)s",
        {"team": team_id, "channel": channel_id, "state": state, "before": before, "limit": limit},
    )
    return [_delivery(row) for row in await rows.fetchall()]


async def replay(tx: Connection, team_id: UUID, channel_id: UUID, now: datetime, limit: int) -> int:
    """Lets the oldest dead letters wait again, with all their tries before them; how many."""
    done = await tx.execute(
        "UPDATE notifications_deliveries SET state = 'waiting', attempts = 0, due_at = %(now)s WHERE id IN ("
        " SELECT id FROM notifications_deliveries"
        " WHERE team_id = %(team)s AND channel_id = %(channel)s AND state = 'dead' ORDER BY id LIMIT %(limit)s)",
        {"team": team_id, "channel": channel_id, "now": now, "limit": limit},
    )
    return done.rowcount


async def tests_since(tx: Connection, team_id: UUID, since: datetime, prefix: str) -> int:
    """Deliveries of the team whose key begins so."""
    rows = await tx.execute(
        "SELECT count(*) AS tests FROM notifications_deliveries"
        " WHERE team_id = %(team)s AND created_at >= %(since)s AND starts_with(key, %(prefix)s)",
        {"team": team_id, "since": since, "prefix": prefix},
    )
    row = await rows.fetchone()
    return row["tests"] if row else 0


async def prune(tx: Connection, before: datetime, limit: int) -> int:
    done = await tx.execute(
        "DELETE FROM notifications_deliveries WHERE id IN ("
        " SELECT id FROM notifications_deliveries WHERE created_at < %(before)s ORDER BY created_at LIMIT %(limit)s)",
        {"before": before, "limit": limit},
    )
    return done.rowcount


# — turns —


async def lease(tx: Connection, holder: UUID, now: datetime, length: timedelta, limit: int) -> list[Channel]:
    """Channels that have something to send and that nobody is at."""
    rows = await tx.execute(
        # materialized: a subquery might be run again, and would then lease more than its limit
        "WITH due AS MATERIALIZED (SELECT w.id FROM notifications_channels w"
        " WHERE w.due_at <= %(now)s AND (w.leased_till IS NULL OR w.leased_till < %(now)s)"
        " AND w.id IN (SELECT d.channel_id FROM notifications_deliveries d"
        "              WHERE d.state = 'waiting' AND d.due_at <= %(now)s)"
        " ORDER BY w.due_at LIMIT %(limit)s FOR NO KEY UPDATE OF w SKIP LOCKED)"
        " UPDATE notifications_channels c SET leased_by = %(holder)s, leased_till = %(till)s FROM due"
        f" WHERE c.id = due.id RETURNING {_CHANNEL}",
        {"holder": holder, "now": now, "till": now + length, "limit": limit},
    )
    return [_channel(row) for row in await rows.fetchall()]


async def hold(tx: Connection, channel: Channel, holder: UUID, now: datetime, length: timedelta) -> Channel | None:
    """Makes the lease longer; the channel as it is now, None when it is somebody else's by now, or gone."""
    rows = await tx.execute(
        "UPDATE notifications_channels c SET leased_till = %(till)s"
        f" WHERE c.team_id = %(team)s AND c.id = %(id)s AND c.leased_by = %(holder)s RETURNING {_CHANNEL}",
        {"team": channel.team_id, "id": channel.id, "holder": holder, "till": now + length},
    )
    row = await rows.fetchone()
    return None if row is None else _channel(row)


async def release(tx: Connection, channel: Channel, holder: UUID) -> None:
    await tx.execute(
        "UPDATE notifications_channels SET leased_till = NULL"
        " WHERE team_id = %(team)s AND id = %(id)s AND leased_by = %(holder)s",
        {"team": channel.team_id, "id": channel.id, "holder": holder},
    )


async def next_due(tx: Connection, channel: Channel, now: datetime) -> Delivery | None:
    rows = await tx.execute(
        f"SELECT {_DELIVERY} FROM notifications_deliveries d WHERE d.team_id = %(team)s AND d.channel_id = %(channel)s"
        " AND d.state = 'waiting' AND d.due_at <= %(now)s ORDER BY d.due_at, d.id LIMIT 1",
        {"team": channel.team_id, "channel": channel.id, "now": now},
    )
    row = await rows.fetchone()
    return None if row is None else _delivery(row)


async def mark(tx: Connection, one: Delivery, now: datetime, channel_due_at: datetime) -> None:
    """What became of a delivery that waited, at its channel too, which is left alone until `channel_due_at`."""
    bound = {
        "team": one.team_id,
        "id": one.id,
        "channel": one.channel_id,
        "state": one.state,
        "attempts": one.attempts,
        "due": one.due_at,
        "error": one.error,
        "delivered": one.delivered_at,
        "now": now,
        "channel_due": channel_due_at,
    }
    await tx.execute(
        "UPDATE notifications_deliveries SET state = %(state)s, attempts = %(attempts)s, due_at = %(due)s,"
        " error = %(error)s, delivered_at = %(delivered)s"
        " WHERE team_id = %(team)s AND id = %(id)s AND state = 'waiting'",
        bound,
    )
    change = "delivered_at = %(now)s" if one.error == "" else "failed_at = %(now)s, failure = %(error)s"
    await tx.execute(
        f"UPDATE notifications_channels SET {change}, due_at = greatest(due_at, %(channel_due)s)"
        " WHERE team_id = %(team)s AND id = %(channel)s",
        bound,
    )


def _bound(channel: Channel) -> dict[str, object]:
    return asdict(channel) | {"receivers": list(channel.receivers)}


def _channel(row: Row) -> Channel:
    kinds = {"kind": ChannelKind(row["kind"]), "language": ChannelLanguage(row["language"])}
    return Channel(**(row | kinds | {"receivers": tuple(row["receivers"])}))


def _text_json(text: Text) -> dict[str, object]:
    return asdict(text) | {"lines": list(text.lines)}


def _delivery(row: Row) -> Delivery:
    made = {
        "severity": NoticeSeverity(row["severity"]),
        "state": DeliveryState(row["state"]),
        "text": Text(**row["text"]),
    }
    return Delivery(**(row | made))
