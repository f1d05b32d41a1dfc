"""SQL of roles and grants, and of whom they reach."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg

from mno.identity.model import OWNER_ROLE
from mno.identity.policy.model import Effect, Grant, Role, SubjectKind
from mno.platform.database import Connection
from mno.platform.errors import Conflict
from mno.platform.scope import Level

_ROLE = "r.id, r.team_id, r.name, r.description, r.permissions, r.includes, r.demands_second_factor, r.created_at,"
_ROLE_COLUMNS = f"{_ROLE} r.updated_at"
_GRANT_COLUMNS = (
    "g.id, g.team_id, g.subject_kind, g.subject_id, g.role_id, g.effect, g.scope_kind, g.project_id, g.scope_id,"
    " g.created_at, g.created_by"
)


# — whom a subject's grants are —


async def is_member(tx: Connection, team_id: UUID, user_id: UUID) -> bool:
    """Whether the person may act in the team: a member, deactivated neither there nor altogether."""
    cursor = await tx.execute(
        "SELECT FROM identity_members m JOIN identity_users u ON u.id = m.user_id"
        " WHERE m.team_id = %(team_id)s AND m.user_id = %(user_id)s"
        " AND m.deactivated_at IS NULL AND u.deactivated_at IS NULL",
        {"team_id": team_id, "user_id": user_id},
    )
    return await cursor.fetchone() is not None


async def grants_of_user(tx: Connection, team_id: UUID, user_id: UUID) -> list[Grant]:
    """Their own and their groups'; and those on the hub, whichever of their teams gave them (across teams)."""
    cursor = await tx.execute(
        f"SELECT {_GRANT_COLUMNS} FROM identity_grants g"
        " WHERE g.team_id = %(team_id)s AND g.subject_kind = 'user' AND g.subject_id = %(user_id)s"
        " UNION ALL "
        f"SELECT {_GRANT_COLUMNS} FROM identity_group_members m"
        " JOIN identity_grants g ON g.team_id = m.team_id AND g.subject_kind = 'group' AND g.subject_id = m.group_id"
        " WHERE m.team_id = %(team_id)s AND m.user_id = %(user_id)s"
        " UNION ALL "
        f"SELECT {_GRANT_COLUMNS} FROM identity_grants g"
        " WHERE g.scope_kind = 'hub' AND g.subject_kind = 'user' AND g.subject_id = %(user_id)s"
        " AND g.team_id <> %(team_id)s",
        {"team_id": team_id, "user_id": user_id},
    )
    return [_grant(row) for row in await cursor.fetchall()]


async def grants_of_subject(tx: Connection, team_id: UUID, kind: SubjectKind, subject_id: UUID) -> list[Grant]:
    """Those that name it; not those of a user's groups."""
    cursor = await tx.execute(
        f"SELECT {_GRANT_COLUMNS} FROM identity_grants g"
        " WHERE g.team_id = %(team_id)s AND g.subject_kind = %(kind)s AND g.subject_id = %(subject_id)s",
        {"team_id": team_id, "kind": kind, "subject_id": subject_id},
    )
    return [_grant(row) for row in await cursor.fetchall()]


async def groups_of(tx: Connection, team_id: UUID, user_id: UUID) -> dict[UUID, str]:
    """Their names by their ids."""
    cursor = await tx.execute(
        "SELECT g.id, g.name FROM identity_group_members m JOIN identity_groups g ON g.id = m.group_id"
        " WHERE m.team_id = %(team_id)s AND m.user_id = %(user_id)s",
        {"team_id": team_id, "user_id": user_id},
    )
    return {row["id"]: row["name"] for row in await cursor.fetchall()}


async def members_of_group(tx: Connection, team_id: UUID, group_id: UUID) -> list[UUID]:
    cursor = await tx.execute(
        "SELECT user_id FROM identity_group_members WHERE team_id = %(team_id)s AND group_id = %(group_id)s",
        {"team_id": team_id, "group_id": group_id},
    )
    return [row["user_id"] for row in await cursor.fetchall()]


async def subject_name(tx: Connection, team_id: UUID, kind: SubjectKind, subject_id: UUID) -> str | None:
    """What the team calls it; None when the team has no such user, group or working key."""
    tables = {
        SubjectKind.USER: "identity_users s JOIN identity_members m ON m.user_id = s.id AND m.team_id = %(team_id)s",
        SubjectKind.GROUP: "identity_groups s",
        SubjectKind.API_KEY: "identity_api_keys s",
    }
    own = "" if kind is SubjectKind.USER else " AND s.team_id = %(team_id)s"
    working = " AND s.revoked_at IS NULL" if kind is SubjectKind.API_KEY else ""
    cursor = await tx.execute(
        f"SELECT s.name FROM {tables[kind]} WHERE s.id = %(id)s{own}{working}", {"team_id": team_id, "id": subject_id}
    )
    row = await cursor.fetchone()
    return str(row["name"]) if row else None


async def has_project(tx: Connection, team_id: UUID, project_id: UUID) -> bool:
    cursor = await tx.execute(
        "SELECT FROM identity_projects WHERE team_id = %(team_id)s AND id = %(id)s",
        {"team_id": team_id, "id": project_id},
    )
    return await cursor.fetchone() is not None


async def projects_of(tx: Connection, team_id: UUID) -> list[UUID]:
    cursor = await tx.execute(
        "SELECT id FROM identity_projects WHERE team_id = %(team_id)s ORDER BY created_at, id", {"team_id": team_id}
    )
    return [row["id"] for row in await cursor.fetchall()]


async def teams_of(tx: Connection, user_id: UUID) -> list[UUID]:
    """Asked across teams."""
    cursor = await tx.execute(
        "SELECT team_id FROM identity_members WHERE user_id = %(id)s ORDER BY team_id", {"id": user_id}
    )
    return [row["team_id"] for row in await cursor.fetchall()]


async def owners_of(tx: Connection, team_id: UUID) -> dict[UUID, set[UUID]]:
    """The active people who have the role Owner on the team, by themselves or through a group; and their groups."""
    cursor = await tx.execute(
        "WITH owners AS ("
        " SELECT subject_id AS user_id FROM identity_grants WHERE team_id = %(team_id)s AND role_id = %(owner)s"
        " AND scope_kind = 'team' AND effect = 'allow' AND subject_kind = 'user'"
        " UNION SELECT gm.user_id FROM identity_grants g"
        " JOIN identity_group_members gm ON gm.team_id = g.team_id AND gm.group_id = g.subject_id"
        " WHERE g.team_id = %(team_id)s AND g.role_id = %(owner)s"
        " AND g.scope_kind = 'team' AND g.effect = 'allow' AND g.subject_kind = 'group')"
        " SELECT o.user_id, array(SELECT gm.group_id FROM identity_group_members gm"
        " WHERE gm.team_id = %(team_id)s AND gm.user_id = o.user_id) AS groups"
        " FROM owners o JOIN identity_members m ON m.user_id = o.user_id AND m.team_id = %(team_id)s"
        " JOIN identity_users u ON u.id = o.user_id"
        " WHERE m.deactivated_at IS NULL AND u.deactivated_at IS NULL",
        {"team_id": team_id, "owner": OWNER_ROLE},
    )
    return {row["user_id"]: set(row["groups"]) for row in await cursor.fetchall()}


async def denials_in_team(tx: Connection, team_id: UUID) -> list[Grant]:
    """Those that deny something in the whole team."""
    cursor = await tx.execute(
        f"SELECT {_GRANT_COLUMNS} FROM identity_grants g"
        " WHERE g.team_id = %(team_id)s AND g.scope_kind = 'team' AND g.effect = 'deny'",
        {"team_id": team_id},
    )
    return [_grant(row) for row in await cursor.fetchall()]


# — roles —


async def roles_reached(tx: Connection, role_ids: Iterable[UUID]) -> dict[UUID, Role]:
    """These roles and all that they include, directly or not."""
    cursor = await tx.execute(
        "WITH RECURSIVE reached (id) AS (SELECT unnest(%(ids)s::uuid[])"
        " UNION SELECT unnest(r.includes) FROM reached JOIN identity_roles r ON r.id = reached.id)"
        f" SELECT {_ROLE_COLUMNS} FROM identity_roles r JOIN reached ON reached.id = r.id",
        {"ids": list(role_ids)},
    )
    return {row["id"]: _role(row) for row in await cursor.fetchall()}


async def roles_of(tx: Connection, team_id: UUID) -> dict[UUID, Role]:
    """The team's own and those that every team has, these first."""
    cursor = await tx.execute(
        f"SELECT {_ROLE_COLUMNS} FROM identity_roles r WHERE r.team_id = %(team_id)s OR r.team_id IS NULL"
        " ORDER BY r.team_id IS NOT NULL, CASE WHEN r.team_id IS NULL THEN r.id END, lower(r.name), r.id",
        {"team_id": team_id},
    )
    return {row["id"]: _role(row) for row in await cursor.fetchall()}


async def insert_role(tx: Connection, role: Role) -> None:
    """`Conflict` when the team has a role of that name."""
    await _write_role(
        tx,
        "INSERT INTO identity_roles (id, team_id, name, description, permissions, includes, demands_second_factor,"
        " created_at, updated_at) VALUES (%(id)s, %(team_id)s, %(name)s, %(description)s, %(permissions)s,"
        " %(includes)s, %(demands)s, %(created_at)s, %(updated_at)s)",
        role,
    )


async def update_role(tx: Connection, role: Role) -> None:
    """`Conflict` when the team has another role of that name."""
    await _write_role(
        tx,
        "UPDATE identity_roles SET name = %(name)s, description = %(description)s, permissions = %(permissions)s,"
        " includes = %(includes)s, demands_second_factor = %(demands)s, updated_at = %(updated_at)s"
        " WHERE id = %(id)s AND team_id = %(team_id)s",
        role,
    )


async def _write_role(tx: Connection, statement: str, role: Role) -> None:
    values = {
        "id": role.id,
        "team_id": role.team_id,
        "name": role.name,
        "description": role.description,
        "permissions": list(role.permissions),
        "includes": list(role.includes),
        "demands": role.demands_second_factor,
        "created_at": role.created_at,
        "updated_at": role.updated_at,
    }
    try:
        await tx.execute(statement, values)
    except psycopg.errors.UniqueViolation:
        raise Conflict(f"There is a role called '{role.name}' already.") from None


async def delete_role(tx: Connection, team_id: UUID, role_id: UUID) -> None:
    """`Conflict` while a grant or an invitation gives it."""
    try:
        await tx.execute(
            "DELETE FROM identity_roles WHERE team_id = %(team_id)s AND id = %(id)s",
            {"team_id": team_id, "id": role_id},
        )
    except psycopg.errors.ForeignKeyViolation:
        raise Conflict("The role is still granted, or an invitation gives it. Take those away first.") from None


# — grants —


async def grant_of(tx: Connection, team_id: UUID, grant_id: UUID) -> Grant | None:
    cursor = await tx.execute(
        f"SELECT {_GRANT_COLUMNS} FROM identity_grants g WHERE g.team_id = %(team_id)s AND g.id = %(id)s",
        {"team_id": team_id, "id": grant_id},
    )
    row = await cursor.fetchone()
    return _grant(row) if row else None


async def grants_like(
    tx: Connection, team_id: UUID, wanted: dict[str, Any], after: tuple[datetime, UUID] | None, limit: int
) -> list[dict[str, Any]]:
    """Grants with the columns of `wanted`, newest first, with the names of subject, role and project."""
    conditions = ["g.team_id = %(team_id)s", *(f"g.{column} = %({column})s" for column in sorted(wanted))]
    values: dict[str, Any] = {"team_id": team_id, "limit": limit, **wanted}
    if after is not None:
        conditions.append("(g.created_at, g.id) < (%(at)s, %(last)s)")
        values |= {"at": after[0], "last": after[1]}
    cursor = await tx.execute(
        f"SELECT {_GRANT_COLUMNS}, r.name AS role_name, p.name AS project_name,"
        " coalesce(u.name, gr.name, k.name, '') AS subject_name"
        " FROM identity_grants g JOIN identity_roles r ON r.id = g.role_id"
        " LEFT JOIN identity_projects p ON p.id = g.project_id"
        " LEFT JOIN identity_users u ON g.subject_kind = 'user' AND u.id = g.subject_id"
        " LEFT JOIN identity_groups gr ON g.subject_kind = 'group' AND gr.id = g.subject_id"
        " LEFT JOIN identity_api_keys k ON g.subject_kind = 'api_key' AND k.id = g.subject_id"
        f" WHERE {' AND '.join(conditions)} ORDER BY g.created_at DESC, g.id DESC LIMIT %(limit)s",
        values,
    )
    return await cursor.fetchall()


async def count_grants(tx: Connection, team_id: UUID) -> int:
    cursor = await tx.execute(
        "SELECT count(*) AS grants FROM identity_grants WHERE team_id = %(team_id)s", {"team_id": team_id}
    )
    row = await cursor.fetchone()
    assert row is not None
    return int(row["grants"])


async def insert_grant(tx: Connection, grant: Grant) -> None:
    """`Conflict` when the very same stands already."""
    try:
        await tx.execute(
            "INSERT INTO identity_grants (id, team_id, subject_kind, subject_id, role_id, effect, scope_kind,"
            " project_id, scope_id, created_at, created_by) VALUES (%(id)s, %(team_id)s, %(subject_kind)s,"
            " %(subject_id)s, %(role_id)s, %(effect)s, %(scope_kind)s, %(project_id)s, %(scope_id)s, %(created_at)s,"
            " %(created_by)s)",
            {
                "id": grant.id,
                "team_id": grant.team_id,
                "subject_kind": grant.subject_kind,
                "subject_id": grant.subject_id,
                "role_id": grant.role_id,
                "effect": grant.effect,
                "scope_kind": grant.scope_kind,
                "project_id": grant.project_id,
                "scope_id": grant.scope_id,
                "created_at": grant.created_at,
                "created_by": grant.created_by,
            },
        )
    except psycopg.errors.UniqueViolation:
        raise Conflict("This very grant stands already.") from None


async def delete_grant(tx: Connection, team_id: UUID, grant_id: UUID) -> None:
    await tx.execute(
        "DELETE FROM identity_grants WHERE team_id = %(team_id)s AND id = %(id)s", {"team_id": team_id, "id": grant_id}
    )


async def delete_grants_of(tx: Connection, team_id: UUID, kind: SubjectKind, subject_id: UUID) -> None:
    await tx.execute(
        "DELETE FROM identity_grants"
        " WHERE team_id = %(team_id)s AND subject_kind = %(kind)s AND subject_id = %(subject_id)s",
        {"team_id": team_id, "kind": kind, "subject_id": subject_id},
    )


def grant_from(row: dict[str, Any]) -> Grant:
    """Of a row that may hold more than the grant's own columns."""
    return Grant(
        id=row["id"],
        team_id=row["team_id"],
        subject_kind=SubjectKind(row["subject_kind"]),
        subject_id=row["subject_id"],
        role_id=row["role_id"],
        effect=Effect(row["effect"]),
        scope_kind=Level(row["scope_kind"]),
        project_id=row["project_id"],
        scope_id=row["scope_id"],
        created_at=row["created_at"],
        created_by=row["created_by"],
    )


_grant = grant_from


def _role(row: dict[str, Any]) -> Role:
    return Role(**{**row, "permissions": tuple(row["permissions"]), "includes": tuple(row["includes"])})
