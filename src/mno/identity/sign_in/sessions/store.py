"""All SQL of sessions, of the links that open the first one, and of who may come in at all."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from mno.identity.sign_in.model import (
    LAST_SEEN_RESOLUTION,
    MAX_SESSIONS_PER_PERSON,
    Factor,
    Person,
    Place,
    Session,
)
from mno.platform.database import Connection

_COLUMNS = (
    "id, user_id, team_id, project_id, address, agent, factors, verified_at, created_at, last_seen_at, expires_at"
)


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session that is about to begin."""

    id: UUID
    fingerprint: bytes
    user_id: UUID
    place: Place
    address: str
    agent: str
    factors: tuple[Factor, ...]
    verified_at: datetime | None
    created_at: datetime
    expires_at: datetime
    idle_until: datetime


# — who —


async def person(tx: Connection, user_id: UUID) -> Person | None:
    """The person, unless deactivated."""
    return await _person(tx, "id = %(wanted)s", user_id)


async def person_by_email(tx: Connection, email: str) -> Person | None:
    """Whose address this is, in any spelling of case, unless deactivated."""
    return await _person(tx, "lower(email) = lower(%(wanted)s) AND email <> ''", email)


async def _person(tx: Connection, condition: str, wanted: object) -> Person | None:
    row = await (
        await tx.execute(
            "SELECT id, name, email, email_verified_at IS NOT NULL AS email_verified FROM identity_users"
            f" WHERE {condition} AND deactivated_at IS NULL",
            {"wanted": wanted},
        )
    ).fetchone()
    return Person(**row) if row else None


async def address_is_known(tx: Connection, email: str) -> bool:
    """Whether anybody has this address, deactivated or not."""
    row = await (
        await tx.execute("SELECT 1 FROM identity_users WHERE lower(email) = lower(%(email)s)", {"email": email})
    ).fetchone()
    return row is not None


async def first_project(tx: Connection, team_id: UUID) -> UUID | None:
    row = await (
        await tx.execute(
            "SELECT id FROM identity_projects WHERE team_id = %(team_id)s AND archived_at IS NULL"
            " ORDER BY created_at, id LIMIT 1",
            {"team_id": team_id},
        )
    ).fetchone()
    return row["id"] if row else None


async def language_of(tx: Connection, user_id: UUID) -> str:
    row = await (await tx.execute("SELECT language FROM identity_users WHERE id = %(id)s", {"id": user_id})).fetchone()
    return str(row["language"]) if row else ""


async def names_of(tx: Connection, place: Place) -> tuple[str, str]:
    """What the team and the project are called."""
    row = await (
        await tx.execute(
            "SELECT t.name AS team, p.name AS project FROM identity_teams t"
            " JOIN identity_projects p ON p.team_id = t.id AND p.id = %(project_id)s WHERE t.id = %(team_id)s",
            {"team_id": place.team_id, "project_id": place.project_id},
        )
    ).fetchone()
    return (row["team"], row["project"]) if row else ("", "")


async def owner_of_team(tx: Connection, team_id: UUID, owner_role: UUID) -> UUID | None:
    """The first of the team's owners who may come in."""
    row = await (
        await tx.execute(
            "SELECT u.id FROM identity_grants g JOIN identity_users u ON u.id = g.subject_id"
            " JOIN identity_members m ON m.user_id = u.id AND m.team_id = g.team_id AND m.deactivated_at IS NULL"
            " WHERE g.team_id = %(team_id)s AND g.subject_kind = 'user' AND g.role_id = %(owner)s"
            " AND g.scope_kind = 'team' AND g.effect = 'allow' AND u.deactivated_at IS NULL"
            " ORDER BY g.created_at, u.created_at, u.id LIMIT 1",
            {"team_id": team_id, "owner": owner_role},
        )
    ).fetchone()
    return row["id"] if row else None


async def place_of(tx: Connection, user_id: UUID, team_id: UUID | None, project_id: UUID | None) -> Place | None:
    """Where a person may act: the wanted team and project, else those of their newest session, else the first.

    Projects in which they (or a group of theirs) hold a grant come before others. None when they belong to no
    team (or not to the wanted one, or that has no such project).
    """
    row = await (
        await tx.execute(
            """
            SELECT m.team_id, p.id AS project_id
            FROM identity_members m
            JOIN identity_teams t ON t.id = m.team_id AND t.archived_at IS NULL
            -- an archived project only by its name: its history can be read
            JOIN identity_projects p ON p.team_id = m.team_id
              AND (p.archived_at IS NULL OR p.id = %(project_id)s)
            LEFT JOIN LATERAL (
                SELECT max(s.last_seen_at) AS at FROM identity_sessions s
                WHERE s.user_id = m.user_id AND s.team_id = m.team_id AND s.project_id = p.id
            ) seen ON true
            WHERE m.user_id = %(user_id)s AND m.deactivated_at IS NULL
              AND (%(team_id)s::uuid IS NULL OR m.team_id = %(team_id)s)
              AND (%(project_id)s::uuid IS NULL OR p.id = %(project_id)s)
            ORDER BY seen.at DESC NULLS LAST, EXISTS (
                SELECT FROM identity_grants g
                WHERE g.team_id = m.team_id AND g.effect = 'allow'
                  AND (g.project_id IS NULL OR g.project_id = p.id)
                  AND (g.subject_kind = 'user' AND g.subject_id = m.user_id
                       OR g.subject_kind = 'group' AND g.subject_id IN (
                           SELECT group_id FROM identity_group_members gm
                           WHERE gm.team_id = m.team_id AND gm.user_id = m.user_id))
            ) DESC, m.joined_at, p.created_at, p.id
            LIMIT 1
            """,
            {"user_id": user_id, "team_id": team_id, "project_id": project_id},
        )
    ).fetchone()
    return Place(**row) if row else None


# — sessions —


async def insert(tx: Connection, new: NewSession) -> None:
    await tx.execute(
        "INSERT INTO identity_sessions (id, fingerprint, user_id, team_id, project_id, address, agent, factors,"
        " verified_at, created_at, last_seen_at, expires_at, idle_until)"
        " VALUES (%(id)s, %(fingerprint)s, %(user_id)s, %(team_id)s, %(project_id)s, %(address)s, %(agent)s,"
        " %(factors)s, %(verified_at)s, %(created_at)s, %(created_at)s, %(expires_at)s, %(idle_until)s)",
        {
            "id": new.id,
            "fingerprint": new.fingerprint,
            "user_id": new.user_id,
            "team_id": new.place.team_id,
            "project_id": new.place.project_id,
            "address": new.address,
            "agent": new.agent,
            "factors": [str(factor) for factor in new.factors],
            "verified_at": new.verified_at,
            "created_at": new.created_at,
            "expires_at": new.expires_at,
            "idle_until": new.idle_until,
        },
    )


async def drop_surplus(tx: Connection, user_id: UUID) -> None:
    """Ends the sessions above MAX_SESSIONS_PER_PERSON, those not seen for longest first."""
    await tx.execute(
        "DELETE FROM identity_sessions WHERE id IN (SELECT id FROM identity_sessions WHERE user_id = %(user_id)s"
        " ORDER BY last_seen_at DESC, id DESC OFFSET %(most)s)",
        {"user_id": user_id, "most": MAX_SESSIONS_PER_PERSON},
    )


async def session_by_fingerprint(
    tx: Connection, fingerprint: bytes, at: datetime, idle: timedelta | None = None
) -> dict[str, Any] | None:
    """Whose session it is: id, team_id, project_id, user_id, name, factors, verified_at.

    None when it is unknown, expired, unused for too long, or its person was deactivated. Where more than
    LAST_SEEN_RESOLUTION passed since it was last seen, it is seen now; `idle` is how long it lasts unused.
    """
    row = await (
        await tx.execute(
            "SELECT s.id, s.team_id, s.project_id, s.user_id, u.name, s.factors, s.verified_at, s.last_seen_at,"
            " s.expires_at, s.idle_until, s.idle_until - s.last_seen_at AS idle"
            " FROM identity_sessions s JOIN identity_users u ON u.id = s.user_id"
            " WHERE s.fingerprint = %(fingerprint)s AND s.expires_at > %(at)s AND s.idle_until > %(at)s"
            " AND u.deactivated_at IS NULL",
            {"fingerprint": fingerprint, "at": at},
        )
    ).fetchone()
    if row is not None and at - row["last_seen_at"] >= LAST_SEEN_RESOLUTION:
        await tx.execute(
            "UPDATE identity_sessions SET last_seen_at = %(at)s, idle_until = %(until)s"
            " WHERE fingerprint = %(fingerprint)s",
            {"fingerprint": fingerprint, "at": at, "until": at + (idle or row["idle"])},
        )
    return row


async def rotate(
    tx: Connection,
    session_id: UUID,
    fingerprint: bytes,
    *,
    shown: tuple[Factor, ...] = (),
    verified_at: datetime | None = None,
    place: Place | None = None,
) -> Session | None:
    """Gives the session a new secret, and what is new about it; None when it has ended."""
    row = await (
        await tx.execute(
            "UPDATE identity_sessions SET fingerprint = %(fingerprint)s,"
            " factors = ARRAY(SELECT DISTINCT f FROM unnest(factors || %(shown)s::text[]) AS f ORDER BY f),"
            " verified_at = coalesce(%(verified_at)s, verified_at),"
            " team_id = coalesce(%(team_id)s, team_id), project_id = coalesce(%(project_id)s, project_id)"
            f" WHERE id = %(id)s RETURNING {_COLUMNS}",
            {
                "id": session_id,
                "fingerprint": fingerprint,
                "shown": [str(factor) for factor in shown],
                "verified_at": verified_at,
                "team_id": place.team_id if place else None,
                "project_id": place.project_id if place else None,
            },
        )
    ).fetchone()
    return _session(row) if row else None


async def by_id(tx: Connection, session_id: UUID) -> Session | None:
    row = await (
        await tx.execute(f"SELECT {_COLUMNS} FROM identity_sessions WHERE id = %(id)s", {"id": session_id})
    ).fetchone()
    return _session(row) if row else None


async def of_person(tx: Connection, user_id: UUID, at: datetime) -> list[Session]:
    """Those that work, the last seen first; at most MAX_SESSIONS_PER_PERSON, as there are no more."""
    rows = await tx.execute(
        f"SELECT {_COLUMNS} FROM identity_sessions WHERE user_id = %(user_id)s AND expires_at > %(at)s"
        " AND idle_until > %(at)s ORDER BY last_seen_at DESC, id DESC LIMIT %(most)s",
        {"user_id": user_id, "at": at, "most": MAX_SESSIONS_PER_PERSON},
    )
    return [_session(row) for row in await rows.fetchall()]


async def end(
    tx: Connection,
    user_id: UUID,
    *,
    session_id: UUID | None = None,
    fingerprint: bytes | None = None,
    keep: UUID | None = None,
) -> list[UUID]:
    """Ends a person's sessions, or the one of this id or secret, or all but `keep`; their ids."""
    rows = await tx.execute(
        "DELETE FROM identity_sessions WHERE user_id = %(user_id)s"
        " AND (%(id)s::uuid IS NULL OR id = %(id)s)"
        " AND (%(fingerprint)s::bytea IS NULL OR fingerprint = %(fingerprint)s)"
        " AND (%(keep)s::uuid IS NULL OR id <> %(keep)s) RETURNING id",
        {"user_id": user_id, "id": session_id, "fingerprint": fingerprint, "keep": keep},
    )
    return [row["id"] for row in await rows.fetchall()]


async def owner_of_session(tx: Connection, fingerprint: bytes) -> UUID | None:
    row = await (
        await tx.execute(
            "SELECT user_id FROM identity_sessions WHERE fingerprint = %(fingerprint)s", {"fingerprint": fingerprint}
        )
    ).fetchone()
    return row["user_id"] if row else None


# — known browsers —


async def remember_device(tx: Connection, fingerprint: bytes, user_id: UUID, expires_at: datetime) -> None:
    await tx.execute(
        "INSERT INTO identity_known_devices (fingerprint, user_id, expires_at)"
        " VALUES (%(fingerprint)s, %(user_id)s, %(expires_at)s)",
        {"fingerprint": fingerprint, "user_id": user_id, "expires_at": expires_at},
    )


async def knows_device(tx: Connection, fingerprint: bytes, user_id: UUID, at: datetime) -> bool:
    row = await (
        await tx.execute(
            "SELECT 1 FROM identity_known_devices WHERE fingerprint = %(fingerprint)s AND user_id = %(user_id)s"
            " AND expires_at > %(at)s",
            {"fingerprint": fingerprint, "user_id": user_id, "at": at},
        )
    ).fetchone()
    return row is not None


async def forget_devices(tx: Connection, user_id: UUID) -> None:
    await tx.execute("DELETE FROM identity_known_devices WHERE user_id = %(user_id)s", {"user_id": user_id})


# — what was begun and waits for its second half —


async def begin_ceremony(
    tx: Connection, fingerprint: bytes, kind: str, user_id: UUID | None, data: str, expires_at: datetime
) -> None:
    await tx.execute(
        "INSERT INTO identity_ceremonies (fingerprint, kind, user_id, data, expires_at)"
        " VALUES (%(fingerprint)s, %(kind)s, %(user_id)s, %(data)s::jsonb, %(expires_at)s)",
        {"fingerprint": fingerprint, "kind": kind, "user_id": user_id, "data": data, "expires_at": expires_at},
    )


async def take_ceremony(tx: Connection, fingerprint: bytes, kind: str, at: datetime) -> dict[str, Any] | None:
    """Its user_id and data, and it is over: of two callers one gets it."""
    return await (
        await tx.execute(
            "DELETE FROM identity_ceremonies WHERE fingerprint = %(fingerprint)s AND kind = %(kind)s"
            " AND expires_at > %(at)s RETURNING user_id, data",
            {"fingerprint": fingerprint, "kind": kind, "at": at},
        )
    ).fetchone()


async def look_at_ceremony(tx: Connection, fingerprint: bytes, kind: str, at: datetime) -> dict[str, Any] | None:
    """The same, and it goes on."""
    return await (
        await tx.execute(
            "SELECT user_id, data FROM identity_ceremonies WHERE fingerprint = %(fingerprint)s AND kind = %(kind)s"
            " AND expires_at > %(at)s FOR UPDATE",
            {"fingerprint": fingerprint, "kind": kind, "at": at},
        )
    ).fetchone()


# — links —


async def insert_link(tx: Connection, fingerprint: bytes, user_id: UUID, place: Place, expires_at: datetime) -> None:
    await tx.execute(
        "INSERT INTO identity_sign_in_links (fingerprint, team_id, project_id, user_id, expires_at)"
        " VALUES (%(fingerprint)s, %(team_id)s, %(project_id)s, %(user_id)s, %(expires_at)s)",
        {
            "fingerprint": fingerprint,
            "team_id": place.team_id,
            "project_id": place.project_id,
            "user_id": user_id,
            "expires_at": expires_at,
        },
    )


async def use_link(tx: Connection, fingerprint: bytes, at: datetime) -> dict[str, Any] | None:
    """Marks the link as used and says whose it is; None when it is unknown, used or expired.

    One statement, so that of two callers at the same moment one succeeds.
    """
    return await (
        await tx.execute(
            "UPDATE identity_sign_in_links SET used_at = %(at)s"
            " WHERE fingerprint = %(fingerprint)s AND used_at IS NULL AND expires_at > %(at)s"
            " RETURNING team_id, project_id, user_id",
            {"fingerprint": fingerprint, "at": at},
        )
    ).fetchone()


async def delete_expired(tx: Connection, at: datetime) -> None:
    """Sessions, links, ceremonies and devices that work no more."""
    for table, column in (
        ("identity_sessions", "least(expires_at, idle_until)"),
        ("identity_sign_in_links", "expires_at"),
        ("identity_mail_links", "expires_at"),
        ("identity_ceremonies", "expires_at"),
        ("identity_known_devices", "expires_at"),
    ):
        await tx.execute(f"DELETE FROM {table} WHERE {column} <= %(at)s", {"at": at})


def _session(row: dict[str, Any]) -> Session:
    return Session(**{**row, "factors": tuple(Factor(factor) for factor in row["factors"])})
