"""All SQL of providers and of the accounts there that people have linked."""

from datetime import datetime
from typing import Any
from uuid import UUID

from mno.identity.sign_in.outside.model import GITHUB, LinkedAccount, Provider
from mno.platform.database import Connection

_COLUMNS = (
    "id, team_id, name, issuer, client_id, scopes, trusts_factor, trusts_email, domains, joins_team, joins_role,"
    " enabled, created_at"
)


def _values(provider: Provider) -> dict[str, Any]:
    return {
        "id": provider.id,
        "team_id": provider.team_id,
        "name": provider.name,
        "issuer": provider.issuer,
        "client_id": provider.client_id,
        "scopes": provider.scopes,
        "trusts_factor": provider.trusts_factor,
        "trusts_email": provider.trusts_email,
        "domains": list(provider.domains),
        "joins_team": provider.joins_team,
        "joins_role": provider.joins_role,
        "enabled": provider.enabled,
        "created_at": provider.created_at,
    }


async def insert(tx: Connection, provider: Provider, sealed_secret: bytes) -> None:
    await tx.execute(
        f"INSERT INTO identity_sign_in_providers ({_COLUMNS}, sealed_secret) VALUES (%(id)s, %(team_id)s, %(name)s,"
        " %(issuer)s, %(client_id)s, %(scopes)s, %(trusts_factor)s, %(trusts_email)s, %(domains)s, %(joins_team)s,"
        " %(joins_role)s, %(enabled)s, %(created_at)s, %(sealed_secret)s)",
        {**_values(provider), "sealed_secret": sealed_secret},
    )


async def update(tx: Connection, provider: Provider, sealed_secret: bytes | None) -> None:
    """All but the issuer, by which its people are known; without a secret the old one stays."""
    await tx.execute(
        "UPDATE identity_sign_in_providers SET team_id = %(team_id)s, name = %(name)s, client_id = %(client_id)s,"
        " scopes = %(scopes)s, trusts_factor = %(trusts_factor)s, trusts_email = %(trusts_email)s,"
        " domains = %(domains)s, joins_team = %(joins_team)s, joins_role = %(joins_role)s, enabled = %(enabled)s,"
        " sealed_secret = coalesce(%(sealed_secret)s, sealed_secret) WHERE id = %(id)s",
        {**_values(provider), "sealed_secret": sealed_secret},
    )


async def all_providers(tx: Connection) -> list[Provider]:
    rows = await tx.execute(f"SELECT {_COLUMNS} FROM identity_sign_in_providers ORDER BY name, id")
    return [_provider(row) for row in await rows.fetchall()]


async def provider(tx: Connection, provider_id: UUID, *, lock: bool = False) -> Provider | None:
    row = await (
        await tx.execute(
            f"SELECT {_COLUMNS} FROM identity_sign_in_providers WHERE id = %(id)s{' FOR UPDATE' if lock else ''}",
            {"id": provider_id},
        )
    ).fetchone()
    return _provider(row) if row else None


async def sealed_secret_of(tx: Connection, provider_id: UUID) -> bytes:
    row = await (
        await tx.execute("SELECT sealed_secret FROM identity_sign_in_providers WHERE id = %(id)s", {"id": provider_id})
    ).fetchone()
    assert row is not None
    return bytes(row["sealed_secret"])


async def keep_sealed(tx: Connection, provider_id: UUID, sealed: bytes) -> None:
    await tx.execute(
        "UPDATE identity_sign_in_providers SET sealed_secret = %(sealed)s WHERE id = %(id)s",
        {"id": provider_id, "sealed": sealed},
    )


async def delete(tx: Connection, provider_id: UUID) -> None:
    """With the links to its accounts; sessions that were opened through it go on."""
    await tx.execute(
        "DELETE FROM identity_outside_accounts WHERE provider = %(provider)s", {"provider": provider_id.hex}
    )
    await tx.execute("DELETE FROM identity_sign_in_providers WHERE id = %(id)s", {"id": provider_id})


# — linked accounts —


async def person_of_account(tx: Connection, provider: str, subject: str, email: str, at: datetime) -> UUID | None:
    """Who has linked this account; notes that it was used."""
    row = await (
        await tx.execute(
            "UPDATE identity_outside_accounts SET last_at = %(at)s, email = coalesce(nullif(%(email)s, ''), email)"
            " WHERE provider = %(provider)s AND subject = %(subject)s RETURNING user_id",
            {"provider": provider, "subject": subject, "email": email, "at": at},
        )
    ).fetchone()
    return row["user_id"] if row else None


async def link(tx: Connection, provider: str, subject: str, user_id: UUID, email: str, at: datetime) -> None:
    await tx.execute(
        "INSERT INTO identity_outside_accounts (provider, subject, user_id, email, linked_at, last_at)"
        " VALUES (%(provider)s, %(subject)s, %(user_id)s, %(email)s, %(at)s, %(at)s)",
        {"provider": provider, "subject": subject, "user_id": user_id, "email": email, "at": at},
    )


async def unlink(tx: Connection, user_id: UUID, provider: str) -> bool:
    done = await tx.execute(
        "DELETE FROM identity_outside_accounts WHERE user_id = %(user_id)s AND provider = %(provider)s",
        {"user_id": user_id, "provider": provider},
    )
    return done.rowcount > 0


async def accounts_of(tx: Connection, user_id: UUID) -> list[LinkedAccount]:
    rows = await tx.execute(
        "SELECT a.provider, coalesce(p.name, CASE a.provider WHEN %(github)s THEN 'GitHub' END, '') AS name,"
        " a.email, a.linked_at, a.last_at FROM identity_outside_accounts a"
        " LEFT JOIN identity_sign_in_providers p ON replace(p.id::text, '-', '') = a.provider"
        " WHERE a.user_id = %(user_id)s ORDER BY a.linked_at LIMIT 100",
        {"user_id": user_id, "github": GITHUB},
    )
    return [LinkedAccount(**row) for row in await rows.fetchall()]


async def is_member(tx: Connection, team_id: UUID, user_id: UUID) -> bool:
    row = await (
        await tx.execute(
            "SELECT 1 FROM identity_members WHERE team_id = %(team_id)s AND user_id = %(user_id)s",
            {"team_id": team_id, "user_id": user_id},
        )
    ).fetchone()
    return row is not None


def _provider(row: dict[str, Any]) -> Provider:
    return Provider(**{**row, "domains": tuple(row["domains"])})
