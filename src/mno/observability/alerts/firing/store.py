"""SQL of places and tracks: who looks at a project's rules at the moment, and what stands between two looks."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from mno.observability.alerts.machine import Track
from mno.observability.alerts.model import Place
from mno.platform.database import Connection

#: By rule and group.
Tracks = dict[UUID, dict[str, Track]]


async def claim(tx: Connection, place: Place, pause_s: float) -> datetime | None:
    """Takes the place for one look, unless somebody has looked within so many seconds: the time of it, the database's,
    by which `still_mine` knows it again.
    """
    cursor = await tx.execute(
        """
        INSERT INTO alerts_places AS p (id, team_id, read_at) VALUES (%(id)s, %(team)s, clock_timestamp())
        ON CONFLICT (id) DO UPDATE SET read_at = excluded.read_at
            WHERE p.read_at <= excluded.read_at - make_interval(secs => %(pause)s)
        RETURNING read_at
        """,
        {"id": place.id, "team": place.team_id, "pause": pause_s},
    )
    row = await cursor.fetchone()
    return row["read_at"] if row else None


async def still_mine(tx: Connection, place: Place, claimed_at: datetime) -> bool:
    """Whether nobody has begun a look since; holds the place until the transaction ends."""
    cursor = await tx.execute(
        "SELECT read_at = %(at)s AS mine FROM alerts_places WHERE id = %(id)s FOR UPDATE",
        {"id": place.id, "at": claimed_at},
    )
    row = await cursor.fetchone()
    return row is not None and bool(row["mine"])


async def hold(tx: Connection, place: Place) -> None:
    """Holds the place until the transaction ends; looks under way count and wait."""
    await tx.execute(
        "INSERT INTO alerts_places (id, team_id, read_at) VALUES (%(id)s, %(team)s, 'epoch') ON CONFLICT DO NOTHING",
        {"id": place.id, "team": place.team_id},
    )
    await tx.execute("SELECT FROM alerts_places WHERE id = %(id)s FOR UPDATE", {"id": place.id})


async def busy(tx: Connection, team_id: UUID, rule_ids: Sequence[UUID]) -> set[UUID]:
    """Those of the rules of which anything stands between two looks."""
    cursor = await tx.execute(
        """
        SELECT rule_id FROM alerts_tracks WHERE team_id = %(team)s AND rule_id = ANY (%(rules)s)
        UNION
        SELECT rule_id FROM alerts_alerts
        WHERE team_id = %(team)s AND rule_id = ANY (%(rules)s) AND state = 'resolved' AND NOT told_closed
        """,
        {"team": team_id, "rules": list(rule_ids)},
    )
    return {row["rule_id"] for row in await cursor.fetchall()}


async def tracks(tx: Connection, team_id: UUID, rule_ids: Sequence[UUID]) -> Tracks:
    cursor = await tx.execute(
        "SELECT rule_id, grouped, open, armed, breaching_since, clearing_since FROM alerts_tracks"
        " WHERE team_id = %(team)s AND rule_id = ANY (%(rules)s)",
        {"team": team_id, "rules": list(rule_ids)},
    )
    found: Tracks = {}
    for row in await cursor.fetchall():
        track = Track(row["open"], row["armed"], row["breaching_since"], row["clearing_since"])
        found.setdefault(row["rule_id"], {})[row["grouped"]] = track
    return found


async def save_track(tx: Connection, team_id: UUID, rule_id: UUID, group: str, track: Track) -> None:
    """One that holds nothing goes."""
    if track.empty:
        await tx.execute(
            "DELETE FROM alerts_tracks WHERE team_id = %(team)s AND rule_id = %(rule)s AND grouped = %(group)s",
            {"team": team_id, "rule": rule_id, "group": group},
        )
        return
    await tx.execute(
        """
        INSERT INTO alerts_tracks (rule_id, grouped, team_id, open, armed, breaching_since, clearing_since)
        VALUES (%(rule)s, %(group)s, %(team)s, %(open)s, %(armed)s, %(breaching)s, %(clearing)s)
        ON CONFLICT (rule_id, grouped) DO UPDATE SET open = excluded.open, armed = excluded.armed,
            breaching_since = excluded.breaching_since, clearing_since = excluded.clearing_since
        """,
        {
            "rule": rule_id,
            "group": group,
            "team": team_id,
            "open": track.open,
            "armed": track.armed,
            "breaching": track.breaching_since,
            "clearing": track.clearing_since,
        },
    )


async def forget_tracks(tx: Connection, team_id: UUID, rule_id: UUID) -> None:
    await tx.execute(
        "DELETE FROM alerts_tracks WHERE team_id = %(team)s AND rule_id = %(rule)s",
        {"team": team_id, "rule": rule_id},
    )
