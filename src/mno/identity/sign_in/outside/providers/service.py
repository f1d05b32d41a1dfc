"""The OpenID Connect providers of the hub: set up, changed and removed by its administrators."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol
from uuid import UUID

from mno.audit.model import HUB_CHAIN
from mno.audit.service import Audit
from mno.identity.sign_in.outside import store
from mno.identity.sign_in.outside.model import MAX_DOMAINS_PER_PROVIDER, MAX_PROVIDERS, Provider
from mno.identity.sign_in.outside.oidc import OidcClient, checked_issuer
from mno.identity.sign_in.ports import Sealer
from mno.platform import clock
from mno.platform.database import Connection, Database
from mno.platform.errors import Conflict, Denied, Invalid, LimitExceeded, NotFound
from mno.platform.ids import new_id, shown
from mno.platform.limits import MAX_NAME_CHARACTERS
from mno.platform.principal import Principal
from mno.platform.scope import Scope

#: The kind of what is sealed here.
SEALED_KIND = "sign_in_provider"
_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")


class Rights(Protocol):
    """Nobody gives what they do not hold, not by a provider's setting either."""

    async def require_grantable(self, tx: Connection, principal: Principal, role_id: UUID, scope: Scope) -> None: ...


@dataclass(frozen=True, slots=True)
class Wish:
    """A provider as an administrator enters it. `secret` None leaves the old one."""

    name: str
    issuer: str
    client_id: str
    secret: str | None
    team_id: UUID | None
    scopes: str
    trusts_factor: bool
    trusts_email: bool
    domains: Sequence[str]
    joins_team: UUID | None
    joins_role: UUID | None
    enabled: bool


class Providers:
    """Every provider with what an administrator chose for it."""

    def __init__(self, database: Database, audit: Audit, sealer: Sealer, oidc: OidcClient, rights: Rights) -> None:
        self._database = database
        self._audit = audit
        self._sealer = sealer
        self._oidc = oidc
        self._rights = rights

    async def all(self) -> list[Provider]:
        async with self._database.across_teams() as tx:
            return await store.all_providers(tx)

    async def check(self, issuer: str) -> None:
        """`Invalid` says why there is no usable provider at this address."""
        await self._oidc.check(checked_issuer(issuer.strip()))

    async def add(self, caller: Principal, wish: Wish) -> Provider:
        """`Invalid` when there is no such provider at the address, or the wish contradicts itself."""
        provider = Provider(
            id=new_id(), issuer=checked_issuer(wish.issuer.strip()), created_at=clock.now(), **_fields(wish)
        )
        await self._oidc.check(provider.issuer)
        async with self._database.across_teams() as tx:
            known = await store.all_providers(tx)
            if len(known) >= MAX_PROVIDERS:
                raise LimitExceeded(f"There may be {MAX_PROVIDERS} providers; remove one first.")
            if any((one.issuer, one.client_id) == (provider.issuer, provider.client_id) for one in known):
                raise Conflict("This provider is set up already, with the same client id.")
            await self._check_grantable(tx, caller, provider)
            sealed = self._sealer.seal(purpose_of(provider.id), (wish.secret or "").encode())
            await store.insert(tx, provider, sealed)
            await self._audit.record(
                tx,
                caller,
                "sign_in_providers.create",
                shown("idp", provider.id),
                name=provider.name,
                after=_told(provider),
                team_id=HUB_CHAIN,
            )
        return provider

    async def change(self, caller: Principal, provider_id: UUID, wish: Wish) -> Provider:
        """Everything but the issuer, by which its people are known."""
        async with self._database.across_teams() as tx:
            before = await self.found(tx, provider_id, lock=True)
            if wish.issuer.strip() != before.issuer:
                raise Conflict("The issuer cannot change: its people are known by it. Add another provider.")
            after = replace(before, **_fields(wish))
            if (after.joins_team, after.joins_role) != (before.joins_team, before.joins_role):
                await self._check_grantable(tx, caller, after)
            sealed = None if wish.secret is None else self._sealer.seal(purpose_of(provider_id), wish.secret.encode())
            await store.update(tx, after, sealed)
            await self._audit.record(
                tx,
                caller,
                "sign_in_providers.change",
                shown("idp", provider_id),
                name=after.name,
                before=_told(before),
                after={**_told(after), **({"secret": "changed"} if wish.secret is not None else {})},
                team_id=HUB_CHAIN,
            )
        return after

    async def remove(self, caller: Principal, provider_id: UUID) -> None:
        async with self._database.across_teams() as tx:
            before = await self.found(tx, provider_id, lock=True)
            await store.delete(tx, provider_id)
            await self._audit.record(
                tx,
                caller,
                "sign_in_providers.delete",
                shown("idp", provider_id),
                name=before.name,
                before=_told(before),
                team_id=HUB_CHAIN,
            )

    async def _check_grantable(self, tx: Connection, caller: Principal, provider: Provider) -> None:
        if provider.joins_team is None or provider.joins_role is None:
            return
        if provider.joins_team != caller.team_id:
            raise Denied("Switch to the team that people shall join, then set this up.")
        if not caller.may("grants.write") or not caller.may("members.write"):
            raise Denied(
                f"'{caller.name}' may not let people into this team: grants.write and members.write are needed."
            )
        await self._rights.require_grantable(tx, caller, provider.joins_role, Scope.team(provider.joins_team))

    async def found(self, tx: Connection, provider_id: UUID, *, lock: bool = False) -> Provider:
        found = await store.provider(tx, provider_id, lock=lock)
        if found is None:
            raise NotFound("There is no such provider.")
        return found

    async def walk(self, reseal: Callable[[str, bytes], bytes]) -> None:
        """Seals every client secret again whose key is not the newest."""
        async with self._database.across_teams() as tx:
            for provider in await store.all_providers(tx):
                # or a secret that an administrator sets at this moment would be written over
                if await store.provider(tx, provider.id, lock=True) is None:
                    continue
                sealed = await store.sealed_secret_of(tx, provider.id)
                renewed = reseal(purpose_of(provider.id), sealed)
                if renewed != sealed:
                    await store.keep_sealed(tx, provider.id, renewed)

    async def secret_of(self, tx: Connection, provider_id: UUID) -> str:
        """Its client secret, for the call that needs it."""
        return self._sealer.open(purpose_of(provider_id), await store.sealed_secret_of(tx, provider_id)).decode()


def purpose_of(provider_id: UUID) -> str:
    return f"{SEALED_KIND}:{provider_id.hex}"


def _fields(wish: Wish) -> dict[str, Any]:
    """What an administrator may choose, checked."""
    name, client_id = wish.name.strip(), wish.client_id.strip()
    if not 0 < len(name) <= MAX_NAME_CHARACTERS:
        raise Invalid(f"A provider needs a name of at most {MAX_NAME_CHARACTERS} characters.")
    if not client_id:
        raise Invalid("A provider needs the client id that it gave to this hub.")
    scopes = wish.scopes.split()
    if "openid" not in scopes:
        raise Invalid("The scopes must contain openid.")
    domains = tuple(sorted({domain.strip().lower().removeprefix("@") for domain in wish.domains}))
    if len(domains) > MAX_DOMAINS_PER_PROVIDER or not all(_DOMAIN.fullmatch(domain) for domain in domains):
        raise Invalid(f"The domains are at most {MAX_DOMAINS_PER_PROVIDER} names such as example.com.")
    if wish.trusts_email and not domains:
        raise Invalid("To trust addresses that the provider does not call verified, name the domains it speaks for.")
    if (wish.joins_team is None) != (wish.joins_role is None):
        raise Invalid("Name both the team that people join and their role there, or neither.")
    if wish.team_id is not None and wish.joins_team not in (None, wish.team_id):
        raise Invalid("A team's provider can let people into that team only.")
    return {
        "name": name,
        "client_id": client_id,
        "team_id": wish.team_id,
        "scopes": " ".join(scopes),
        "trusts_factor": wish.trusts_factor,
        "trusts_email": wish.trusts_email,
        "domains": domains,
        "joins_team": wish.joins_team,
        "joins_role": wish.joins_role,
        "enabled": wish.enabled,
    }


def _told(provider: Provider) -> dict[str, Any]:
    """For the audit log."""
    return {
        "name": provider.name,
        "issuer": provider.issuer,
        "client_id": provider.client_id,
        "team": shown("team", provider.team_id) if provider.team_id else None,
        "scopes": provider.scopes,
        "trusts_factor": provider.trusts_factor,
        "trusts_email": provider.trusts_email,
        "domains": list(provider.domains),
        "joins_team": shown("team", provider.joins_team) if provider.joins_team else None,
        "joins_role": shown("role", provider.joins_role) if provider.joins_role else None,
        "enabled": provider.enabled,
    }
