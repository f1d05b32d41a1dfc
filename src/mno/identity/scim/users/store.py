"""SQL of memberships as a directory sees them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from psycopg.errors import UniqueViolation

from mno.platform.database import Connection
from mno.platform.errors import Conflict

#: What somebody is called whom no directory has named yet.
_USER_NAME = "coalesce(m.user_name, nullif(u.email, ''), 'usr_' || replace(u.id::text, '-', ''))"
_COLUMNS = (
    f"m.user_id, {_USER_NAME} AS user_name, m.user_name IS NOT NULL AS managed, m.external_id, m.directory,"
    " m.deactivated_at, m.joined_at, m.updated_at, u.name, u.email, u.language, u.provisioned_by"
)
_FROM = " FROM identity_members m JOIN identity_users u ON u.id = m.user_id WHERE m.team_id = %(team)s"
#: By the columns that a filter may narrow.
_NARROWED = {
    "id": " AND u.id = %(id)s",
    "user_name": f" AND lower({_USER_NAME}) = lower(%(user_name)s)",
    "external_id": " AND m.external_id = %(external_id)s",
}
Row = dict[str, Any]


def _narrowed(narrow: Mapping[str, Any]) -> str:
    return "".join(_NARROWED[name] for name in sorted(narrow))


async def users(tx: Connection, team_id: UUID, narrow: Mapping[str, Any], *, limit: int, offset: int = 0) -> list[Row]:
    """In the order in which they joined."""
    cursor = await tx.execute(
        f"SELECT {_COLUMNS}{_FROM}{_narrowed(narrow)}"
        " ORDER BY m.joined_at, m.user_id LIMIT %(limit)s OFFSET %(offset)s",
        {"team": team_id, "limit": limit, "offset": offset, **narrow},
    )
    return await cursor.fetchall()


async def count_users(tx: Connection, team_id: UUID) -> int:
    cursor = await tx.execute(f"SELECT count(*) AS users{_FROM}", {"team": team_id})
    row = await cursor.fetchone()
    assert row is not None
    return int(row["users"])


async def user(tx: Connection, team_id: UUID, user_id: UUID, *, lock: bool = False) -> Row | None:
    suffix = " FOR UPDATE OF m" if lock else ""
    cursor = await tx.execute(
        f"SELECT {_COLUMNS}{_FROM} AND m.user_id = %(user)s{suffix}", {"team": team_id, "user": user_id}
    )
    return await cursor.fetchone()


async def user_named(tx: Connection, team_id: UUID, user_name: str) -> UUID | None:
    """Who is called so in the team, be it by the directory or by their address."""
    found = await users(tx, team_id, {"user_name": user_name}, limit=1)
    return found[0]["user_id"] if found else None


async def has_a_way_in(tx: Connection, user_id: UUID) -> bool:
    """Whether somebody can sign in with the account: by a password, a passkey or an account elsewhere."""
    cursor = await tx.execute(
        "SELECT EXISTS (SELECT FROM identity_passwords WHERE user_id = %(user)s)"
        " OR EXISTS (SELECT FROM identity_passkeys WHERE user_id = %(user)s)"
        " OR EXISTS (SELECT FROM identity_outside_accounts WHERE user_id = %(user)s) AS has",
        {"user": user_id},
    )
    row = await cursor.fetchone()
    return bool(row and row["has"])


async def groups_of(tx: Connection, team_id: UUID, user_ids: Sequence[UUID]) -> dict[UUID, list[tuple[UUID, str]]]:
    """The directory's groups of each person, by name."""
    cursor = await tx.execute(
        "SELECT gm.user_id, g.id, g.name FROM identity_group_members gm JOIN identity_groups g ON g.id = gm.group_id"
        " WHERE gm.team_id = %(team)s AND gm.user_id = ANY(%(users)s) AND g.provisioned ORDER BY lower(g.name), g.id",
        {"team": team_id, "users": list(user_ids)},
    )
    found: dict[UUID, list[tuple[UUID, str]]] = {}
    for row in await cursor.fetchall():
        found.setdefault(row["user_id"], []).append((row["id"], row["name"]))
    return found


async def save(
    tx: Connection,
    team_id: UUID,
    user_id: UUID,
    *,
    user_name: str,
    external_id: str | None,
    directory: Mapping[str, Any],
    at: datetime,
) -> None:
    """What the directory says of a membership. `Conflict` when it calls somebody else in the team so."""
    try:
        await tx.execute(
            "UPDATE identity_members SET user_name = %(user_name)s, external_id = %(external_id)s,"
            " directory = %(directory)s::jsonb, updated_at = %(at)s WHERE team_id = %(team)s AND user_id = %(user)s",
            {
                "team": team_id,
                "user": user_id,
                "user_name": user_name,
                "external_id": external_id,
                "directory": orjson.dumps(directory).decode(),
                "at": at,
            },
        )
    except UniqueViolation:
        raise Conflict(f"Somebody in this team is called '{user_name}' already.") from None


async def set_provisioned(tx: Connection, team_id: UUID, user_id: UUID) -> None:
    await tx.execute(
        "UPDATE identity_users SET provisioned_by = %(team)s WHERE id = %(user)s", {"team": team_id, "user": user_id}
    )


async def set_language(tx: Connection, user_id: UUID, language: str) -> None:
    await tx.execute(
        "UPDATE identity_users SET language = %(language)s WHERE id = %(user)s", {"user": user_id, "language": language}
    )


async def belongs_elsewhere(tx: Connection, team_id: UUID, user_id: UUID) -> bool:
    """Asks across teams."""
    cursor = await tx.execute(
        "SELECT EXISTS (SELECT FROM identity_members WHERE user_id = %(user)s AND team_id <> %(team)s) AS elsewhere",
        {"team": team_id, "user": user_id},
    )
    row = await cursor.fetchone()
    return bool(row and row["elsewhere"])
