"""The runtime environment as it is read: lists for people, without values, and the values for an execution.

An execution receives what its principal may use on its scope. Its secrets are decrypted in the transaction that
writes down each use, and leave only once that has committed: what is not in the audit log was not handed out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from mno.audit.queries import AuditQueries
from mno.audit.queries import Filter as AuditFilter
from mno.audit.service import Audit
from mno.audit.wire import entry_json
from mno.platform.database import Database
from mno.platform.errors import Denied, LimitExceeded, NotFound
from mno.platform.ids import shown
from mno.platform.principal import Principal
from mno.platform.scope import Level, Scope
from mno.secrets import envelope
from mno.secrets.keys.service import DataKeys
from mno.secrets.ports import Policy
from mno.secrets.runtime import rules, store
from mno.secrets.runtime.model import MAX_ENTRIES_PER_ENVIRONMENT, Entry, Environment, Kind, Protection, Version
from mno.secrets.runtime.wire import entry_id, place, place_id
from mno.secrets.secret import Secret

#: Entries of which a refused use is written down one by one.
MAX_REFUSED_ONE_BY_ONE = 20


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a list shows; empty fields ask for nothing."""

    level: Level | None = None
    project_id: UUID | None = None
    scope_name: str = ""
    kind: Kind | None = None


@dataclass(frozen=True, slots=True)
class History:
    """The versions of an entry, the newest first, and a page of its audit entries."""

    versions: list[Version]
    entries: list[dict[str, Any]]
    next_cursor: str | None


class Runtime:
    """Reading; changes are made by `Changes`."""

    def __init__(self, database: Database, keys: DataKeys, audit: Audit, policy: Policy) -> None:
        self._database = database
        self._keys = keys
        self._audit = audit
        self._policy = policy
        self._log = AuditQueries(database)

    # — for executions —

    async def environment(self, principal: Principal, scope: Scope, names: Sequence[str] | None = None) -> Environment:
        """What an execution on this scope receives: of its team, project and agent or task, the narrowest winning.

        `Denied` (and written down) without `secrets.use` on the scope, `Invalid` for a name that is not there,
        `Unavailable` when a value cannot be decrypted; then nothing is handed out at all.
        """
        rules.check_scope(scope)
        if not self._policy.may(principal, "secrets.use", scope):
            await self._refuse(principal, scope, names)
        async with self._database.transaction(scope.team_id) as tx:
            limit = MAX_ENTRIES_PER_ENVIRONMENT
            found = await store.on_scopes(tx, rules.chain(scope), names, limit + 1)
            if len(found) > limit:
                raise LimitExceeded(f"An execution receives at most {limit} entries; name those that it needs.")
            sealed = {entry.id: value for entry, value in found}
            won = rules.winners(entry for entry, _ in found)
            rules.check_found(names, won)
            secrets: dict[str, Secret] = {}
            for entry in won:
                value = sealed[entry.id]
                if value is not None:
                    plain = await self._keys.open(tx, value, where_entry(entry))
                    secrets[entry.name] = Secret(plain.decode())
            for entry in won:
                if entry.kind is Kind.SECRET:
                    detail = f"{place(scope)}, version {entry.version}"
                    await self._audit.record(
                        tx, principal, "secrets.use", entry_id(entry), name=entry.name, detail=detail
                    )
        variables = {entry.name: entry.plain for entry in won if entry.plain is not None}
        return Environment(variables, secrets)

    async def _refuse(self, principal: Principal, scope: Scope, names: Sequence[str] | None) -> None:
        """Writes the refusal down at each secret that was asked for, or at the place, and raises."""
        resources = [place_id(scope)]
        if names is not None and scope.team_id == principal.team_id:
            async with self._database.transaction(scope.team_id) as tx:
                found = await store.on_scopes(tx, rules.chain(scope), names, MAX_REFUSED_ONE_BY_ONE)
            resources = [entry_id(entry) for entry, _ in found] or resources
        for resource in resources:
            await self._audit.refused(
                principal,
                "secrets.use",
                resource,
                team_id=principal.team_id,
                detail=f"The permission secrets.use is missing: {place(scope)}",
            )
        raise Denied(f"'{principal.name}' may not use secrets here: the permission secrets.use is missing.")

    # — for people —

    async def page(
        self, reader: Principal, wanted: Wanted, after: UUID | None, limit: int
    ) -> tuple[list[Entry], UUID | None]:
        """Entries that the reader may see, without the values of secrets, and where the next page begins."""
        whole_team = self._policy.may(reader, "secrets.read", Scope.team(reader.team_id))
        projects = await self._policy.visible_projects(reader, "secrets.read")
        if not whole_team and projects is not None and not projects:
            raise Denied(f"'{reader.name}' may not do this: the permission secrets.read is missing.")
        question = store.Filter(
            reader.team_id, whole_team, projects, wanted.level, wanted.project_id, wanted.scope_name, wanted.kind
        )
        async with self._database.transaction(reader.team_id) as tx:
            found = await store.page(tx, question, after, limit + 1)
        # a denial may hold for a single agent or task
        seen = [entry for entry in found[:limit] if self._may_see(reader, entry)]
        return seen, found[limit - 1].id if len(found) > limit else None

    async def get(self, reader: Principal, id_: UUID) -> Entry:
        """`NotFound` also for an entry that the reader may not see."""
        async with self._database.transaction(reader.team_id) as tx:
            found = await store.entry(tx, reader.team_id, id_)
        if found is None or not self._may_see(reader, found):
            raise NotFound(f"There is no entry {shown('sec', id_)} here.")
        return found

    async def history(self, reader: Principal, id_: UUID, limit: int, cursor: str) -> History:
        """Who set, used and was refused an entry; also of one that is deleted, for who may read all of the team."""
        whole_team = self._policy.may(reader, "secrets.read", Scope.team(reader.team_id))
        if not whole_team:
            await self.get(reader, id_)
        async with self._database.transaction(reader.team_id) as tx:
            versions = await store.versions(tx, reader.team_id, id_)
        resource = AuditFilter(resource=shown("sec", id_))
        entries, following = await self._log.page(reader.team_id, resource, limit, cursor)
        return History(versions, [entry_json(entry) for entry in entries], following)

    async def protection(self, reader: Principal, project_id: UUID | None) -> Protection:
        """What a change on this project (None: on the team's scope) demands."""
        scope = Scope.team(reader.team_id) if project_id is None else Scope.project(reader.team_id, project_id)
        if not self._policy.may(reader, "secrets.read", scope):
            raise Denied(f"'{reader.name}' may not do this: the permission secrets.read is missing.")
        async with self._database.transaction(reader.team_id) as tx:
            return await store.protection(tx, reader.team_id, project_id)

    def _may_see(self, reader: Principal, entry: Entry) -> bool:
        return self._policy.may(reader, "secrets.read", entry.scope)


def where_entry(entry: Entry) -> bytes:
    """The place of a secret: neither another entry's ciphertext nor one of a former version opens in it."""
    return envelope.place("mno secret", entry.scope.team_id, entry.id, entry.version)
