"""Use cases of setting the gateway up: providers, names for models, the limits of keys. Every change is audited."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Protocol
from uuid import UUID

from mno.audit.service import Audit
from mno.llm_gateway import rules, store
from mno.llm_gateway.model import (
    MAX_ALIASES_PER_TEAM,
    MAX_PROVIDERS_PER_TEAM,
    Alias,
    KeyPolicy,
    Provider,
    ProviderKind,
    Sticky,
    Target,
)
from mno.llm_gateway.ports import OwnSecrets
from mno.llm_gateway.setup.service import Setups, secret_name
from mno.platform import clock
from mno.platform.database import Connection, Database
from mno.platform.errors import Conflict, Denied, LimitExceeded, NotFound
from mno.platform.ids import new_id, shown
from mno.platform.principal import Principal


class Names(Protocol):
    """How a team calls its API keys and projects, by id."""

    async def names_of_keys(self, team_id: UUID) -> Mapping[UUID, str]: ...
    async def projects_of(self, team_id: UUID) -> Sequence[UUID]: ...


@dataclass(frozen=True, slots=True)
class ProviderWish:
    """A provider as somebody enters it. `credential` None leaves the old one, empty takes it away."""

    name: str
    kind: ProviderKind
    base_url: str = ""
    priced_as: str = ""
    credential: str | None = None
    models: Sequence[str] = ()
    projects: Sequence[UUID] = ()
    retries: int = 1
    timeout_s: int = 600
    cache_s: int = 0


#: Whose prices hold where nobody says otherwise.
_PRICED_AS = {ProviderKind.OPENAI: "openai", ProviderKind.ANTHROPIC: "anthropic", ProviderKind.GEMINI: "google"}


class Gateway:
    """A team's setup, changed by those who may for the whole team."""

    def __init__(self, database: Database, audit: Audit, secrets: OwnSecrets, names: Names, setups: Setups) -> None:
        self._database = database
        self._audit = audit
        self._secrets = secrets
        self._names = names
        self._setups = setups

    # — providers —

    async def providers(self, principal: Principal) -> list[Provider]:
        async with self._database.transaction(principal.team_id) as tx:
            return await store.providers_of(tx, principal.team_id)

    async def add_provider(self, principal: Principal, wish: ProviderWish) -> Provider:
        """`Conflict` where the name is taken, `LimitExceeded` at MAX_PROVIDERS_PER_TEAM, `Invalid` for a bad wish."""
        _require_team(principal)
        provider = _made(wish, new_id(), principal.team_id)
        await self._check_projects(provider)
        async with self._database.transaction(principal.team_id) as tx:
            await self._setups.changed(tx, principal.team_id)
            known = await store.providers_of(tx, principal.team_id)
            if len(known) >= MAX_PROVIDERS_PER_TEAM:
                raise LimitExceeded(f"A team may have {MAX_PROVIDERS_PER_TEAM} providers; remove one first.")
            _check_free(provider, known)
            if wish.credential:
                provider = replace(provider, has_credential=True)
                await self._keep_credential(tx, provider, wish.credential)
            await store.insert_provider(tx, provider)
            await self._audit.record(
                tx,
                principal,
                "gateway_providers.create",
                shown("gwp", provider.id),
                name=provider.name,
                after=_told(provider),
            )
        return provider

    async def change_provider(self, principal: Principal, provider_id: UUID, wish: ProviderWish) -> Provider:
        """Everything but its kind. A new address without the credential anew is refused: it would be sent there."""
        _require_team(principal)
        async with self._database.transaction(principal.team_id) as tx:
            await self._setups.changed(tx, principal.team_id)
            before = await self._found(tx, principal.team_id, provider_id)
            if wish.kind is not before.kind:
                raise Conflict("The kind of a provider cannot change. Add another one.")
            after = replace(_made(wish, before.id, before.team_id), created_at=before.created_at)
            await self._check_projects(after)
            _check_free(after, await store.providers_of(tx, principal.team_id))
            if after.base_url != before.base_url and before.has_credential and wish.credential is None:
                raise Conflict("Another address needs the credential again: the old one was not given for it.")
            kept = before.has_credential if wish.credential is None else bool(wish.credential)
            after = replace(after, has_credential=kept)
            if wish.credential:
                await self._keep_credential(tx, after, wish.credential)
            elif wish.credential is not None:
                await self._secrets.delete_own(after.team_id, secret_name(after.id), tx=tx)
            await store.update_provider(tx, after)
            told = {**_told(after), **({"credential": "changed"} if wish.credential is not None else {})}
            await self._audit.record(
                tx,
                principal,
                "gateway_providers.change",
                shown("gwp", after.id),
                name=after.name,
                before=_told(before),
                after=told,
            )
        return after

    async def remove_provider(self, principal: Principal, provider_id: UUID) -> None:
        """`Conflict` while a name stands for one of its models."""
        _require_team(principal)
        async with self._database.transaction(principal.team_id) as tx:
            await self._setups.changed(tx, principal.team_id)
            before = await self._found(tx, principal.team_id, provider_id)
            for alias in await store.aliases_of(tx, principal.team_id):
                if any(target.provider == before.name for target in alias.targets):
                    raise Conflict(f"The name '{alias.name}' stands for a model of it; change that first.")
            await store.delete_provider(tx, principal.team_id, provider_id)
            await self._secrets.delete_own(principal.team_id, secret_name(provider_id), tx=tx)
            await self._audit.record(
                tx,
                principal,
                "gateway_providers.delete",
                shown("gwp", provider_id),
                name=before.name,
                before=_told(before),
            )

    # — names for models —

    async def aliases(self, principal: Principal) -> list[Alias]:
        async with self._database.transaction(principal.team_id) as tx:
            return await store.aliases_of(tx, principal.team_id)

    async def put_alias(self, principal: Principal, name: str, targets: Sequence[Target], sticky: Sticky) -> Alias:
        """Gives a name its meaning, a new one or another."""
        _require_team(principal)
        name = rules.checked_alias_name(name)
        async with self._database.transaction(principal.team_id) as tx:
            await self._setups.changed(tx, principal.team_id)
            kinds = {one.name: one.kind for one in await store.providers_of(tx, principal.team_id)}
            checked = rules.checked_targets(targets, kinds)
            known = await store.aliases_of(tx, principal.team_id)
            before = next((one for one in known if one.name == name), None)
            if before is None and len(known) >= MAX_ALIASES_PER_TEAM:
                raise LimitExceeded(f"A team may have {MAX_ALIASES_PER_TEAM} names for models; remove one first.")
            alias = Alias(before.id if before else new_id(), principal.team_id, name, checked, sticky, clock.now())
            await store.put_alias(tx, alias)
            await self._audit.record(
                tx,
                principal,
                "gateway_aliases.set",
                shown("gwa", alias.id),
                name=name,
                before=_alias_told(before) if before else None,
                after=_alias_told(alias),
            )
        return alias

    async def remove_alias(self, principal: Principal, alias_id: UUID) -> None:
        _require_team(principal)
        async with self._database.transaction(principal.team_id) as tx:
            await self._setups.changed(tx, principal.team_id)
            known = await store.aliases_of(tx, principal.team_id)
            before = next((one for one in known if one.id == alias_id), None)
            if before is None:
                raise NotFound("There is no such name for models.")
            await store.delete_alias(tx, principal.team_id, alias_id)
            await self._audit.record(
                tx,
                principal,
                "gateway_aliases.delete",
                shown("gwa", alias_id),
                name=before.name,
                before=_alias_told(before),
            )

    # — limits of keys —

    async def policies(self, principal: Principal) -> list[KeyPolicy]:
        async with self._database.transaction(principal.team_id) as tx:
            return await store.policies_of(tx, principal.team_id)

    async def put_policy(self, principal: Principal, policy: KeyPolicy) -> KeyPolicy:
        """What holds for a key from now on; `NotFound` for a key that is not the team's."""
        _require_team(principal)
        rules.check_policy(policy)
        policy = replace(
            policy, providers=rules.checked_patterns(policy.providers), models=rules.checked_patterns(policy.models)
        )
        names = await self._names.names_of_keys(principal.team_id)
        if policy.key_id not in names:
            raise NotFound("There is no such key.")
        async with self._database.transaction(principal.team_id) as tx:
            await self._setups.changed(tx, principal.team_id)
            known = {one.key_id: one for one in await store.policies_of(tx, principal.team_id)}
            before = known.get(policy.key_id)
            await store.put_policy(tx, principal.team_id, policy)
            await self._audit.record(
                tx,
                principal,
                "gateway_policies.set",
                shown("key", policy.key_id),
                name=names[policy.key_id],
                before=_policy_told(before) if before else None,
                after=_policy_told(policy),
            )
        return policy

    async def remove_policy(self, principal: Principal, key_id: UUID) -> None:
        """The key has no limits of its own any more."""
        _require_team(principal)
        async with self._database.transaction(principal.team_id) as tx:
            await self._setups.changed(tx, principal.team_id)
            if not await store.delete_policy(tx, principal.team_id, key_id):
                raise NotFound("This key has no limits of its own.")
            await self._audit.record(tx, principal, "gateway_policies.delete", shown("key", key_id))

    # — parts —

    async def _found(self, tx: Connection, team_id: UUID, provider_id: UUID) -> Provider:
        found = await store.provider_of(tx, team_id, provider_id)
        if found is None:
            raise NotFound("There is no such provider.")
        return found

    async def _keep_credential(self, tx: Connection, provider: Provider, credential: str) -> None:
        value = rules.checked_credential(credential)
        await self._secrets.write_own(provider.team_id, secret_name(provider.id), value, tx=tx)

    async def _check_projects(self, provider: Provider) -> None:
        if provider.projects:
            known = set(await self._names.projects_of(provider.team_id))
            if not known.issuperset(provider.projects):
                raise NotFound("There is no such project.")


def _require_team(principal: Principal) -> None:
    if not principal.may_in_team("gateway.write"):
        raise Denied(f"'{principal.name}' may not do this: gateway.write is needed for the whole team.")


def _made(wish: ProviderWish, id_: UUID, team_id: UUID) -> Provider:
    rules.check_numbers(wish.retries, wish.timeout_s, wish.cache_s)
    name = rules.checked_name(wish.name)
    return Provider(
        id=id_,
        team_id=team_id,
        name=name,
        kind=wish.kind,
        base_url=rules.checked_address(wish.kind, wish.base_url),
        priced_as=wish.priced_as.strip().lower() or _PRICED_AS.get(wish.kind, name),
        created_at=clock.now(),
        models=rules.checked_patterns(wish.models),
        projects=tuple(dict.fromkeys(wish.projects)),
        retries=wish.retries,
        timeout_s=wish.timeout_s,
        cache_s=wish.cache_s,
    )


def _check_free(provider: Provider, known: Sequence[Provider]) -> None:
    if any(one.name == provider.name and one.id != provider.id for one in known):
        raise Conflict(f"There is a provider '{provider.name}' already.")


def _told(provider: Provider) -> dict[str, Any]:
    """For the audit log."""
    return {
        "name": provider.name,
        "kind": provider.kind,
        "base_url": provider.base_url,
        "priced_as": provider.priced_as,
        "models": list(provider.models),
        "projects": [shown("prj", project) for project in provider.projects],
        "retries": provider.retries,
        "timeout_s": provider.timeout_s,
        "cache_s": provider.cache_s,
        "has_credential": provider.has_credential,
    }


def _alias_told(alias: Alias) -> dict[str, Any]:
    return {"targets": [asdict(target) for target in alias.targets], "sticky": alias.sticky}


def _policy_told(policy: KeyPolicy) -> dict[str, Any]:
    told = asdict(policy)
    del told["key_id"]
    return {**told, "providers": list(policy.providers), "models": list(policy.models)}
