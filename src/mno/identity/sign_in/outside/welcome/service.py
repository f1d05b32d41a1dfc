"""Somebody whom a provider sent and who is let in for the first time: an account, a membership, a role."""

from typing import Protocol
from uuid import UUID

from mno.audit.service import Audit
from mno.identity.teams.members import store
from mno.identity.teams.model import Person
from mno.platform import clock
from mno.platform.database import Connection
from mno.platform.ids import new_id, shown
from mno.platform.principal import Principal


class Joining(Protocol):
    """Makes a person a member."""

    async def join(self, tx: Connection, actor: Principal, team_id: UUID, user_id: UUID) -> bool: ...


class Changes(Protocol):
    """Makes every process forget what it knows of a team's rights."""

    async def changed(self, tx: Connection, team_id: UUID) -> None: ...


class Welcome:
    """In the transaction of the sign-in: either all of it happens or nothing."""

    def __init__(self, joining: Joining, rights: Changes, audit: Audit) -> None:
        self._joining = joining
        self._rights = rights
        self._audit = audit

    async def welcome(
        self,
        tx: Connection,
        actor: Principal,
        *,
        user_id: UUID | None,
        name: str,
        email: str,
        team_id: UUID,
        role_id: UUID,
    ) -> UUID:
        """Makes the account (where `user_id` is None), the membership and the grant; the account's id.

        `Conflict` when somebody else took the address meanwhile.
        """
        if user_id is None:
            user_id = new_id()
            await store.insert_person(tx, Person(user_id, name, email, clock.now(), None, ""))
        await self._joining.join(tx, actor, team_id, user_id)
        await store.give_role(tx, team_id, user_id, role_id, None, shown("idp", actor.id))
        await self._rights.changed(tx, team_id)
        await self._audit.record(
            tx,
            actor,
            "members.create",
            shown("usr", user_id),
            name=name,
            after={"email": email, "role": shown("role", role_id)},
            team_id=team_id,
        )
        return user_id
