"""SQL of teams, and of what ends with a team."""

from datetime import datetime
from typing import Any
from uuid import UUID

from mno.identity.teams.model import Team
from mno.platform.database import Connection

_COLUMNS = "id, name, time_zone, created_at, archived_at"
#: Serialises the making of teams, so that their number stays within its limit.
_TEAMS_LOCK = 0x6D6E6F02


async def lock_teams(tx: Connection) -> None:
    await tx.execute("SELECT pg_advisory_xact_lock(%(lock)s)", {"lock": _TEAMS_LOCK})


async def insert_team(tx: Connection, team: Team) -> None:
    await tx.execute(
        "INSERT INTO identity_teams (id, name, time_zone, created_at)"
        " VALUES (%(id)s, %(name)s, %(time_zone)s, %(created_at)s)",
        {"id": team.id, "name": team.name, "time_zone": team.time_zone, "created_at": team.created_at},
    )


async def team(tx: Connection, team_id: UUID, *, lock: bool = False) -> Team | None:
    suffix = " FOR UPDATE" if lock else ""
    cursor = await tx.execute(f"SELECT {_COLUMNS} FROM identity_teams WHERE id = %(id)s{suffix}", {"id": team_id})
    row = await cursor.fetchone()
    return Team(**row) if row else None


async def count_active_teams(tx: Connection) -> int:
    cursor = await tx.execute("SELECT count(*) AS teams FROM identity_teams WHERE archived_at IS NULL")
    return _count(await cursor.fetchone(), "teams")


async def teams_of(tx: Connection, user_id: UUID) -> list[Team]:
    """Those in which the person may act, by name; archived ones last. Asks across teams."""
    cursor = await tx.execute(
        f"SELECT {_COLUMNS} FROM identity_teams t"
        " WHERE EXISTS (SELECT FROM identity_members m WHERE m.team_id = t.id AND m.user_id = %(user)s"
        " AND m.deactivated_at IS NULL)"
        " ORDER BY archived_at IS NOT NULL, lower(name), id LIMIT 1000",
        {"user": user_id},
    )
    return [Team(**row) for row in await cursor.fetchall()]


async def every_team(tx: Connection) -> list[Team]:
    cursor = await tx.execute(
        f"SELECT {_COLUMNS} FROM identity_teams ORDER BY archived_at IS NOT NULL, lower(name), id LIMIT 2000"
    )
    return [Team(**row) for row in await cursor.fetchall()]


async def update_team(tx: Connection, team_id: UUID, name: str, time_zone: str) -> None:
    await tx.execute(
        "UPDATE identity_teams SET name = %(name)s, time_zone = %(time_zone)s WHERE id = %(id)s",
        {"id": team_id, "name": name, "time_zone": time_zone},
    )


async def set_archived(tx: Connection, team_id: UUID, at: datetime | None) -> None:
    await tx.execute("UPDATE identity_teams SET archived_at = %(at)s WHERE id = %(id)s", {"id": team_id, "at": at})


async def end_access(tx: Connection, team_id: UUID, at: datetime) -> tuple[list[UUID], dict[str, int]]:
    """Ends the team's keys, sessions, links and open invitations: whose sessions, and how many of each there were."""
    asked = {"team": team_id, "at": at}
    cursor = await tx.execute("DELETE FROM identity_sessions WHERE team_id = %(team)s RETURNING user_id", asked)
    sessions = [row["user_id"] for row in await cursor.fetchall()]
    keys = await tx.execute(
        "UPDATE identity_api_keys SET revoked_at = %(at)s WHERE team_id = %(team)s AND revoked_at IS NULL", asked
    )
    await tx.execute("DELETE FROM identity_sign_in_links WHERE team_id = %(team)s", asked)
    invitations = await tx.execute(
        "UPDATE identity_invitations SET revoked_at = %(at)s"
        " WHERE team_id = %(team)s AND accepted_at IS NULL AND revoked_at IS NULL",
        asked,
    )
    ended = {
        "sessions_ended": len(sessions),
        "keys_revoked": keys.rowcount,
        "invitations_revoked": invitations.rowcount,
    }
    return sorted(set(sessions)), ended


def _count(row: dict[str, Any] | None, name: str) -> int:
    assert row is not None
    return int(row[name])
