"""SQL of the groups that a directory made."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from mno.platform.database import Connection

_COLUMNS = "g.id, g.name, g.external_id, g.created_at, g.updated_at"
_FROM = " FROM identity_groups g WHERE g.team_id = %(team)s AND g.provisioned"
_NARROWED = {
    "id": " AND g.id = %(id)s",
    "name": " AND lower(g.name) = lower(%(name)s)",
    "external_id": " AND g.external_id = %(external_id)s",
}
Row = dict[str, Any]


async def groups(tx: Connection, team_id: UUID, narrow: Mapping[str, Any], *, limit: int, offset: int = 0) -> list[Row]:
    """In the order in which they were made."""
    conditions = "".join(_NARROWED[name] for name in sorted(narrow))
    cursor = await tx.execute(
        f"SELECT {_COLUMNS}{_FROM}{conditions} ORDER BY g.created_at, g.id LIMIT %(limit)s OFFSET %(offset)s",
        {"team": team_id, "limit": limit, "offset": offset, **narrow},
    )
    return await cursor.fetchall()


async def count_groups(tx: Connection, team_id: UUID) -> int:
    cursor = await tx.execute(f"SELECT count(*) AS groups{_FROM}", {"team": team_id})
    row = await cursor.fetchone()
    assert row is not None
    return int(row["groups"])


async def group(tx: Connection, team_id: UUID, group_id: UUID, *, lock: bool = False) -> Row | None:
    suffix = " FOR UPDATE" if lock else ""
    cursor = await tx.execute(f"SELECT {_COLUMNS}{_FROM} AND g.id = %(id)s{suffix}", {"team": team_id, "id": group_id})
    return await cursor.fetchone()


async def members_of(tx: Connection, team_id: UUID, groups: Sequence[UUID]) -> dict[UUID, list[UUID]]:
    """Who is in each group."""
    cursor = await tx.execute(
        "SELECT group_id, user_id FROM identity_group_members"
        " WHERE team_id = %(team)s AND group_id = ANY(%(groups)s) ORDER BY user_id",
        {"team": team_id, "groups": list(groups)},
    )
    found: dict[UUID, list[UUID]] = {}
    for row in await cursor.fetchall():
        found.setdefault(row["group_id"], []).append(row["user_id"])
    return found


async def members_among(tx: Connection, team_id: UUID, users: Sequence[UUID]) -> set[UUID]:
    """Those of these people who belong to the team."""
    cursor = await tx.execute(
        "SELECT user_id FROM identity_members WHERE team_id = %(team)s AND user_id = ANY(%(users)s)",
        {"team": team_id, "users": list(users)},
    )
    return {row["user_id"] for row in await cursor.fetchall()}
