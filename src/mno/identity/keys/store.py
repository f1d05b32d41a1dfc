"""SQL of API keys. A key is looked up by the fingerprint of its secret."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from mno.identity.keys.model import ApiKey, KeyScope
from mno.platform.database import Connection

_COLUMNS = (
    "k.id, k.team_id, k.project_id, k.name, k.prefix, k.scopes, k.created_at, k.last_used_at, k.revoked_at,"
    " k.permissions, k.agent, k.expires_at, k.allowed_addresses, k.created_by, k.replaced_by"
)


async def insert_key(tx: Connection, key: ApiKey, fingerprint: bytes) -> None:
    await tx.execute(
        "INSERT INTO identity_api_keys (id, team_id, project_id, name, prefix, fingerprint, scopes, created_at,"
        " permissions, agent, expires_at, allowed_addresses, created_by) VALUES (%(id)s, %(team_id)s, %(project_id)s,"
        " %(name)s, %(prefix)s, %(fingerprint)s, %(scopes)s, %(created_at)s, %(permissions)s, %(agent)s,"
        " %(expires_at)s, %(allowed_addresses)s::text[]::cidr[], %(created_by)s)",
        {
            "id": key.id,
            "team_id": key.team_id,
            "project_id": key.project_id,
            "name": key.name,
            "prefix": key.prefix,
            "fingerprint": fingerprint,
            "scopes": list(key.scopes),
            "created_at": key.created_at,
            "permissions": list(key.permissions),
            "agent": key.agent,
            "expires_at": key.expires_at,
            "allowed_addresses": [str(network) for network in key.allowed_addresses],
            "created_by": key.created_by,
        },
    )


async def update_key(tx: Connection, key: ApiKey) -> None:
    """Its name, addresses, end and successor."""
    await tx.execute(
        "UPDATE identity_api_keys SET name = %(name)s, allowed_addresses = %(allowed_addresses)s::text[]::cidr[],"
        " expires_at = %(expires_at)s, revoked_at = %(revoked_at)s, replaced_by = %(replaced_by)s"
        " WHERE team_id = %(team_id)s AND id = %(id)s",
        {
            "id": key.id,
            "team_id": key.team_id,
            "name": key.name,
            "allowed_addresses": [str(network) for network in key.allowed_addresses],
            "expires_at": key.expires_at,
            "revoked_at": key.revoked_at,
            "replaced_by": key.replaced_by,
        },
    )


_MAKER_IS_THERE = (
    "k.created_by IS NULL OR EXISTS (SELECT FROM identity_members m JOIN identity_users u ON u.id = m.user_id"
    " WHERE m.team_id = k.team_id AND m.user_id = k.created_by"
    " AND m.deactivated_at IS NULL AND u.deactivated_at IS NULL) AS maker_is_there"
)


async def key_by_fingerprint(tx: Connection, fingerprint: bytes) -> tuple[ApiKey, bool] | None:
    """The key, revoked or not, and whether its maker may still act in its team."""
    cursor = await tx.execute(
        f"SELECT {_COLUMNS}, {_MAKER_IS_THERE} FROM identity_api_keys k WHERE k.fingerprint = %(fingerprint)s",
        {"fingerprint": fingerprint},
    )
    return _with_maker(await cursor.fetchone())


async def key_with_maker(tx: Connection, team_id: UUID, key_id: UUID) -> tuple[ApiKey, bool] | None:
    """The same by its id."""
    cursor = await tx.execute(
        f"SELECT {_COLUMNS}, {_MAKER_IS_THERE} FROM identity_api_keys k"
        " WHERE k.team_id = %(team_id)s AND k.id = %(id)s",
        {"team_id": team_id, "id": key_id},
    )
    return _with_maker(await cursor.fetchone())


def _with_maker(row: dict[str, Any] | None) -> tuple[ApiKey, bool] | None:
    if row is None:
        return None
    maker_is_there = bool(row.pop("maker_is_there"))
    return _key(row), maker_is_there


async def key_of(tx: Connection, team_id: UUID, key_id: UUID, *, lock: bool = False) -> ApiKey | None:
    suffix = " FOR UPDATE" if lock else ""
    cursor = await tx.execute(
        f"SELECT {_COLUMNS} FROM identity_api_keys k WHERE k.team_id = %(team_id)s AND k.id = %(id)s{suffix}",
        {"team_id": team_id, "id": key_id},
    )
    row = await cursor.fetchone()
    return _key(row) if row else None


async def keys_of(
    tx: Connection, team_id: UUID, projects: Sequence[UUID] | None, offset: int, limit: int
) -> list[ApiKey]:
    """The keys of these projects (None: of the team), newest first, those that work before those that were revoked."""
    filtered = "" if projects is None else " AND k.project_id = ANY(%(projects)s)"
    cursor = await tx.execute(
        f"SELECT {_COLUMNS} FROM identity_api_keys k WHERE k.team_id = %(team_id)s{filtered}"
        " ORDER BY k.revoked_at IS NOT NULL, k.created_at DESC, k.id DESC LIMIT %(limit)s OFFSET %(offset)s",
        {"team_id": team_id, "projects": projects, "limit": limit, "offset": offset},
    )
    return [_key(row) for row in await cursor.fetchall()]


async def names_of_keys(tx: Connection, team_id: UUID) -> dict[UUID, str]:
    cursor = await tx.execute(
        "SELECT id, name FROM identity_api_keys WHERE team_id = %(team_id)s ORDER BY created_at DESC LIMIT 10000",
        {"team_id": team_id},
    )
    return {row["id"]: row["name"] for row in await cursor.fetchall()}


async def has_project(tx: Connection, team_id: UUID, project_id: UUID) -> bool:
    """Whether the team has it, and it is not archived."""
    cursor = await tx.execute(
        "SELECT FROM identity_projects WHERE team_id = %(team_id)s AND id = %(id)s AND archived_at IS NULL",
        {"team_id": team_id, "id": project_id},
    )
    return await cursor.fetchone() is not None


async def count_working_keys(tx: Connection, team_id: UUID, at: datetime) -> int:
    cursor = await tx.execute(
        "SELECT count(*) AS keys FROM identity_api_keys WHERE team_id = %(team_id)s AND revoked_at IS NULL"
        " AND (expires_at IS NULL OR expires_at > %(at)s)",
        {"team_id": team_id, "at": at},
    )
    row: dict[str, Any] | None = await cursor.fetchone()
    assert row is not None
    return int(row["keys"])


async def note_use(tx: Connection, key_id: UUID, at: datetime) -> None:
    await tx.execute("UPDATE identity_api_keys SET last_used_at = %(at)s WHERE id = %(id)s", {"id": key_id, "at": at})


def _key(row: dict[str, Any]) -> ApiKey:
    return ApiKey(
        **{
            **row,
            "scopes": tuple(KeyScope(scope) for scope in row["scopes"]),
            "permissions": tuple(row["permissions"]),
            "allowed_addresses": tuple(row["allowed_addresses"]),
        }
    )
