"""SQL of groups and of who is in them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.errors import ForeignKeyViolation, UniqueViolation

from mno.identity.teams.model import Group
from mno.platform.database import Connection
from mno.platform.errors import Conflict, NotFound

_COLUMNS = (
    "g.id, g.team_id, g.name, g.external_id, g.provisioned, g.created_at, g.updated_at,"
    " (SELECT count(*) FROM identity_group_members m WHERE m.group_id = g.id) AS members"
)
_TAKEN = "The team has a group of this name already; choose another."


async def groups(tx: Connection, team_id: UUID, *, after: tuple[str, UUID] | None, limit: int) -> list[Group]:
    """By name."""
    cursor = await tx.execute(
        f"SELECT {_COLUMNS} FROM identity_groups g WHERE g.team_id = %(team)s"
        " AND (%(key)s::text IS NULL OR (lower(g.name), g.id) > (lower(%(key)s), %(last)s))"
        " ORDER BY lower(g.name), g.id LIMIT %(limit)s",
        {
            "team": team_id,
            "key": after[0] if after else None,
            "last": after[1] if after else None,
            "limit": limit,
        },
    )
    return [Group(**row) for row in await cursor.fetchall()]


async def group(tx: Connection, team_id: UUID, group_id: UUID, *, lock: bool = False) -> Group | None:
    suffix = " FOR UPDATE OF g" if lock else ""
    cursor = await tx.execute(
        f"SELECT {_COLUMNS} FROM identity_groups g WHERE g.team_id = %(team)s AND g.id = %(id)s{suffix}",
        {"team": team_id, "id": group_id},
    )
    row = await cursor.fetchone()
    return Group(**row) if row else None


async def count_groups(tx: Connection, team_id: UUID) -> int:
    cursor = await tx.execute(
        "SELECT count(*) AS groups FROM identity_groups WHERE team_id = %(team)s", {"team": team_id}
    )
    row = await cursor.fetchone()
    assert row is not None
    return int(row["groups"])


async def insert_group(tx: Connection, made: Group) -> None:
    try:
        await tx.execute(
            "INSERT INTO identity_groups (id, team_id, name, external_id, provisioned, created_at, updated_at)"
            " VALUES (%(id)s, %(team)s, %(name)s, %(external_id)s, %(provisioned)s, %(at)s, %(at)s)",
            {
                "id": made.id,
                "team": made.team_id,
                "name": made.name,
                "external_id": made.external_id,
                "provisioned": made.provisioned,
                "at": made.created_at,
            },
        )
    except UniqueViolation:
        raise Conflict(_TAKEN) from None


async def update_group(tx: Connection, team_id: UUID, group_id: UUID, name: str, external_id: str | None) -> None:
    try:
        await tx.execute(
            "UPDATE identity_groups SET name = %(name)s, external_id = %(external_id)s, updated_at = now()"
            " WHERE team_id = %(team)s AND id = %(id)s",
            {"team": team_id, "id": group_id, "name": name, "external_id": external_id},
        )
    except UniqueViolation:
        raise Conflict(_TAKEN) from None


async def delete_group(tx: Connection, team_id: UUID, group_id: UUID) -> int:
    """How many roles ended with it."""
    asked = {"team": team_id, "id": group_id}
    cursor = await tx.execute(
        "DELETE FROM identity_grants WHERE team_id = %(team)s AND subject_kind = 'group' AND subject_id = %(id)s",
        asked,
    )
    await tx.execute("DELETE FROM identity_groups WHERE team_id = %(team)s AND id = %(id)s", asked)
    return cursor.rowcount


async def members_of(
    tx: Connection, team_id: UUID, group_id: UUID, *, after: tuple[str, UUID] | None, limit: int
) -> list[dict[str, Any]]:
    """`user_id`, `name`, `email` by name, and `sorted`, by which they are ordered."""
    cursor = await tx.execute(
        "SELECT * FROM (SELECT u.id AS user_id, u.name, u.email, lower(coalesce(nullif(u.name, ''), u.email)) AS sorted"
        " FROM identity_group_members m JOIN identity_users u ON u.id = m.user_id"
        " WHERE m.team_id = %(team)s AND m.group_id = %(group)s) listed"
        " WHERE %(key)s::text IS NULL OR (sorted, user_id) > (%(key)s, %(last)s)"
        " ORDER BY sorted, user_id LIMIT %(limit)s",
        {
            "team": team_id,
            "group": group_id,
            "key": after[0] if after else None,
            "last": after[1] if after else None,
            "limit": limit,
        },
    )
    return await cursor.fetchall()


async def add_members(tx: Connection, team_id: UUID, group_id: UUID, users: Sequence[UUID], at: datetime) -> int:
    """How many were not in it before. `NotFound` when one does not belong to the team."""
    try:
        cursor = await tx.execute(
            "INSERT INTO identity_group_members (team_id, group_id, user_id)"
            " SELECT %(team)s, %(group)s, unnest(%(users)s::uuid[]) ON CONFLICT DO NOTHING",
            {"team": team_id, "group": group_id, "users": list(users)},
        )
    except ForeignKeyViolation:
        raise NotFound("Only people of this team can be in its groups.") from None
    if cursor.rowcount:
        await _touch(tx, group_id, at)
    return cursor.rowcount


async def remove_members(tx: Connection, team_id: UUID, group_id: UUID, users: Sequence[UUID], at: datetime) -> int:
    """How many were in it before."""
    cursor = await tx.execute(
        "DELETE FROM identity_group_members"
        " WHERE team_id = %(team)s AND group_id = %(group)s AND user_id = ANY(%(users)s)",
        {"team": team_id, "group": group_id, "users": list(users)},
    )
    if cursor.rowcount:
        await _touch(tx, group_id, at)
    return cursor.rowcount


async def _touch(tx: Connection, group_id: UUID, at: datetime) -> None:
    await tx.execute("UPDATE identity_groups SET updated_at = %(at)s WHERE id = %(id)s", {"id": group_id, "at": at})
