"""The audit log as others use it: a change is recorded in its own transaction, a refusal beside it."""

import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from mno.audit import store
from mno.audit.difference import difference
from mno.audit.model import HUB_CHAIN, NOBODY, NewEntry, Outcome, Payload
from mno.audit.refusals import Refusals
from mno.platform import origin
from mno.platform.database import Connection, Database
from mno.platform.errors import Denied
from mno.platform.ids import shown
from mno.platform.principal import Principal, PrincipalKind

_log = logging.getLogger(__name__)


class Audit:
    """Appends to the chains. Services get it in their constructor."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._refusals = Refusals(self.append)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Writes refused attempts in batches for as long as it is entered."""
        async with self._refusals.running():
            yield

    async def record(
        self,
        tx: Connection,
        actor: Principal,
        action: str,
        resource: str,
        *,
        name: str = "",
        before: Mapping[str, Any] | None = None,
        after: Mapping[str, Any] | None = None,
        team_id: UUID | None = None,
        detail: str = "",
        outcome: Outcome = Outcome.DONE,
    ) -> None:
        """Writes down a change in the caller's transaction, so that both commit together.

        Call it last: it locks the head of the team's chain until the transaction ends. `before` and `after` are
        plain JSON without any secret; only what differs is kept. The entry goes to the actor's team unless
        `team_id` names another (`HUB_CHAIN` for what belongs to no team).
        """
        entry = entry_of(actor, action, resource, outcome, name, detail, difference(before, after))
        await store.append(tx, actor.team_id if team_id is None else team_id, [entry])

    async def note(
        self, actor: Principal, action: str, resource: str, *, team_id: UUID | None = None, detail: str = ""
    ) -> None:
        """Writes down what changes nothing, such as an export, in a transaction of its own."""
        async with self._database.transaction(actor.team_id if team_id is None else team_id) as tx:
            await self.record(tx, actor, action, resource, team_id=team_id, detail=detail)

    async def refused(
        self, actor: Principal | None, action: str, resource: str, *, team_id: UUID | None = None, detail: str
    ) -> None:
        """Writes down a refused attempt, in a transaction of its own; never raises and never waits for one.

        The same refusal of the same actor is counted, see `refusals`. Outside of a running program (a test of one
        service) it is written before this returns.
        """
        try:
            entry = entry_of(actor, action, resource, Outcome.REFUSED, detail=detail)
            self._refusals.add(team_id or (actor.team_id if actor else HUB_CHAIN), entry)
            if not self._refusals.is_running:
                await self._refusals.flush(everything=True)
        except Exception:  # noqa: BLE001 - an answer that refuses must not fail for its entry
            _log.exception("A refused attempt could not be written down.")

    async def erase(self, actor: Principal, person_id: UUID, *, everywhere: bool = False) -> int:
        """Removes names, addresses, details and differences of everything a person did or that was done to them;
        the number of entries. In the actor's team, or in every chain.

        What happened stays (who by id, when, to what), and that it was erased is an entry itself.
        """
        if not actor.may("hub.settings.write" if everywhere else "team.write"):
            who = "an administrator of the hub may erase in every chain" if everywhere else "an owner of the team may"
            raise Denied(f"Only {who} erase what the audit log says about a person.")
        resource = shown("usr", person_id)
        erased = 0
        async with self._database.across_teams() as tx:
            chains = await store.chains_of_person(tx, person_id, resource) if everywhere else [actor.team_id]
        for team_id in chains:
            async with self._database.transaction(team_id) as tx:
                count = await store.erase_person(tx, team_id, person_id, resource)
                detail = f"{count} entries were erased."
                await self.record(tx, actor, "audit.erase", resource, team_id=team_id, detail=detail)
            erased += count
        return erased

    async def append(self, team_id: UUID, entries: Sequence[NewEntry]) -> None:
        """Writes down what was gathered (`entry_of`), in a transaction of its own."""
        async with self._database.transaction(team_id) as tx:
            await store.append(tx, team_id, entries)


def entry_of(
    actor: Principal | None,
    action: str,
    resource: str,
    outcome: Outcome,
    name: str = "",
    detail: str = "",
    changes: dict[str, dict[str, Any]] | None = None,
) -> NewEntry:
    """The entry for what happens in the present request."""
    here = origin.current()
    return NewEntry(
        actor_kind=str(actor.kind) if actor else "unknown",
        actor_id=actor.id if actor else NOBODY,
        person_id=_person(actor),
        action=action,
        resource=resource,
        outcome=outcome,
        trace_id=here.trace_id,
        payload=Payload(actor.name if actor else "", name, here.address, here.agent, detail, changes),
    )


def program(team_id: UUID, name: str) -> Principal:
    """The principal of the program's own work in a chain."""
    return Principal(PrincipalKind.PROGRAM, NOBODY, name, team_id, NOBODY, frozenset())


def _person(actor: Principal | None) -> UUID:
    if actor is None:
        return NOBODY
    if actor.user_id is not None:
        return actor.user_id
    return actor.id if actor.kind is PrincipalKind.USER else NOBODY
