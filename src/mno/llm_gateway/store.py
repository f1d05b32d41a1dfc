"""All SQL of the gateway: providers, names for models, policies of keys."""

from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from mno.llm_gateway.model import Alias, KeyPolicy, Provider, ProviderKind, Sticky, Target
from mno.platform import clock
from mno.platform.database import Connection, Row

_PROVIDER = (
    "id, team_id, name, kind, base_url, priced_as, models, projects, retries, timeout_s, cache_s, credential,"
    " created_at"
)
_POLICY = "key_id, providers, models, requests_per_minute, tokens_per_minute, concurrent_calls, output_tokens"


async def providers_of(tx: Connection, team_id: UUID) -> list[Provider]:
    rows = await tx.execute(
        f"SELECT {_PROVIDER} FROM gateway_providers WHERE team_id = %(team_id)s ORDER BY name", {"team_id": team_id}
    )
    return [_provider(row) for row in await rows.fetchall()]


async def provider_of(tx: Connection, team_id: UUID, provider_id: UUID) -> Provider | None:
    """Nobody else can change it until the transaction ends."""
    rows = await tx.execute(
        f"SELECT {_PROVIDER} FROM gateway_providers WHERE team_id = %(team_id)s AND id = %(id)s FOR UPDATE",
        {"team_id": team_id, "id": provider_id},
    )
    row = await rows.fetchone()
    return None if row is None else _provider(row)


async def named_provider(tx: Connection, provider_id: UUID) -> tuple[UUID, str] | None:
    """Whose it is and what it is called, of any team."""
    rows = await tx.execute("SELECT team_id, name FROM gateway_providers WHERE id = %(id)s", {"id": provider_id})
    row = await rows.fetchone()
    return None if row is None else (row["team_id"], row["name"])


async def insert_provider(tx: Connection, provider: Provider) -> None:
    await tx.execute(
        f"INSERT INTO gateway_providers ({_PROVIDER}) VALUES (%(id)s, %(team_id)s, %(name)s, %(kind)s, %(base_url)s,"
        " %(priced_as)s, %(models)s, %(projects)s, %(retries)s, %(timeout_s)s, %(cache_s)s, %(credential)s,"
        " %(created_at)s)",
        _values(provider),
    )


async def update_provider(tx: Connection, provider: Provider) -> None:
    await tx.execute(
        "UPDATE gateway_providers SET name = %(name)s, base_url = %(base_url)s, priced_as = %(priced_as)s,"
        " models = %(models)s, projects = %(projects)s, retries = %(retries)s, timeout_s = %(timeout_s)s,"
        " cache_s = %(cache_s)s, credential = %(credential)s WHERE team_id = %(team_id)s AND id = %(id)s",
        _values(provider),
    )


async def delete_provider(tx: Connection, team_id: UUID, provider_id: UUID) -> None:
    await tx.execute(
        "DELETE FROM gateway_providers WHERE team_id = %(team_id)s AND id = %(id)s",
        {"team_id": team_id, "id": provider_id},
    )


async def aliases_of(tx: Connection, team_id: UUID) -> list[Alias]:
    rows = await tx.execute(
        "SELECT id, team_id, name, targets, sticky, created_at FROM gateway_aliases WHERE team_id = %(team_id)s"
        " ORDER BY name",
        {"team_id": team_id},
    )
    return [_alias(row) for row in await rows.fetchall()]


async def put_alias(tx: Connection, alias: Alias) -> None:
    """A new one, or another meaning for its id."""
    await tx.execute(
        "INSERT INTO gateway_aliases (id, team_id, name, targets, sticky, created_at)"
        " VALUES (%(id)s, %(team_id)s, %(name)s, %(targets)s, %(sticky)s, %(created_at)s)"
        " ON CONFLICT (id) DO UPDATE SET name = excluded.name, targets = excluded.targets, sticky = excluded.sticky",
        {
            "id": alias.id,
            "team_id": alias.team_id,
            "name": alias.name,
            "targets": Jsonb(
                [{"provider": one.provider, "model": one.model, "weight": one.weight} for one in alias.targets]
            ),
            "sticky": alias.sticky,
            "created_at": alias.created_at,
        },
    )


async def delete_alias(tx: Connection, team_id: UUID, alias_id: UUID) -> None:
    await tx.execute(
        "DELETE FROM gateway_aliases WHERE team_id = %(team_id)s AND id = %(id)s", {"team_id": team_id, "id": alias_id}
    )


async def policies_of(tx: Connection, team_id: UUID) -> list[KeyPolicy]:
    rows = await tx.execute(
        f"SELECT {_POLICY} FROM gateway_policies WHERE team_id = %(team_id)s ORDER BY key_id", {"team_id": team_id}
    )
    return [_policy(row) for row in await rows.fetchall()]


async def put_policy(tx: Connection, team_id: UUID, policy: KeyPolicy) -> None:
    await tx.execute(
        f"INSERT INTO gateway_policies (team_id, updated_at, {_POLICY}) VALUES (%(team_id)s, %(at)s, %(key_id)s,"
        " %(providers)s, %(models)s, %(requests_per_minute)s, %(tokens_per_minute)s, %(concurrent_calls)s,"
        " %(output_tokens)s) ON CONFLICT (key_id) DO UPDATE SET providers = excluded.providers,"
        " models = excluded.models, requests_per_minute = excluded.requests_per_minute,"
        " tokens_per_minute = excluded.tokens_per_minute, concurrent_calls = excluded.concurrent_calls,"
        " output_tokens = excluded.output_tokens, updated_at = excluded.updated_at",
        {
            "team_id": team_id,
            "at": clock.now(),
            "key_id": policy.key_id,
            "providers": list(policy.providers),
            "models": list(policy.models),
            "requests_per_minute": policy.requests_per_minute,
            "tokens_per_minute": policy.tokens_per_minute,
            "concurrent_calls": policy.concurrent_calls,
            "output_tokens": policy.output_tokens,
        },
    )


async def delete_policy(tx: Connection, team_id: UUID, key_id: UUID) -> bool:
    done = await tx.execute(
        "DELETE FROM gateway_policies WHERE team_id = %(team_id)s AND key_id = %(key_id)s",
        {"team_id": team_id, "key_id": key_id},
    )
    return done.rowcount == 1


def _values(provider: Provider) -> dict[str, Any]:
    return {
        "id": provider.id,
        "team_id": provider.team_id,
        "name": provider.name,
        "kind": provider.kind,
        "base_url": provider.base_url,
        "priced_as": provider.priced_as,
        "models": list(provider.models),
        "projects": list(provider.projects),
        "retries": provider.retries,
        "timeout_s": provider.timeout_s,
        "cache_s": provider.cache_s,
        "credential": provider.has_credential,
        "created_at": provider.created_at,
    }


def _provider(row: Row) -> Provider:
    return Provider(
        id=row["id"],
        team_id=row["team_id"],
        name=row["name"],
        kind=ProviderKind(row["kind"]),
        base_url=row["base_url"],
        priced_as=row["priced_as"],
        created_at=row["created_at"],
        models=tuple(row["models"]),
        projects=tuple(row["projects"]),
        retries=row["retries"],
        timeout_s=row["timeout_s"],
        cache_s=row["cache_s"],
        has_credential=row["credential"],
    )


def _alias(row: Row) -> Alias:
    return Alias(
        row["id"],
        row["team_id"],
        row["name"],
        tuple(Target(**target) for target in row["targets"]),
        Sticky(row["sticky"]),
        row["created_at"],
    )


def _policy(row: Row) -> KeyPolicy:
    lists = {"providers": tuple(row["providers"]), "models": tuple(row["models"])}
    return KeyPolicy(**{**row, **lists})
