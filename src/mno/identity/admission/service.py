"""An account that an invitation sets up gets its password and its first session from signing in; and who leaves a
team loses the sessions there. Approvals ask here who is in which group.
"""

from uuid import UUID

from mno.identity.policy import store as policy_store
from mno.identity.sign_in import model
from mno.identity.sign_in.model import Factor, SignedIn
from mno.identity.sign_in.service import SignIn
from mno.identity.sign_in.sessions.service import topic_of
from mno.identity.teams.model import Person
from mno.platform.database import Connection, Database
from mno.platform.versions import Versions


class Admission:
    """The `Accounts` of teams/ports.py, by the services of sign-in."""

    def __init__(self, sign_in: SignIn) -> None:
        self._sign_in = sign_in

    async def hashed(self, person: Person, password: str) -> str:
        known = model.Person(person.id, person.name, person.email, person.email_verified_at is not None)
        return await self._sign_in.passwords.hashed(known, password)

    async def keep_password(self, tx: Connection, user_id: UUID, hashed: str) -> None:
        await self._sign_in.passwords.keep(tx, user_id, hashed)

    async def open_session(self, tx: Connection, person: Person, team_id: UUID) -> SignedIn:
        return await self._sign_in.open_session(tx, person.id, team_id, (Factor.INVITATION,))


class SessionEndings:
    """The `Endings` of teams/ports.py: every process forgets the sessions when the transaction commits."""

    def __init__(self, versions: Versions) -> None:
        self._versions = versions

    async def sessions_ended(self, tx: Connection, user_id: UUID) -> None:
        await self._versions.bump(tx, topic_of(user_id))


class GroupsOfPeople:
    """What approvals ask: the groups that a person is in."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def groups_of(self, team_id: UUID, user_id: UUID) -> frozenset[UUID]:
        async with self._database.transaction(team_id) as tx:
            return frozenset(await policy_store.groups_of(tx, team_id, user_id))
