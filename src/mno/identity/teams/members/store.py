"""SQL of people and of their membership in teams."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.errors import UniqueViolation

from mno.identity.teams.model import HeldRole, Member, Person
from mno.platform.database import Connection
from mno.platform.errors import Conflict
from mno.platform.ids import new_id

_PERSON = "u.id, u.name, u.email, u.email_verified_at, u.deactivated_at, u.language"
_MEMBER = (
    "m.team_id, m.user_id, u.name, u.email, m.joined_at, m.deactivated_at, m.user_name IS NOT NULL AS managed,"
    " lower(coalesce(nullif(u.name, ''), u.email)) AS sorted"
)


async def person(tx: Connection, user_id: UUID) -> Person | None:
    cursor = await tx.execute(f"SELECT {_PERSON} FROM identity_users u WHERE u.id = %(id)s", {"id": user_id})
    row = await cursor.fetchone()
    return Person(**row) if row else None


async def person_by_email(tx: Connection, email: str) -> Person | None:
    cursor = await tx.execute(
        f"SELECT {_PERSON} FROM identity_users u WHERE u.email <> '' AND lower(u.email) = lower(%(email)s) FOR UPDATE",
        {"email": email},
    )
    row = await cursor.fetchone()
    return Person(**row) if row else None


async def insert_person(tx: Connection, made: Person) -> None:
    """`Conflict` when somebody else has the address."""
    try:
        await tx.execute(
            "INSERT INTO identity_users (id, name, email, email_verified_at, language)"
            " VALUES (%(id)s, %(name)s, %(email)s, %(verified)s, %(language)s)",
            {
                "id": made.id,
                "name": made.name,
                "email": made.email,
                "verified": made.email_verified_at,
                "language": made.language,
            },
        )
    except UniqueViolation:
        raise Conflict("Somebody has an account with this address already.") from None


async def update_person(tx: Connection, user_id: UUID, *, name: str, email: str) -> None:
    """A changed address is not verified any more. `Conflict` when somebody else has it."""
    try:
        await tx.execute(
            "UPDATE identity_users SET name = %(name)s, email = %(email)s, updated_at = now(),"
            " email_verified_at = CASE WHEN lower(email) = lower(%(email)s) THEN email_verified_at END"
            " WHERE id = %(id)s",
            {"id": user_id, "name": name, "email": email},
        )
    except UniqueViolation:
        raise Conflict("Somebody else has an account with this address.") from None


async def verify_email(tx: Connection, user_id: UUID, at: datetime) -> None:
    await tx.execute(
        "UPDATE identity_users SET email_verified_at = coalesce(email_verified_at, %(at)s) WHERE id = %(id)s",
        {"id": user_id, "at": at},
    )


async def unverify_email(tx: Connection, user_id: UUID) -> None:
    await tx.execute("UPDATE identity_users SET email_verified_at = NULL WHERE id = %(id)s", {"id": user_id})


async def forget_ways_in(tx: Connection, user_id: UUID) -> None:
    """Whatever somebody could sign in with."""
    for table in ("passwords", "passkeys", "totp", "recovery_codes", "outside_accounts", "known_devices"):
        await tx.execute(f"DELETE FROM identity_{table} WHERE user_id = %(id)s", {"id": user_id})


async def lock_person(tx: Connection, user_id: UUID) -> None:
    """Until the transaction's end: nobody else decides meanwhile whether the account still has a team."""
    await tx.execute("SELECT FROM identity_users WHERE id = %(id)s FOR UPDATE", {"id": user_id})


async def has_active_team(tx: Connection, user_id: UUID) -> bool:
    """In any team that is not archived. Asks across teams."""
    cursor = await tx.execute(
        "SELECT EXISTS (SELECT FROM identity_members m JOIN identity_teams t ON t.id = m.team_id"
        " WHERE m.user_id = %(user)s AND m.deactivated_at IS NULL AND t.archived_at IS NULL) AS has",
        {"user": user_id},
    )
    row = await cursor.fetchone()
    return bool(row and row["has"])


async def team_ids_of(tx: Connection, user_id: UUID) -> list[UUID]:
    """Asks across teams."""
    cursor = await tx.execute("SELECT team_id FROM identity_members WHERE user_id = %(user)s", {"user": user_id})
    return [row["team_id"] for row in await cursor.fetchall()]


async def settle_account(tx: Connection, user_id: UUID, at: datetime) -> None:
    """An account without an active team is deactivated, one with such a team is not. Asks across teams."""
    await tx.execute(
        "UPDATE identity_users SET deactivated_at = CASE WHEN EXISTS ("
        "SELECT FROM identity_members m WHERE m.user_id = %(user)s AND m.deactivated_at IS NULL"
        ") THEN NULL ELSE coalesce(deactivated_at, %(at)s) END WHERE id = %(user)s",
        {"user": user_id, "at": at},
    )


async def insert_member(tx: Connection, team_id: UUID, user_id: UUID, at: datetime) -> bool:
    """False when the person belonged to the team already and was active; a deactivated one is active again."""
    cursor = await tx.execute(
        "INSERT INTO identity_members (team_id, user_id, joined_at) VALUES (%(team)s, %(user)s, %(at)s)"
        " ON CONFLICT (team_id, user_id) DO UPDATE SET deactivated_at = NULL, updated_at = %(at)s"
        " WHERE identity_members.deactivated_at IS NOT NULL",
        {"team": team_id, "user": user_id, "at": at},
    )
    return cursor.rowcount == 1


async def count_members(tx: Connection, team_id: UUID) -> int:
    cursor = await tx.execute(
        "SELECT count(*) AS members FROM identity_members WHERE team_id = %(team)s", {"team": team_id}
    )
    row = await cursor.fetchone()
    assert row is not None
    return int(row["members"])


async def is_active_member(tx: Connection, team_id: UUID, user_id: UUID) -> bool:
    cursor = await tx.execute(
        "SELECT EXISTS (SELECT FROM identity_members m JOIN identity_teams t ON t.id = m.team_id"
        " WHERE m.team_id = %(team)s AND m.user_id = %(user)s AND m.deactivated_at IS NULL"
        " AND t.archived_at IS NULL) AS is_member",
        {"team": team_id, "user": user_id},
    )
    row = await cursor.fetchone()
    return bool(row and row["is_member"])


async def member(tx: Connection, team_id: UUID, user_id: UUID, *, lock: bool = False) -> Member | None:
    suffix = " FOR UPDATE OF m" if lock else ""
    cursor = await tx.execute(
        f"SELECT {_MEMBER} FROM identity_members m JOIN identity_users u ON u.id = m.user_id"
        f" WHERE m.team_id = %(team)s AND m.user_id = %(user)s{suffix}",
        {"team": team_id, "user": user_id},
    )
    row = await cursor.fetchone()
    return (await _with_roles(tx, team_id, [row]))[0] if row else None


async def members(
    tx: Connection, team_id: UUID, *, search: str, after: tuple[str, UUID] | None, limit: int
) -> list[Member]:
    """By name; those whose name or address holds `search`."""
    cursor = await tx.execute(
        f"SELECT * FROM (SELECT {_MEMBER} FROM identity_members m JOIN identity_users u ON u.id = m.user_id"
        " WHERE m.team_id = %(team)s AND (%(search)s = '' OR position(lower(%(search)s) IN lower(u.name)) > 0"
        " OR position(lower(%(search)s) IN lower(u.email)) > 0)) listed"
        " WHERE %(key)s::text IS NULL OR (sorted, user_id) > (lower(%(key)s), %(last)s)"
        " ORDER BY sorted, user_id LIMIT %(limit)s",
        {
            "team": team_id,
            "search": search,
            "key": after[0] if after else None,
            "last": after[1] if after else None,
            "limit": limit,
        },
    )
    return await _with_roles(tx, team_id, await cursor.fetchall())


async def _with_roles(tx: Connection, team_id: UUID, rows: Sequence[dict[str, Any]]) -> list[Member]:
    ids = [row["user_id"] for row in rows]
    roles: dict[UUID, list[HeldRole]] = {}
    for row in await (
        await tx.execute(
            "SELECT g.subject_id, g.role_id, r.name AS role, g.effect, g.scope_kind, g.project_id, g.scope_id"
            " FROM identity_grants g JOIN identity_roles r ON r.id = g.role_id"
            " WHERE g.team_id = %(team)s AND g.subject_kind = 'user' AND g.subject_id = ANY(%(users)s)"
            " ORDER BY g.created_at, g.id",
            {"team": team_id, "users": ids},
        )
    ).fetchall():
        subject = row.pop("subject_id")
        roles.setdefault(subject, []).append(HeldRole(**row))
    groups: dict[UUID, list[tuple[UUID, str]]] = {}
    for row in await (
        await tx.execute(
            "SELECT gm.user_id, g.id, g.name FROM identity_group_members gm"
            " JOIN identity_groups g ON g.id = gm.group_id"
            " WHERE gm.team_id = %(team)s AND gm.user_id = ANY(%(users)s) ORDER BY lower(g.name)",
            {"team": team_id, "users": ids},
        )
    ).fetchall():
        groups.setdefault(row["user_id"], []).append((row["id"], row["name"]))
    return [
        Member(
            **{name: value for name, value in row.items() if name != "sorted"},
            roles=tuple(roles.get(row["user_id"], ())),
            groups=tuple(groups.get(row["user_id"], ())),
        )
        for row in rows
    ]


async def give_role(
    tx: Connection, team_id: UUID, user_id: UUID, role_id: UUID, project_id: UUID | None, by: str
) -> None:
    """Once, however often it is given."""
    await tx.execute(
        "INSERT INTO identity_grants"
        " (id, team_id, subject_kind, subject_id, role_id, scope_kind, project_id, created_by) VALUES"
        " (%(id)s, %(team)s, 'user', %(user)s, %(role)s, %(scope)s, %(project)s, %(by)s) ON CONFLICT DO NOTHING",
        {
            "id": new_id(),
            "team": team_id,
            "user": user_id,
            "role": role_id,
            "scope": "team" if project_id is None else "project",
            "project": project_id,
            "by": by,
        },
    )


async def set_deactivated(tx: Connection, team_id: UUID, user_id: UUID, at: datetime | None) -> None:
    await tx.execute(
        "UPDATE identity_members SET deactivated_at = %(at)s, updated_at = now()"
        " WHERE team_id = %(team)s AND user_id = %(user)s",
        {"team": team_id, "user": user_id, "at": at},
    )


async def delete_member(tx: Connection, team_id: UUID, user_id: UUID) -> None:
    """With the person's roles in the team; groups follow by themselves."""
    asked = {"team": team_id, "user": user_id}
    await tx.execute(
        "DELETE FROM identity_grants WHERE team_id = %(team)s AND subject_kind = 'user' AND subject_id = %(user)s",
        asked,
    )
    await tx.execute("DELETE FROM identity_members WHERE team_id = %(team)s AND user_id = %(user)s", asked)


async def end_access(tx: Connection, team_id: UUID, user_id: UUID, by: str, at: datetime) -> dict[str, int]:
    """Ends the person's keys, sessions, links and the open invitations that they made or that would let them in again;
    how many of each there were.
    """
    asked = {"team": team_id, "user": user_id, "by": by, "at": at}
    keys = await tx.execute(
        "UPDATE identity_api_keys SET revoked_at = %(at)s"
        " WHERE team_id = %(team)s AND created_by = %(user)s AND revoked_at IS NULL",
        asked,
    )
    sessions = await tx.execute("DELETE FROM identity_sessions WHERE team_id = %(team)s AND user_id = %(user)s", asked)
    await tx.execute("DELETE FROM identity_sign_in_links WHERE team_id = %(team)s AND user_id = %(user)s", asked)
    invitations = await tx.execute(
        "UPDATE identity_invitations SET revoked_at = %(at)s"
        " WHERE team_id = %(team)s AND accepted_at IS NULL AND revoked_at IS NULL AND (created_by = %(by)s"
        " OR lower(email) = (SELECT lower(u.email) FROM identity_users u WHERE u.id = %(user)s))",
        asked,
    )
    return {
        "keys_revoked": keys.rowcount,
        "sessions_ended": sessions.rowcount,
        "invitations_revoked": invitations.rowcount,
    }
