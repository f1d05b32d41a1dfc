"""Rotations: a new key is made at once and encrypts everything new; what is old follows in batches.

Every value names its key, so readers never wait and never miss. A background task carries each rotation (it goes
on after a crash, platform/tasks.py); doing a batch twice changes nothing. An old key is deleted only when nothing
refers to it: for values in our tables the database refuses otherwise, for values that other features keep sealed
their walks have passed twice, the second time long after the last process stopped sealing with it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from mno.audit.service import Audit
from mno.platform import clock
from mno.platform.database import Connection, Database
from mno.platform.errors import Conflict, Denied, MnoError, Unavailable
from mno.platform.ids import new_id, shown
from mno.platform.principal import Principal
from mno.platform.scope import Level, Scope
from mno.platform.tasks import Tasks
from mno.secrets.changes.service import where_pending
from mno.secrets.keys import store as keys_store
from mno.secrets.keys.model import HUB, DataKey, Sealed
from mno.secrets.keys.service import where_key
from mno.secrets.own import store as own_store
from mno.secrets.own.service import where_own
from mno.secrets.ports import Policy
from mno.secrets.rotation import store
from mno.secrets.rotation.model import (
    MAX_LISTED_ROTATIONS,
    MAX_ROTATED_AT_ONCE,
    Rotation,
    RotationKind,
    RotationState,
)
from mno.secrets.runtime import store as runtime_store
from mno.secrets.runtime.service import where_entry
from mno.secrets.service import Secrets

TASK = "secrets.rotate"
#: For how long a transaction may still commit what was sealed before its key was replaced, in seconds.
SEAL_GRACE_S = 30.0
_FIRST = UUID(int=0)

#: Encrypts the next values of a team anew; how many there were.
Batch = Callable[[Connection, UUID, DataKey], Awaitable[int]]


class Rotations:
    """Of all teams, the hub (`UUID(int=0)`) and the master key."""

    def __init__(
        self,
        database: Database,
        secrets: Secrets,
        audit: Audit,
        policy: Policy,
        tasks: Tasks,
        *,
        grace_s: float = SEAL_GRACE_S,
    ) -> None:
        self._database = database
        self._secrets = secrets
        self._keys = secrets.keys
        self._audit = audit
        self._policy = policy
        self._tasks = tasks
        self._grace_s = grace_s
        tasks.register(TASK, self._work)

    # — asking for one —

    async def rotate_data_key(self, principal: Principal) -> Rotation:
        """A new data key for the principal's team. `Denied` without `secrets.write` in the team, `Conflict` while
        another rotation of it runs.
        """
        await self._permit(principal, "secrets.write", Scope.team(principal.team_id))
        return await self._begin(principal, principal.team_id, RotationKind.DATA_KEY)

    async def rotate_hub_data_key(self, principal: Principal) -> Rotation:
        """The same for the hub's own credentials and sealed values, with `hub.settings.write`."""
        await self._permit(principal, "hub.settings.write", _hub(principal))
        return await self._begin(principal, HUB, RotationKind.DATA_KEY)

    async def rotate_master_key(self, principal: Principal) -> Rotation:
        """Wraps every data key under a new master key: one that is made now in the data folder's file, or the first
        that MNO_MASTER_KEY names. Takes `hub.settings.write`.
        """
        await self._permit(principal, "hub.settings.write", _hub(principal))
        return await self._begin(principal, HUB, RotationKind.MASTER_KEY)

    async def rotations(self, principal: Principal) -> list[Rotation]:
        """Of the team, and for who may read the hub's settings of the hub; the newest first."""
        may_team = self._policy.may(principal, "secrets.read", Scope.team(principal.team_id))
        may_hub = self._policy.may(principal, "hub.settings.read", _hub(principal))
        if not may_team and not may_hub:
            raise Denied(f"'{principal.name}' may not do this: the permission secrets.read is missing.")
        found: list[Rotation] = []
        for team_id, may in ((principal.team_id, may_team), (HUB, may_hub)):
            if may:
                async with self._database.transaction(team_id) as tx:
                    found += await store.rotations(tx, team_id, MAX_LISTED_ROTATIONS)
        return sorted(found, key=lambda one: one.id, reverse=True)[:MAX_LISTED_ROTATIONS]

    async def _permit(self, principal: Principal, permission: str, scope: Scope) -> None:
        if not self._policy.may(principal, permission, scope):
            detail = f"The permission {permission} is missing."
            await self._audit.refused(principal, "secrets.rotate", _resource(scope.team_id), detail=detail)
            raise Denied(f"'{principal.name}' may not do this: the permission {permission} is missing.")

    async def _begin(self, principal: Principal, team_id: UUID, kind: RotationKind) -> Rotation:
        await self._keys.ready()
        rotation = Rotation(new_id(), team_id, kind, RotationState.RUNNING, 0, "", clock.now(), principal.name)
        async with self._database.transaction(team_id) as tx:
            if not await store.insert(tx, rotation):
                raise Conflict("A rotation of this key runs already; wait for its end.")
            if kind is RotationKind.DATA_KEY:
                newest = await self._keys.newest(tx, team_id)
                if not await keys_store.insert(tx, await self._keys.made(team_id, newest.version + 1)):
                    raise Conflict("Another rotation of this key has begun at the same time.")
                if team_id == HUB:
                    await self._secrets.announce_hub_keys(tx)
            await self._tasks.defer(tx, TASK, {"id": str(rotation.id), "team": str(team_id)}, one_running=TASK)
            # what belongs to no team stands in the hub's chain
            await self._audit.record(
                tx, principal, "secrets.rotate", _resource(team_id), name=str(kind), team_id=team_id
            )
        return rotation

    # — carrying it out —

    async def _work(self, args: dict[str, Any]) -> None:
        """The task: from the beginning or from where another process was cut off."""
        id_, team_id = UUID(args["id"]), UUID(args["team"])
        async with self._database.transaction(team_id) as tx:
            rotation = await store.rotation(tx, id_)
        if rotation is None or rotation.state is not RotationState.RUNNING:
            return
        try:
            if rotation.kind is RotationKind.MASTER_KEY:
                await self._rewrap(rotation)
            else:
                await self._renew(rotation)
        except Unreadable as error:
            await self._end(rotation, RotationState.FAILED, str(error))
        else:
            await self._end(rotation, RotationState.DONE, "")

    async def _end(self, rotation: Rotation, state: RotationState, error: str) -> None:
        async with self._database.transaction(rotation.team_id) as tx:
            await store.end(tx, rotation.id, state, error, clock.now())

    async def _renew(self, rotation: Rotation) -> None:
        """Every value under the newest data key, then no older key."""
        team_id = rotation.team_id
        async with self._database.transaction(team_id) as tx:
            newest = await self._keys.newest(tx, team_id)
        if team_id == HUB:
            # until then other processes seal with the older one
            await asyncio.sleep(2 * self._secrets.spread_s)
            await self._walk(newest)
        while True:
            await self._batches(rotation, newest)
            if team_id == HUB:
                left = newest.created_at + timedelta(seconds=self._grace_s) - clock.now()
                await asyncio.sleep(max(0.0, left.total_seconds()))
                await self._walk(newest)
            async with self._database.transaction(team_id) as tx:
                deleted = await keys_store.delete_older(tx, team_id, newest.version)
                if deleted and team_id == HUB:
                    await self._secrets.announce_hub_keys(tx)
            if deleted:
                self._keys.forget()
                return

    async def _batches(self, rotation: Rotation, newest: DataKey) -> None:
        batches: tuple[Batch, ...] = (self._entries, self._waiting, self._own)
        for batch in batches:
            while True:
                async with self._database.transaction(rotation.team_id) as tx:
                    count = await batch(tx, rotation.team_id, newest)
                    await store.add_done(tx, rotation.id, count)
                if count == 0:
                    break

    async def _walk(self, newest: DataKey) -> None:
        """Has every feature seal anew what it keeps; `Unavailable` (so the task is tried again) before we can."""
        if self._secrets.sealer.newest != newest.id:
            await self._secrets.load_hub_keys()
        for kind, walk in self._secrets.sealer.walks.items():
            try:
                await walk(self._secrets.sealer.reseal)
            except Unavailable as error:
                raise Unreadable(f"Sealed values of '{kind}' could not be read: {error}") from None

    async def _entries(self, tx: Connection, team_id: UUID, newest: DataKey) -> int:
        found = await runtime_store.outdated(tx, team_id, newest.id, MAX_ROTATED_AT_ONCE)
        for entry, sealed in found:
            anew = await self._anew(tx, sealed, where_entry(entry), newest, shown("sec", entry.id))
            await runtime_store.replace_ciphertext(tx, entry.id, anew)
        return len(found)

    async def _waiting(self, tx: Connection, team_id: UUID, newest: DataKey) -> int:
        found = await runtime_store.outdated_pending(tx, team_id, newest.id, MAX_ROTATED_AT_ONCE)
        for one in found:
            assert one.sealed is not None
            place = where_pending(team_id, one.approval_id)
            anew = await self._anew(tx, one.sealed, place, newest, shown("apr", one.approval_id))
            await runtime_store.replace_pending_ciphertext(tx, one.approval_id, anew)
        return len(found)

    async def _own(self, tx: Connection, team_id: UUID, newest: DataKey) -> int:
        found = await own_store.outdated(tx, team_id, newest.id, MAX_ROTATED_AT_ONCE)
        for name, sealed in found:
            anew = await self._anew(tx, sealed, where_own(team_id, name), newest, name)
            await own_store.write(tx, team_id, name, anew, clock.now())
        return len(found)

    async def _anew(self, tx: Connection, sealed: Sealed, place: bytes, newest: DataKey, what: str) -> Sealed:
        try:
            plain = await self._keys.open(tx, sealed, place)
        except MnoError as error:
            raise Unreadable(f"{what} could not be read, so its old key stays. Set it anew. {error}") from None
        return await self._keys.seal_with(newest, plain, place)

    async def _rewrap(self, rotation: Rotation) -> None:
        """Every data key of every team under the current master key, then no older line in the file."""
        ring = self._keys.ring
        await self._keys.ready()
        current = ring.current  # where it is missing, a new one would only hide that
        if ring.is_file and not await self._has_renewed(rotation):
            await ring.renew()
            current = ring.current
        while True:
            async with self._database.across_teams() as tx:
                found = await keys_store.under_others(tx, current.id, MAX_ROTATED_AT_ONCE)
                for key in found:
                    place = where_key(key.id, key.team_id, key.version)
                    try:
                        plain = await ring.by_id(key.master).unwrap(key.wrapped, place)
                    except MnoError as error:
                        raise Unreadable(f"A data key could not be read: {error}") from None
                    await keys_store.rewrap(tx, key.id, current.id, await current.wrap(plain, place))
                await store.add_done(tx, rotation.id, len(found))
            if not found:
                break
        await ring.drop_all_but_current()

    async def _has_renewed(self, rotation: Rotation) -> bool:
        """Whether this rotation made its key already, before it was cut off: the file is newer than it."""
        made_at = await asyncio.to_thread(self._keys.ring.file_changed_at)
        return made_at is not None and made_at >= rotation.created_at


class Unreadable(Exception):  # noqa: N818 - like the names of our errors; it never leaves this module
    """Something cannot be decrypted, and trying again will not help: the old key stays, and the rotation says so."""


def _hub(principal: Principal) -> Scope:
    return Scope(Level.HUB, principal.team_id)


def _resource(team_id: UUID) -> str:
    return "hub" if team_id == HUB else shown("team", team_id)
