"""Changes of the runtime environment, and what they demand.

A change that needs a second person waits encrypted; whatever ends the request takes it out of the table in the
same transaction, so it is carried out once or never, and a refused value is gone.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from mno.approvals.model import Approval, Proposal
from mno.approvals.service import Approvals
from mno.audit.service import Audit
from mno.platform import clock
from mno.platform.database import Connection, Database
from mno.platform.errors import Conflict, Denied, Invalid, LimitExceeded, NotFound, VerificationRequired
from mno.platform.ids import new_id, shown
from mno.platform.principal import Principal, PrincipalKind
from mno.platform.scope import Level, Scope
from mno.platform.verification import freshly_verified_by_second_factor
from mno.secrets import envelope
from mno.secrets.keys.model import Sealed
from mno.secrets.keys.service import DataKeys
from mno.secrets.ports import Policy
from mno.secrets.runtime import rules, store
from mno.secrets.runtime.model import (
    MAX_ENTRIES_PER_TEAM,
    MAX_KEPT_VERSIONS,
    Changed,
    Entry,
    Kind,
    Protection,
    Wish,
)
from mno.secrets.runtime.service import where_entry
from mno.secrets.runtime.wire import audited, entry_id, place, place_id
from mno.secrets.secret import Secret

#: The kind of requests that wait for a second person.
CHANGE = "secrets.change"


class Changes:
    """One at a time in each team, so that the last word on a name is clear."""

    def __init__(self, database: Database, keys: DataKeys, audit: Audit, policy: Policy, approvals: Approvals) -> None:
        self._database = database
        self._keys = keys
        self._audit = audit
        self._policy = policy
        self._approvals = approvals
        approvals.on_decided(CHANGE, self._decided)

    async def set(self, writer: Principal, wish: Wish) -> Changed:
        """Adds or changes an entry, or asks a second person to let it.

        `Denied` without `secrets.write` there, `VerificationRequired` where a fresh second factor is demanded,
        `Conflict` when the entry is not the one that the change is based on, `LimitExceeded`, `Invalid`.
        """
        wish = _checked(wish)
        await self._permit(writer, wish.scope, "secrets.set")
        async with self._database.transaction(writer.team_id) as tx:
            await store.lock_scope(tx, writer.team_id)
            before = await store.named(tx, wish.scope, wish.name)
            _check_base(before, wish)
            if before is None:
                await self._check_room(tx, wish.scope)
            protection = await store.protection(tx, writer.team_id, wish.scope.project_id)
            demanded = await self._factor(writer, protection)
            if demanded is None:
                if protection.second_person:
                    return Changed(approval_id=await self._ask_to_set(tx, writer, wish, before, protection))
                return Changed(entry=await self._set(tx, writer, wish, before))
        return await self._refuse(writer, wish.scope, "secrets.set", demanded)

    async def delete(self, writer: Principal, id_: UUID, version: int | None = None) -> Changed:
        """Deletes an entry with its value, or asks a second person to let it. Errors as of `set`."""
        async with self._database.transaction(writer.team_id) as tx:
            found = await store.entry(tx, writer.team_id, id_)
        if found is None or not self._policy.may(writer, "secrets.read", found.scope):
            raise NotFound(f"There is no entry {shown('sec', id_)} here.")
        await self._permit(writer, found.scope, "secrets.delete")
        async with self._database.transaction(writer.team_id) as tx:
            await store.lock_scope(tx, writer.team_id)
            entry = await self._locked(tx, writer.team_id, id_, version)
            protection = await store.protection(tx, writer.team_id, entry.scope.project_id)
            demanded = await self._factor(writer, protection)
            if demanded is None:
                if protection.second_person:
                    return Changed(approval_id=await self._ask_to_delete(tx, writer, entry, protection))
                await self._delete(tx, writer, entry)
                return Changed()
        return await self._refuse(writer, found.scope, "secrets.delete", demanded)

    async def protect(self, writer: Principal, wanted: Protection) -> tuple[Protection, UUID | None]:
        """Sets what changes demand on a project or on the team's scope; taking the second person away needs one.

        Whoever demands a fresh factor must have one, so that nobody locks themselves out by mistake.
        """
        team = writer.team_id
        scope = Scope.team(team) if wanted.project_id is None else Scope.project(team, wanted.project_id)
        await self._permit(writer, scope, "secrets.protect")
        async with self._database.transaction(team) as tx:
            await store.lock_scope(tx, team)
            await self._check_project(tx, scope)
            before = await store.protection(tx, team, wanted.project_id)
            demanded = await self._factor(writer, before if before.fresh_factor else wanted)
            if demanded is None:
                if before.second_person and not (wanted.second_person and wanted.fresh_factor >= before.fresh_factor):
                    return before, await self._ask_to_protect(tx, writer, scope, wanted, before)
                return await self._protect(tx, writer, wanted, before), None
        await self._refuse(writer, scope, "secrets.protect", demanded)
        raise AssertionError("a refusal raises")

    # — who may, and with what —

    async def _permit(self, writer: Principal, scope: Scope, action: str) -> None:
        if not self._policy.may(writer, "secrets.write", scope):
            error = Denied(f"'{writer.name}' may not do this: the permission secrets.write is missing there.")
            await self._refuse(writer, scope, action, error)

    async def _refuse(self, writer: Principal, scope: Scope, action: str, error: Denied) -> Changed:
        detail = f"{place(scope)}: {error}"
        await self._audit.refused(writer, action, place_id(scope), team_id=writer.team_id, detail=detail)
        raise error

    async def _factor(self, writer: Principal, protection: Protection) -> VerificationRequired | None:
        """What is missing, where a fresh second factor is demanded."""
        if protection.fresh_factor:
            try:
                freshly_verified_by_second_factor(writer)
            except VerificationRequired as error:
                return error
        return None

    async def _check_room(self, tx: Connection, scope: Scope) -> None:
        await self._check_project(tx, scope)
        if await store.count(tx, scope.team_id) >= MAX_ENTRIES_PER_TEAM:
            raise LimitExceeded(f"A team may have {MAX_ENTRIES_PER_TEAM} entries; delete some first.")

    async def _check_project(self, tx: Connection, scope: Scope) -> None:
        if scope.project_id is not None and not await store.project_exists(tx, scope.team_id, scope.project_id):
            raise NotFound(f"There is no project {shown('prj', scope.project_id)} in this team.")

    async def _locked(self, tx: Connection, team_id: UUID, id_: UUID, version: int | None) -> Entry:
        entry = await store.entry(tx, team_id, id_, lock=True)
        if entry is None:
            raise NotFound(f"There is no entry {shown('sec', id_)} here.")
        if version is not None and version != entry.version:
            raise Conflict(f"The entry has version {entry.version} by now; look at it again.")
        return entry

    # — asking a second person —

    async def _ask_to_set(
        self, tx: Connection, writer: Principal, wish: Wish, before: Entry | None, protection: Protection
    ) -> UUID:
        change: dict[str, Any] = {
            "level": str(wish.scope.level),
            "project": str(wish.scope.project_id) if wish.scope.project_id else None,
            "scope_name": wish.scope.name,
            "name": wish.name,
            "kind": str(wish.kind),
            "purpose": wish.purpose,
            "id": entry_id(before) if before else None,
            "version": before.version if before else 0,
        }
        plain = wish.value.reveal() if wish.kind is Kind.VARIABLE and wish.value is not None else None
        told = change | {"action": "set", "new_value": wish.value is not None}
        if plain is not None:
            told["value"] = plain
        verb = "Change" if before else "Add"
        proposal = _proposal(wish.scope, f"{verb} the {wish.kind} {wish.name}", told, protection)
        approval = await self._approvals.ask(tx, writer, proposal)
        sealed = None
        if wish.kind is Kind.SECRET and wish.value is not None:
            place_ = where_pending(writer.team_id, approval.id)
            sealed = await self._keys.seal(tx, writer.team_id, wish.value.reveal().encode(), place_)
        pending = store.Pending(approval.id, writer.team_id, "set", change, plain, sealed)
        await store.add_pending(tx, pending, clock.now())
        return approval.id

    async def _ask_to_delete(self, tx: Connection, writer: Principal, entry: Entry, protection: Protection) -> UUID:
        change = {"id": str(entry.id), "version": entry.version}
        told = {"action": "delete", "id": entry_id(entry), "name": entry.name, "kind": str(entry.kind)}
        proposal = _proposal(entry.scope, f"Delete the {entry.kind} {entry.name}", told, protection)
        approval = await self._approvals.ask(tx, writer, proposal)
        pending = store.Pending(approval.id, writer.team_id, "delete", change, None, None)
        await store.add_pending(tx, pending, clock.now())
        return approval.id

    async def _ask_to_protect(
        self, tx: Connection, writer: Principal, scope: Scope, wanted: Protection, before: Protection
    ) -> UUID:
        change = {
            "project": str(wanted.project_id) if wanted.project_id else None,
            "second_person": wanted.second_person,
            "fresh_factor": wanted.fresh_factor,
        }
        title = "Demand less for changes of secrets"
        approval = await self._approvals.ask(
            tx, writer, _proposal(scope, title, change | {"action": "protect"}, before)
        )
        pending = store.Pending(approval.id, writer.team_id, "protect", change, None, None)
        await store.add_pending(tx, pending, clock.now())
        return approval.id

    async def _decided(self, tx: Connection, approval: Approval) -> None:
        """Carries out what was approved, or forgets it; in the transaction of the decision."""
        pending = await store.take_pending(tx, approval.team_id, approval.id)
        if pending is None or not approval.allowed:
            return
        actor, team = _asker(approval), approval.team_id
        await store.lock_scope(tx, team)
        note = _decision(approval)
        match pending.action:
            case "set":
                wish = await self._wish(tx, pending)
                before = await store.named(tx, wish.scope, wish.name)
                _check_base(before, wish)
                if before is None:
                    await self._check_room(tx, wish.scope)
                elif pending.change.get("id") != entry_id(before):
                    raise Conflict("The entry was deleted, and another one has its name by now; ask anew.")
                await self._set(tx, actor, wish, before, note)
            case "delete":
                entry = await self._locked(tx, team, UUID(pending.change["id"]), pending.change["version"])
                await self._delete(tx, actor, entry, note)
            case _:
                wanted = Protection(
                    UUID(pending.change["project"]) if pending.change["project"] else None,
                    pending.change["second_person"],
                    pending.change["fresh_factor"],
                )
                before_ = await store.protection(tx, team, wanted.project_id)
                await self._protect(tx, actor, wanted, before_, note)

    async def _wish(self, tx: Connection, pending: store.Pending) -> Wish:
        change, value = pending.change, None
        if pending.sealed is not None:
            place_ = where_pending(pending.team_id, pending.approval_id)
            value = Secret((await self._keys.open(tx, pending.sealed, place_)).decode())
        elif pending.plain is not None:
            value = Secret(pending.plain)
        project = UUID(change["project"]) if change["project"] else None
        scope = Scope(Level(change["level"]), pending.team_id, project, change["scope_name"])
        return Wish(scope, change["name"], Kind(change["kind"]), change["purpose"], value, change["version"])

    # — the changes themselves, inside a transaction —

    async def _set(self, tx: Connection, actor: Principal, wish: Wish, before: Entry | None, note: str = "") -> Entry:
        after = _entry_after(before, wish, actor.name, clock.now())
        if wish.value is None:
            await store.set_purpose(tx, after)
        else:
            sealed: Sealed | None = None
            if after.kind is Kind.SECRET:
                plain = wish.value.reveal().encode()
                sealed = await self._keys.seal(tx, after.scope.team_id, plain, where_entry(after))
            await store.save(tx, after, sealed)
            await store.add_version(tx, after, MAX_KEPT_VERSIONS)
        await self._audit.record(
            tx,
            actor,
            "secrets.create" if before is None else "secrets.change",
            entry_id(after),
            name=after.name,
            before=audited(before) if before else None,
            after=audited(after),
            team_id=after.scope.team_id,
            detail=note,
        )
        return after

    async def _delete(self, tx: Connection, actor: Principal, entry: Entry, note: str = "") -> None:
        await store.delete(tx, entry.scope.team_id, entry.id)
        await self._audit.record(
            tx,
            actor,
            "secrets.delete",
            entry_id(entry),
            name=entry.name,
            before=audited(entry),
            team_id=entry.scope.team_id,
            detail=note,
        )

    async def _protect(
        self, tx: Connection, actor: Principal, wanted: Protection, before: Protection, note: str = ""
    ) -> Protection:
        after = replace(wanted, updated_at=clock.now(), updated_by=actor.name)
        await store.save_protection(tx, actor.team_id, after)
        resource = shown("prj", after.project_id) if after.project_id else shown("team", actor.team_id)
        await self._audit.record(
            tx, actor, "secrets.protect", resource, before=_demands(before), after=_demands(after), detail=note
        )
        return after


def where_pending(team_id: UUID, approval_id: UUID) -> bytes:
    """The place of a value that waits for a second person."""
    return envelope.place("mno waiting secret", team_id, approval_id)


def _checked(wish: Wish) -> Wish:
    rules.check_scope(wish.scope)
    rules.check_name(wish.name)
    if wish.value is not None:
        rules.check_value(wish.value.reveal())
    return replace(wish, purpose=rules.check_purpose(wish.purpose))


def _check_base(before: Entry | None, wish: Wish) -> None:
    """Whether the change fits what is there now."""
    present = before.version if before else 0
    if wish.version is not None and wish.version != present:
        what = f"has version {present} by now" if before else "is not there (any more)"
        raise Conflict(f"The entry {what}; look at it again.")
    if wish.value is None and (before is None or before.kind is not wish.kind):
        raise Invalid("A new entry, and one that becomes a secret or a variable, needs a value.")


def _entry_after(before: Entry | None, wish: Wish, by: str, now: datetime) -> Entry:
    plain = wish.value.reveal() if wish.value is not None and wish.kind is Kind.VARIABLE else None
    if before is None:
        return Entry(new_id(), wish.scope, wish.name, wish.kind, wish.purpose, 1, plain, now, by, now, by)
    if wish.value is None:
        return replace(before, purpose=wish.purpose)
    return replace(
        before,
        kind=wish.kind,
        purpose=wish.purpose,
        version=before.version + 1,
        plain=plain,
        rotated_at=now,
        rotated_by=by,
    )


def _proposal(scope: Scope, title: str, told: dict[str, Any], protection: Protection) -> Proposal:
    return Proposal(CHANGE, title, told, scope, needs_fresh_factor=protection.fresh_factor)


def _asker(approval: Approval) -> Principal:
    """Who asked, for the audit entry of what was then allowed."""
    asker = approval.asked_by
    project = approval.proposal.scope.project_id or UUID(int=0)
    return Principal(
        PrincipalKind(asker.kind), asker.id, asker.name, approval.team_id, project, frozenset(), user_id=asker.person
    )


def _decision(approval: Approval) -> str:
    people = ", ".join(vote.name for vote in approval.votes)
    return f"{shown('apr', approval.id)} approved by {people}" if people else shown("apr", approval.id)


def _demands(protection: Protection) -> dict[str, bool]:
    return {"second_person": protection.second_person, "fresh_factor": protection.fresh_factor}
