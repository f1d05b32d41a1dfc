"""Use cases of API keys, and whom a key stands for.

A key is random, shown once and stored as SHA-256. When it is made it may no more than its maker, and it ends with that
person, also where they made it by another key of theirs. It may nothing outside of its project (or its one agent), and
a deny that names it wins over all that it has.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from mno.audit.service import Audit
from mno.identity.keys import store
from mno.identity.keys.model import (
    LAST_USE_RESOLUTION,
    MAX_OVERLAP,
    MAX_PAGE_KEYS,
    OF_AN_AGENT_IN_ITS_PROJECT,
    ApiKey,
    KeyChange,
    KeyScope,
    KeyWish,
    Network,
)
from mno.identity.keys.rules import check_abilities, check_expiry, checked_name, is_within, parsed_addresses
from mno.identity.memory import REMEMBERED_S, RememberedPrincipals, SharedReads
from mno.identity.policy.model import SubjectKind
from mno.identity.policy.rules import PROJECT_MASK, TEAM_MASK, Key, mask_of, names_of
from mno.identity.policy.service import TOPICS, Policy
from mno.platform import clock, crypto, origin
from mno.platform.database import Connection, Database
from mno.platform.errors import Denied, Invalid, LimitExceeded, NotFound, Unauthenticated
from mno.platform.ids import new_id, shown
from mno.platform.limits import MAX_KEYS_PER_TEAM, MAX_REMEMBERED_PRINCIPALS
from mno.platform.principal import Principal, PrincipalKind
from mno.platform.scope import Level, Scope
from mno.platform.versions import Versions


class Keys:
    """The keys of every team, for their owners and for the gate."""

    def __init__(
        self,
        database: Database,
        policy: Policy,
        audit: Audit,
        versions: Versions,
        remembered: RememberedPrincipals | None = None,
    ) -> None:
        self._database = database
        self._policy = policy
        self._audit = audit
        self._remembered = remembered or RememberedPrincipals()
        self._local: dict[bytes, Principal] = {}
        self._reads = SharedReads(self._remembered, self._read)
        #: Of remembered keys: from where those may be used that may not be used from everywhere.
        self._networks: dict[bytes, tuple[Network, ...]] = {}
        versions.watch(TOPICS, self._forget)

    # — for owners —

    async def create(self, principal: Principal, wish: KeyWish) -> tuple[ApiKey, str]:
        """A new key and its secret, which is not stored and cannot be shown again.

        `Invalid` for a wish that breaks a rule, `NotFound` for a project that is not there, `Denied` when the key
        would be able to do more than its maker, `LimitExceeded` at MAX_KEYS_PER_TEAM working keys.
        """
        check_abilities(wish)
        now = clock.now()
        check_expiry(wish.expires_at, now)
        secret = crypto.new_key()
        key = ApiKey(
            new_id(),
            principal.team_id,
            wish.project_id or principal.project_id,
            checked_name(wish.name),
            crypto.visible_part(secret),
            tuple(dict.fromkeys(wish.scopes)),
            now,
            permissions=tuple(sorted(set(wish.permissions))),
            agent=wish.agent.strip(),
            expires_at=wish.expires_at,
            allowed_addresses=parsed_addresses(wish.allowed_addresses),
            created_by=principal.user_id,
        )
        async with self._database.transaction(principal.team_id) as tx:
            await self._policy.changed(tx, principal.team_id)
            await self._require_project(tx, principal, key.project_id)
            await self._require_held(tx, principal, key)
            await self._require_room(tx, key.team_id)
            await store.insert_key(tx, key, crypto.fingerprint(secret))
            await self._audit.record(tx, principal, "keys.create", _shown(key), name=key.name, after=_told(key))
        return key, secret

    async def page(self, principal: Principal, offset: int, limit: int = MAX_PAGE_KEYS) -> list[ApiKey]:
        """Keys of the projects in which the principal may see them, without their secrets."""
        visible = await self._policy.visible_projects(principal, "keys.read")
        async with self._database.transaction(principal.team_id) as tx:
            return await store.keys_of(tx, principal.team_id, visible, offset, limit)

    async def names_of_keys(self, team_id: UUID) -> dict[UUID, str]:
        """How the team calls its keys, revoked ones included."""
        async with self._database.transaction(team_id) as tx:
            return await store.names_of_keys(tx, team_id)

    async def change(self, principal: Principal, key_id: UUID, change: KeyChange) -> ApiKey:
        """Another name, other addresses, another end. `Denied` to whoever may less than the key."""
        check_expiry(change.expires_at, clock.now())
        async with self._database.transaction(principal.team_id) as tx:
            before = await self._key_to_change(tx, principal, key_id)
            if before.revoked_at is not None:
                raise Invalid("The key was revoked and stays so.")
            await self._require_held(tx, principal, before)
            after = before
            if change.name is not None:
                after = replace(after, name=checked_name(change.name))
            if change.allowed_addresses is not None:
                after = replace(after, allowed_addresses=parsed_addresses(change.allowed_addresses))
            if change.expires_at is not None or change.never_expires:
                if before.replaced_by is not None:
                    raise Invalid("Another key was made in its place; its end stands.")
                after = replace(after, expires_at=change.expires_at)
            await store.update_key(tx, after)
            await self._audit.record(
                tx, principal, "keys.change", _shown(after), name=after.name, before=_told(before), after=_told(after)
            )
        return after

    async def revoke(self, principal: Principal, key_id: UUID) -> None:
        """Ends a key: at once here, within a second in other processes. Revoking twice changes nothing."""
        async with self._database.transaction(principal.team_id) as tx:
            key = await self._key_to_change(tx, principal, key_id)
            if key.revoked_at is not None:
                return
            await store.update_key(tx, replace(key, revoked_at=clock.now()))
            await self._audit.record(tx, principal, "keys.revoke", _shown(key), name=key.name)

    async def rotate(self, principal: Principal, key_id: UUID, overlap: timedelta) -> tuple[ApiKey, str]:
        """A new key in the place of this one, which goes on working for `overlap` and then ends."""
        if not timedelta(0) <= overlap <= MAX_OVERLAP:
            raise Invalid(f"Two keys may work side by side for {MAX_OVERLAP.days} days at most.")
        secret = crypto.new_key()
        async with self._database.transaction(principal.team_id) as tx:
            old = await self._key_to_change(tx, principal, key_id)
            now = clock.now()
            if old.revoked_at is not None or old.replaced_by is not None or _is_over(old, now):
                raise Invalid("Only a key that works, and was not replaced yet, can be rotated.")
            await self._require_held(tx, principal, old)
            await self._require_room(tx, old.team_id)
            new = replace(
                old,
                id=new_id(),
                prefix=crypto.visible_part(secret),
                created_at=now,
                last_used_at=None,
                created_by=principal.user_id,
            )
            await store.insert_key(tx, new, crypto.fingerprint(secret))
            await self._policy.copy_grants(tx, old.team_id, SubjectKind.API_KEY, old.id, new.id)
            end = now + overlap if old.expires_at is None else min(now + overlap, old.expires_at)
            ended = replace(old, expires_at=end, replaced_by=new.id, revoked_at=None if overlap else now)
            await store.update_key(tx, ended)
            await self._audit.record(
                tx, principal, "keys.rotate", _shown(old), name=old.name, before=_told(old), after=_told(ended)
            )
        return new, secret

    async def find(self, tx: Connection, team_id: UUID, key_id: UUID) -> tuple[str, Key] | None:
        """The name of a key and what it may by itself; for the policy's answers to why."""
        key = await store.key_of(tx, team_id, key_id)
        return None if key is None else (key.name, _rules_of(key))

    async def _key_to_change(self, tx: Connection, principal: Principal, key_id: UUID) -> ApiKey:
        await self._policy.changed(tx, principal.team_id)
        key = await store.key_of(tx, principal.team_id, key_id, lock=True)
        scope = None if key is None else Scope.project(key.team_id, key.project_id)
        if key is None or scope is None or not self._policy.may(principal, "keys.read", scope):
            raise NotFound("There is no such key.")
        self._policy.check(principal, "keys.write", scope)
        return key

    async def _require_project(self, tx: Connection, principal: Principal, project_id: UUID) -> None:
        scope = Scope.project(principal.team_id, project_id)
        found = await store.has_project(tx, principal.team_id, project_id)
        if not found or not self._policy.may(principal, "keys.read", scope):
            raise NotFound("There is no such project.")
        self._policy.check(principal, "keys.write", scope)

    async def _require_held(self, tx: Connection, principal: Principal, key: ApiKey) -> None:
        """Nobody makes, or gets hold of, a key that may more than they; its own grants included."""
        mask = mask_of(key.everything())
        place = Scope.project(key.team_id, key.project_id)
        if key.agent:
            place = Scope(Level.AGENT, key.team_id, key.project_id, key.agent)
        await self._policy.require_held(tx, principal, mask & PROJECT_MASK, place)
        await self._policy.require_held(tx, principal, mask & TEAM_MASK, Scope.team(key.team_id))
        await self._policy.require_grants_held(tx, principal, SubjectKind.API_KEY, key.id)

    async def _require_room(self, tx: Connection, team_id: UUID) -> None:
        if await store.count_working_keys(tx, team_id, clock.now()) >= MAX_KEYS_PER_TEAM:
            raise LimitExceeded(f"A team may have {MAX_KEYS_PER_TEAM} working keys; revoke some first.")

    # — for the program itself —

    async def ensure(self, tx: Connection, team_id: UUID, project_id: UUID, name: str, secret: str) -> ApiKey:
        """The operator's own key, made if it is not there (across teams): an Owner of the team and of the hub."""
        known = await store.key_by_fingerprint(tx, crypto.fingerprint(secret))
        if known is not None:
            return known[0]
        key = ApiKey(new_id(), team_id, project_id, name, crypto.visible_part(secret), (KeyScope.ADMIN,), clock.now())
        await store.insert_key(tx, key, crypto.fingerprint(secret))
        await self._policy.grant_everything(tx, team_id, SubjectKind.API_KEY, key.id)
        return key

    def admit(self, principal: Principal) -> str:
        """A secret that stands for this principal as long as this process lives."""
        secret = crypto.new_key()
        self._local[crypto.fingerprint(secret)] = principal
        return secret

    # — for the gate —

    async def principal_of_key(self, secret: str) -> Principal:
        """`Unauthenticated` for a key that is not known, was revoked, is over, or whose maker is gone; `Denied` from
        an address where it may not be used."""
        fingerprint = crypto.fingerprint(secret)
        principal = self._local.get(fingerprint) or await self._reads.principal(secret)
        networks = self._networks.get(fingerprint)
        if networks is not None and not is_within(origin.current().address, networks):
            raise Denied(f"The API key '{principal.name}' may not be used from this address.")
        return principal

    async def _read(self, secret: str, fingerprint: bytes) -> Principal:
        if not crypto.looks_like_key(secret):
            raise Unauthenticated("This is not an API key of this server: they begin with 'mno_'.")
        generation, read_at = self._remembered.generation, self._remembered.clock()
        now = clock.now()
        async with self._database.across_teams() as tx:
            found = await store.key_by_fingerprint(tx, fingerprint)
            if found is None:
                raise Unauthenticated("This API key is not known here.")
            key, maker_is_there = found
            _check_works(key, maker_is_there=maker_is_there, now=now)
            if key.last_used_at is None or now - key.last_used_at >= LAST_USE_RESOLUTION:
                await store.note_use(tx, key.id, now)
            principal = await self._principal(tx, key)
        self._remember_networks(fingerprint, key.allowed_addresses)
        lasts_s = REMEMBERED_S if key.expires_at is None else (key.expires_at - now).total_seconds()
        self._remembered.remember(fingerprint, principal, generation, read_at=read_at, lasts_s=lasts_s)
        return principal

    async def principal_of_id(self, team_id: UUID, key_id: UUID) -> Principal:
        """What a key that asked before may by now; `Unauthenticated` where it does not work any more."""
        async with self._database.across_teams() as tx:
            found = await store.key_with_maker(tx, team_id, key_id)
            if found is None:
                raise Unauthenticated("This API key is not known here.")
            key, maker_is_there = found
            _check_works(key, maker_is_there=maker_is_there, now=clock.now())
            return await self._principal(tx, key)

    async def _principal(self, tx: Connection, key: ApiKey) -> Principal:
        rights = await self._policy.rights_of_key(tx, key.team_id, key.id, _rules_of(key))
        permissions = names_of(rights.mask(Scope.project(key.team_id, key.project_id)))
        if key.agent:
            place = Scope(Level.AGENT, key.team_id, key.project_id, key.agent)
            permissions = names_of(rights.mask(place)) & OF_AN_AGENT_IN_ITS_PROJECT
        return Principal(
            PrincipalKind.API_KEY,
            key.id,
            key.name,
            key.team_id,
            key.project_id,
            permissions,
            names_of(rights.in_team()),
            names_of(rights.hub),
            user_id=key.created_by,
            agent=key.agent,
            rights=rights,
        )

    def _remember_networks(self, fingerprint: bytes, networks: Sequence[Network]) -> None:
        if not networks:
            self._networks.pop(fingerprint, None)
            return
        if len(self._networks) >= MAX_REMEMBERED_PRINCIPALS:
            # without its networks a remembered key would be taken from everywhere
            self._networks.clear()
            self._remembered.forget_everybody()
        self._networks[fingerprint] = tuple(networks)

    def _forget(self, topic: str) -> None:
        team = topic.removeprefix(TOPICS)
        if team:
            self._remembered.forget_team(UUID(team))
        else:
            self._remembered.forget_everybody()


def _check_works(key: ApiKey, *, maker_is_there: bool, now: datetime) -> None:
    if key.revoked_at is not None:
        raise Unauthenticated(f"The API key {key.prefix}… was revoked.")
    if _is_over(key, now):
        raise Unauthenticated(f"The API key {key.prefix}… has expired. Make another one.")
    if not maker_is_there:
        raise Unauthenticated(f"The API key {key.prefix}… ended with the account of whoever made it.")


def _is_over(key: ApiKey, now: datetime) -> bool:
    return key.expires_at is not None and key.expires_at <= now


def _rules_of(key: ApiKey) -> Key:
    return Key(key.project_id, key.agent, mask_of(key.everything()))


def _shown(key: ApiKey) -> str:
    return shown("key", key.id)


def _told(key: ApiKey) -> dict[str, Any]:
    """For the audit log."""
    return {
        "name": key.name,
        "prefix": key.prefix,
        "project": shown("prj", key.project_id),
        "agent": key.agent,
        "scopes": list(key.scopes),
        "permissions": list(key.permissions),
        "expires_at": key.expires_at.isoformat() if key.expires_at else None,
        "allowed_addresses": [str(network) for network in key.allowed_addresses],
        "replaced_by": shown("key", key.replaced_by) if key.replaced_by else None,
    }
