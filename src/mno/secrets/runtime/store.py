"""All SQL of the runtime environment, over its own tables."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from mno.platform.database import Connection, Row
from mno.platform.scope import Level, Scope
from mno.secrets.keys.model import Sealed
from mno.secrets.runtime.model import Entry, Kind, Protection, Version

_COLUMNS = (
    "id, team_id, level, project_id, scope_name, name, kind, purpose, version, plain, created_at, created_by,"
    " rotated_at, rotated_by"
)
_ON_SCOPE = (
    "team_id = %(team_id)s AND level = %(level)s AND project_id IS NOT DISTINCT FROM %(project_id)s"
    " AND scope_name = %(scope_name)s"
)


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list shows; empty fields ask for nothing. `projects` None: those of every project."""

    team_id: UUID
    whole_team: bool
    projects: Sequence[UUID] | None
    level: Level | None = None
    project_id: UUID | None = None
    scope_name: str = ""
    kind: Kind | None = None


async def page(tx: Connection, wanted: Filter, after: UUID | None, limit: int) -> list[Entry]:
    """In the order in which they were created, behind `after`."""
    rows = await tx.execute(
        f"SELECT {_COLUMNS} FROM secrets_entries WHERE team_id = %(team_id)s"
        " AND CASE WHEN project_id IS NULL THEN %(whole_team)s"
        " ELSE %(projects)s::uuid[] IS NULL OR project_id = ANY (%(projects)s::uuid[]) END"
        " AND (%(level)s::text IS NULL OR level = %(level)s)"
        " AND (%(project_id)s::uuid IS NULL OR project_id = %(project_id)s)"
        " AND (%(scope_name)s = '' OR scope_name = %(scope_name)s)"
        " AND (%(kind)s::text IS NULL OR kind = %(kind)s)"
        " AND (%(after)s::uuid IS NULL OR id > %(after)s) ORDER BY id LIMIT %(limit)s",
        {
            "team_id": wanted.team_id,
            "whole_team": wanted.whole_team,
            "projects": None if wanted.projects is None else list(wanted.projects),
            "level": wanted.level,
            "project_id": wanted.project_id,
            "scope_name": wanted.scope_name,
            "kind": wanted.kind,
            "after": after,
            "limit": limit,
        },
    )
    return [_entry(row) for row in await rows.fetchall()]


async def entry(tx: Connection, team_id: UUID, id_: UUID, *, lock: bool = False) -> Entry | None:
    rows = await tx.execute(
        f"SELECT {_COLUMNS} FROM secrets_entries WHERE team_id = %(team_id)s AND id = %(id)s"
        + (" FOR UPDATE" if lock else ""),
        {"team_id": team_id, "id": id_},
    )
    row = await rows.fetchone()
    return _entry(row) if row else None


async def named(tx: Connection, scope: Scope, name: str) -> Entry | None:
    """The entry of this name on exactly this scope, locked."""
    rows = await tx.execute(
        f"SELECT {_COLUMNS} FROM secrets_entries WHERE {_ON_SCOPE} AND name = %(name)s FOR UPDATE",
        _bound(scope) | {"name": name},
    )
    row = await rows.fetchone()
    return _entry(row) if row else None


async def project_exists(tx: Connection, team_id: UUID, project_id: UUID) -> bool:
    rows = await tx.execute(
        "SELECT 1 FROM identity_projects WHERE team_id = %(team_id)s AND id = %(id)s",
        {"team_id": team_id, "id": project_id},
    )
    return await rows.fetchone() is not None


async def lock_scope(tx: Connection, team_id: UUID) -> None:
    """Changes of one team's environment happen one after another, so that the last word on a name is clear."""
    await tx.execute("SELECT pg_advisory_xact_lock(%(a)s, hashtext(%(b)s))", {"a": 0x6D6E73, "b": str(team_id)})


async def count(tx: Connection, team_id: UUID) -> int:
    rows = await tx.execute("SELECT count(*) AS n FROM secrets_entries WHERE team_id = %(t)s", {"t": team_id})
    row = await rows.fetchone()
    assert row is not None
    return int(row["n"])


async def save(tx: Connection, found: Entry, sealed: Sealed | None) -> None:
    """The entry as it is now; without `sealed` a secret keeps the value that it has."""
    await tx.execute(
        "INSERT INTO secrets_entries (id, team_id, level, project_id, scope_name, name, kind, purpose, version, plain,"
        " data_key_id, ciphertext, created_at, created_by, rotated_at, rotated_by)"
        " VALUES (%(id)s, %(team_id)s, %(level)s, %(project_id)s, %(scope_name)s, %(name)s, %(kind)s, %(purpose)s,"
        " %(version)s, %(plain)s, %(data_key)s, %(ciphertext)s, %(created_at)s, %(created_by)s, %(rotated_at)s,"
        " %(rotated_by)s)"
        " ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, purpose = excluded.purpose, version = excluded.version,"
        " plain = excluded.plain, data_key_id = excluded.data_key_id, ciphertext = excluded.ciphertext,"
        " rotated_at = excluded.rotated_at, rotated_by = excluded.rotated_by",
        _bound(found.scope)
        | {
            "id": found.id,
            "name": found.name,
            "kind": found.kind,
            "purpose": found.purpose,
            "version": found.version,
            "plain": found.plain,
            "data_key": sealed.data_key if sealed else None,
            "ciphertext": sealed.ciphertext if sealed else None,
            "created_at": found.created_at,
            "created_by": found.created_by,
            "rotated_at": found.rotated_at,
            "rotated_by": found.rotated_by,
        },
    )


async def set_purpose(tx: Connection, found: Entry) -> None:
    """The description alone; value and version stay."""
    await tx.execute(
        "UPDATE secrets_entries SET purpose = %(purpose)s WHERE team_id = %(team_id)s AND id = %(id)s",
        {"purpose": found.purpose, "team_id": found.scope.team_id, "id": found.id},
    )


async def add_version(tx: Connection, found: Entry, keep: int) -> None:
    await tx.execute(
        "WITH old AS (DELETE FROM secrets_versions WHERE entry_id = %(id)s AND version <= %(version)s - %(keep)s)"
        " INSERT INTO secrets_versions (team_id, entry_id, version, kind, set_at, set_by)"
        " VALUES (%(team_id)s, %(id)s, %(version)s, %(kind)s, %(at)s, %(by)s)",
        {
            "team_id": found.scope.team_id,
            "id": found.id,
            "version": found.version,
            "kind": found.kind,
            "keep": keep,
            "at": found.rotated_at,
            "by": found.rotated_by,
        },
    )


async def versions(tx: Connection, team_id: UUID, id_: UUID) -> list[Version]:
    """The newest first."""
    rows = await tx.execute(
        "SELECT version, kind, set_at, set_by FROM secrets_versions WHERE team_id = %(team_id)s AND entry_id = %(id)s"
        " ORDER BY version DESC",
        {"team_id": team_id, "id": id_},
    )
    return [Version(row["version"], Kind(row["kind"]), row["set_at"], row["set_by"]) for row in await rows.fetchall()]


async def delete(tx: Connection, team_id: UUID, id_: UUID) -> None:
    await tx.execute(
        "DELETE FROM secrets_entries WHERE team_id = %(team_id)s AND id = %(id)s", {"team_id": team_id, "id": id_}
    )


async def on_scopes(
    tx: Connection, scopes: Sequence[Scope], names: Sequence[str] | None, limit: int
) -> list[tuple[Entry, Sealed | None]]:
    """Every entry of these scopes (of these names), with the ciphertexts of secrets."""
    rows = await tx.execute(
        f"SELECT {_COLUMNS}, data_key_id, ciphertext FROM secrets_entries"
        " WHERE team_id = %(team_id)s AND (%(names)s::text[] IS NULL OR name = ANY (%(names)s::text[]))"
        " AND (level, coalesce(project_id, team_id), scope_name) IN"
        " (SELECT * FROM unnest(%(levels)s::text[], %(places)s::uuid[], %(scope_names)s::text[]))"
        " ORDER BY id LIMIT %(limit)s",
        {
            "team_id": scopes[0].team_id,
            "names": None if names is None else list(names),
            "levels": [str(scope.level) for scope in scopes],
            "places": [scope.project_id or scope.team_id for scope in scopes],
            "scope_names": [scope.name for scope in scopes],
            "limit": limit,
        },
    )
    return [(_entry(row), _sealed(row)) for row in await rows.fetchall()]


async def outdated(tx: Connection, team_id: UUID, key: UUID, limit: int) -> list[tuple[Entry, Sealed]]:
    """Secrets under another data key; nobody else can change them until the transaction ends."""
    rows = await tx.execute(
        f"SELECT {_COLUMNS}, data_key_id, ciphertext FROM secrets_entries WHERE team_id = %(team_id)s"
        " AND data_key_id <> %(key)s ORDER BY id LIMIT %(limit)s FOR UPDATE",
        {"team_id": team_id, "key": key, "limit": limit},
    )
    found = [(_entry(row), _sealed(row)) for row in await rows.fetchall()]
    return [(one, sealed) for one, sealed in found if sealed is not None]


async def replace_ciphertext(tx: Connection, id_: UUID, sealed: Sealed) -> None:
    await tx.execute(
        "UPDATE secrets_entries SET data_key_id = %(key)s, ciphertext = %(ciphertext)s WHERE id = %(id)s",
        {"id": id_, "key": sealed.data_key, "ciphertext": sealed.ciphertext},
    )


# — what a change demands —


async def protection(tx: Connection, team_id: UUID, project_id: UUID | None) -> Protection:
    rows = await tx.execute(
        "SELECT second_person, fresh_factor, updated_at, updated_by FROM secrets_protection"
        " WHERE team_id = %(team_id)s AND project_id IS NOT DISTINCT FROM %(project_id)s",
        {"team_id": team_id, "project_id": project_id},
    )
    row = await rows.fetchone()
    if row is None:
        return Protection(project_id)
    return Protection(project_id, row["second_person"], row["fresh_factor"], row["updated_at"], row["updated_by"])


async def save_protection(tx: Connection, team_id: UUID, found: Protection) -> None:
    await tx.execute(
        "INSERT INTO secrets_protection (team_id, project_id, second_person, fresh_factor, updated_at, updated_by)"
        " VALUES (%(team_id)s, %(project_id)s, %(second_person)s, %(fresh_factor)s, %(at)s, %(by)s)"
        " ON CONFLICT (team_id, project_id) DO UPDATE SET second_person = excluded.second_person,"
        " fresh_factor = excluded.fresh_factor, updated_at = excluded.updated_at, updated_by = excluded.updated_by",
        {
            "team_id": team_id,
            "project_id": found.project_id,
            "second_person": found.second_person,
            "fresh_factor": found.fresh_factor,
            "at": found.updated_at,
            "by": found.updated_by,
        },
    )


# — what waits for a second person —


@dataclass(frozen=True, slots=True)
class Pending:
    """A change that waits; `change` is JSON without any value."""

    approval_id: UUID
    team_id: UUID
    action: str
    change: dict[str, Any]
    plain: str | None
    sealed: Sealed | None


async def add_pending(tx: Connection, pending: Pending, at: datetime) -> None:
    await tx.execute(
        "INSERT INTO secrets_pending (approval_id, team_id, action, change, plain, data_key_id, ciphertext, created_at)"
        " VALUES (%(id)s, %(team_id)s, %(action)s, %(change)s, %(plain)s, %(key)s, %(ciphertext)s, %(at)s)",
        {
            "id": pending.approval_id,
            "team_id": pending.team_id,
            "action": pending.action,
            "change": Jsonb(pending.change),
            "plain": pending.plain,
            "key": pending.sealed.data_key if pending.sealed else None,
            "ciphertext": pending.sealed.ciphertext if pending.sealed else None,
            "at": at,
        },
    )


async def take_pending(tx: Connection, team_id: UUID, approval_id: UUID) -> Pending | None:
    """Removes it, so that it is carried out once at most."""
    rows = await tx.execute(
        "DELETE FROM secrets_pending WHERE team_id = %(team_id)s AND approval_id = %(id)s"
        " RETURNING approval_id, team_id, action, change, plain, data_key_id, ciphertext",
        {"team_id": team_id, "id": approval_id},
    )
    row = await rows.fetchone()
    return _pending(row) if row else None


async def outdated_pending(tx: Connection, team_id: UUID, key: UUID, limit: int) -> list[Pending]:
    rows = await tx.execute(
        "SELECT approval_id, team_id, action, change, plain, data_key_id, ciphertext FROM secrets_pending"
        " WHERE team_id = %(team_id)s AND data_key_id <> %(key)s ORDER BY approval_id LIMIT %(limit)s FOR UPDATE",
        {"team_id": team_id, "key": key, "limit": limit},
    )
    return [_pending(row) for row in await rows.fetchall()]


async def replace_pending_ciphertext(tx: Connection, approval_id: UUID, sealed: Sealed) -> None:
    await tx.execute(
        "UPDATE secrets_pending SET data_key_id = %(key)s, ciphertext = %(ciphertext)s WHERE approval_id = %(id)s",
        {"id": approval_id, "key": sealed.data_key, "ciphertext": sealed.ciphertext},
    )


def _bound(scope: Scope) -> dict[str, Any]:
    return {
        "team_id": scope.team_id,
        "level": scope.level,
        "project_id": scope.project_id,
        "scope_name": scope.name,
    }


def _entry(row: Row) -> Entry:
    return Entry(
        id=row["id"],
        scope=Scope(Level(row["level"]), row["team_id"], row["project_id"], row["scope_name"]),
        name=row["name"],
        kind=Kind(row["kind"]),
        purpose=row["purpose"],
        version=row["version"],
        plain=row["plain"],
        created_at=row["created_at"],
        created_by=row["created_by"],
        rotated_at=row["rotated_at"],
        rotated_by=row["rotated_by"],
    )


def _sealed(row: Row) -> Sealed | None:
    return None if row["ciphertext"] is None else Sealed(row["data_key_id"], bytes(row["ciphertext"]))


def _pending(row: Row) -> Pending:
    return Pending(row["approval_id"], row["team_id"], row["action"], row["change"], row["plain"], _sealed(row))
