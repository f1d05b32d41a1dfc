"""The audit log as others use it: a change is recorded in its own transaction, a refusal beside it."""

import logging
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from mno.audit import store
from mno.audit.difference import difference
from mno.audit.model import HUB_CHAIN, NOBODY, NewEntry, Outcome, Payload
from mno.platform import origin
from mno.platform.database import Connection, Database
from mno.platform.errors import MnoError
from mno.platform.principal import Principal, PrincipalKind

_log = logging.getLogger(__name__)


class Audit:
    """Appends to the chains. Services get it in their constructor."""

    def __init__(self, database: Database) -> None:
        self._database = database

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
    ) -> None:
        """Writes down a change in the caller's transaction, so that both commit together.

        Call it last: it locks the head of the team's chain until the transaction ends. `before` and `after` are
        plain JSON without any secret; only what differs is kept. The entry goes to the actor's team unless
        `team_id` names another (`HUB_CHAIN` for what belongs to no team).
        """
        entry = entry_of(actor, action, resource, Outcome.DONE, name, detail, difference(before, after))
        await store.append(tx, actor.team_id if team_id is None else team_id, [entry])

    async def refused(
        self, actor: Principal | None, action: str, resource: str, *, team_id: UUID | None = None, detail: str
    ) -> None:
        """Writes down a refused attempt, in a transaction of its own; never raises."""
        team_id = team_id or (actor.team_id if actor else HUB_CHAIN)
        entry = entry_of(actor, action, resource, Outcome.REFUSED, "", detail, None)
        try:
            async with self._database.transaction(team_id) as tx:
                await store.append(tx, team_id, [entry])
        except MnoError as error:
            _log.warning("A refused attempt could not be written down: %s", error)


def entry_of(
    actor: Principal | None,
    action: str,
    resource: str,
    outcome: Outcome,
    name: str,
    detail: str,
    changes: dict[str, dict[str, Any]] | None,
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


def _person(actor: Principal | None) -> UUID:
    if actor is None:
        return NOBODY
    if actor.user_id is not None:
        return actor.user_id
    return actor.id if actor.kind is PrincipalKind.USER else NOBODY
