"""All SQL of the authorization server."""

from datetime import datetime
from uuid import UUID

from mno.identity.oauth.model import AuthMethod, Client, KeptToken, ListedGrant, OauthGrant, TokenKind
from mno.platform.database import Connection, Row

_GRANT = (
    "g.id, g.team_id, g.project_id, g.user_id, g.client_id, g.client_name, g.redirect_uri, g.audience, g.scopes,"
    " g.second_factor, g.created_at, g.last_used_at"
)
#: So that registrations are counted one after the other.
_REGISTRATION_LOCK = 0x6D6E6F0A


# — clients —


async def lock_registrations(tx: Connection) -> None:
    await tx.execute("SELECT pg_advisory_xact_lock(%(lock)s)", {"lock": _REGISTRATION_LOCK})


async def registrations_since(tx: Connection, address: str, since: datetime) -> tuple[int, int]:
    """Those of this address since then, and all that wait for somebody's consent."""
    rows = await tx.execute(
        "SELECT count(*) FILTER (WHERE address = %(address)s AND created_at > %(since)s) AS here,"
        " count(*) FILTER (WHERE last_used_at IS NULL) AS waiting FROM identity_oauth_clients",
        {"address": address, "since": since},
    )
    row = await rows.fetchone()
    assert row is not None
    return int(row["here"]), int(row["waiting"])


async def insert_client(tx: Connection, client: Client, address: str, at: datetime) -> None:
    await tx.execute(
        "INSERT INTO identity_oauth_clients (id, name, uri, redirect_uris, auth_method, secret, address, created_at)"
        " VALUES (%(id)s, %(name)s, %(uri)s, %(redirect_uris)s, %(auth_method)s, %(secret)s, %(address)s, %(at)s)",
        {
            "id": client.id,
            "name": client.name,
            "uri": client.uri,
            "redirect_uris": list(client.redirect_uris),
            "auth_method": client.auth_method,
            "secret": client.secret,
            "address": address,
            "at": at,
        },
    )


async def client(tx: Connection, client_id: str) -> Client | None:
    rows = await tx.execute(
        "SELECT id, name, uri, redirect_uris, auth_method, secret FROM identity_oauth_clients WHERE id = %(id)s",
        {"id": client_id},
    )
    row = await rows.fetchone()
    if row is None:
        return None
    own = {
        "redirect_uris": tuple(row["redirect_uris"]),
        "auth_method": AuthMethod(row["auth_method"]),
        "secret": bytes(row["secret"]),
    }
    return Client(**{**row, **own})


async def note_client_use(tx: Connection, client_id: str, at: datetime) -> None:
    await tx.execute(
        "UPDATE identity_oauth_clients SET last_used_at = %(at)s WHERE id = %(id)s", {"id": client_id, "at": at}
    )


async def delete_unused_clients(tx: Connection, created_before: datetime, used_before: datetime) -> None:
    """Those that nobody consented to, and those that nobody's grant names any more."""
    await tx.execute(
        "DELETE FROM identity_oauth_clients c WHERE (last_used_at IS NULL AND created_at < %(created)s)"
        " OR (last_used_at < %(used)s"
        " AND NOT EXISTS (SELECT FROM identity_oauth_grants g WHERE g.client_id = c.id))",
        {"created": created_before, "used": used_before},
    )


# — grants —


async def insert_grant(tx: Connection, grant: OauthGrant) -> None:
    await tx.execute(
        "INSERT INTO identity_oauth_grants (id, team_id, project_id, user_id, client_id, client_name, redirect_uri,"
        " audience, scopes, second_factor, created_at) VALUES (%(id)s, %(team_id)s, %(project_id)s, %(user_id)s,"
        " %(client_id)s, %(client_name)s, %(redirect_uri)s, %(audience)s, %(scopes)s, %(second_factor)s,"
        " %(created_at)s)",
        {
            "id": grant.id,
            "team_id": grant.team_id,
            "project_id": grant.project_id,
            "user_id": grant.user_id,
            "client_id": grant.client_id,
            "client_name": grant.client_name,
            "redirect_uri": grant.redirect_uri,
            "audience": grant.audience,
            "scopes": list(grant.scopes),
            "second_factor": grant.second_factor,
            "created_at": grant.created_at,
        },
    )


async def count_grants(tx: Connection, team_id: UUID, user_id: UUID) -> int:
    rows = await tx.execute(
        "SELECT count(*) AS grants FROM identity_oauth_grants WHERE team_id = %(team_id)s AND user_id = %(user_id)s",
        {"team_id": team_id, "user_id": user_id},
    )
    row = await rows.fetchone()
    assert row is not None
    return int(row["grants"])


async def grants_of_person(tx: Connection, user_id: UUID) -> list[ListedGrant]:
    """In all teams, those whose client came back for its tokens, newest first."""
    rows = await tx.execute(
        f"SELECT {_GRANT}, t.name AS team, p.name AS project FROM identity_oauth_grants g"
        " JOIN identity_teams t ON t.id = g.team_id JOIN identity_projects p ON p.id = g.project_id"
        " WHERE g.user_id = %(user_id)s AND g.last_used_at IS NOT NULL ORDER BY g.created_at DESC, g.id DESC",
        {"user_id": user_id},
    )
    return [ListedGrant(_grant(row), row["team"], row["project"]) for row in await rows.fetchall()]


async def grant_of_person(tx: Connection, user_id: UUID, grant_id: UUID) -> OauthGrant | None:
    rows = await tx.execute(
        f"SELECT {_GRANT} FROM identity_oauth_grants g WHERE g.user_id = %(user_id)s AND g.id = %(id)s",
        {"user_id": user_id, "id": grant_id},
    )
    row = await rows.fetchone()
    return _grant(row) if row else None


async def delete_grant(tx: Connection, team_id: UUID, grant_id: UUID) -> None:
    """With everything that stands for it."""
    await tx.execute(
        "DELETE FROM identity_oauth_grants WHERE team_id = %(team_id)s AND id = %(id)s",
        {"team_id": team_id, "id": grant_id},
    )


async def note_use(tx: Connection, grant_id: UUID, at: datetime) -> None:
    await tx.execute(
        "UPDATE identity_oauth_grants SET last_used_at = %(at)s WHERE id = %(id)s", {"id": grant_id, "at": at}
    )


# — codes and tokens —


async def insert_token(
    tx: Connection, grant: OauthGrant, kind: TokenKind, fingerprint: bytes, expires_at: datetime, challenge: str = ""
) -> None:
    await tx.execute(
        "INSERT INTO identity_oauth_tokens (fingerprint, team_id, grant_id, kind, challenge, expires_at)"
        " VALUES (%(fingerprint)s, %(team_id)s, %(grant_id)s, %(kind)s, %(challenge)s, %(expires_at)s)",
        {
            "fingerprint": fingerprint,
            "team_id": grant.team_id,
            "grant_id": grant.id,
            "kind": kind,
            "challenge": challenge,
            "expires_at": expires_at,
        },
    )


async def token(tx: Connection, fingerprint: bytes, *, lock: bool = False) -> KeptToken | None:
    """With its grant; `lock` lets nobody else use one of the grant's until the transaction ends."""
    rows = await tx.execute(
        f"SELECT {_GRANT}, k.fingerprint, k.kind, k.challenge, k.expires_at, k.used_at FROM identity_oauth_tokens k"
        f" JOIN identity_oauth_grants g ON g.id = k.grant_id WHERE k.fingerprint = %(fingerprint)s"
        f"{' FOR UPDATE' if lock else ''}",
        {"fingerprint": fingerprint},
    )
    row = await rows.fetchone()
    if row is None:
        return None
    return KeptToken(
        bytes(row["fingerprint"]),
        TokenKind(row["kind"]),
        row["challenge"],
        row["expires_at"],
        row["used_at"],
        _grant(row),
    )


async def mark_used(tx: Connection, fingerprint: bytes, at: datetime) -> None:
    await tx.execute(
        "UPDATE identity_oauth_tokens SET used_at = %(at)s WHERE fingerprint = %(fingerprint)s",
        {"fingerprint": fingerprint, "at": at},
    )


async def person_name(tx: Connection, grant: OauthGrant) -> str | None:
    """Of whoever consented; None where they may not act in the team any more."""
    rows = await tx.execute(
        "SELECT u.name FROM identity_members m JOIN identity_users u ON u.id = m.user_id"
        " JOIN identity_teams t ON t.id = m.team_id AND t.archived_at IS NULL"
        " JOIN identity_projects p ON p.id = %(project_id)s AND p.archived_at IS NULL"
        " WHERE m.team_id = %(team_id)s AND m.user_id = %(user_id)s"
        " AND m.deactivated_at IS NULL AND u.deactivated_at IS NULL",
        {"team_id": grant.team_id, "user_id": grant.user_id, "project_id": grant.project_id},
    )
    row = await rows.fetchone()
    return str(row["name"]) if row else None


async def delete_expired(tx: Connection, at: datetime) -> None:
    """What works no more: tokens, and grants for which nothing is left."""
    await tx.execute("DELETE FROM identity_oauth_tokens WHERE expires_at < %(at)s AND kind <> 'code'", {"at": at})
    await tx.execute(
        "DELETE FROM identity_oauth_grants g WHERE NOT EXISTS (SELECT FROM identity_oauth_tokens k"
        " WHERE k.grant_id = g.id AND k.expires_at >= %(at)s)",
        {"at": at},
    )


def _grant(row: Row) -> OauthGrant:
    names = OauthGrant.__slots__
    return OauthGrant(**{**{name: row[name] for name in names}, "scopes": tuple(row["scopes"])})
