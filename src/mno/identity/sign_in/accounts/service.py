"""What sign-in does for somebody who sets up an account by an invitation (the port of `identity/teams`)."""

from uuid import UUID

from mno.identity.sign_in.model import Factor
from mno.identity.sign_in.model import Person as Comer
from mno.identity.sign_in.passwords.service import Passwords
from mno.identity.sign_in.sessions.service import Sessions
from mno.identity.teams.model import Person
from mno.identity.teams.ports import Opened
from mno.platform.database import Connection


class Accounts:
    """A first password, and a first session."""

    def __init__(self, passwords: Passwords, sessions: Sessions) -> None:
        self._passwords = passwords
        self._sessions = sessions

    async def hashed(self, person: Person, password: str) -> str:
        """What is kept of a password; `Invalid` for one that is too weak. Slow, so outside of a transaction."""
        return await self._passwords.hashed(_comer(person), password)

    async def keep_password(self, tx: Connection, user_id: UUID, hashed: str) -> None:
        await self._passwords.keep(tx, user_id, hashed)

    async def open_session(self, tx: Connection, person: Person, team_id: UUID, project_id: UUID) -> Opened:
        """The invitation is the factor that was shown. `tx` sees the rows of all teams."""
        opened = await self._sessions.open(
            tx, _comer(person), (Factor.INVITATION,), team_id=team_id, project_id=project_id
        )
        return Opened(opened.token, opened.device)


def _comer(person: Person) -> Comer:
    return Comer(person.id, person.name, person.email, person.email_verified_at is not None)
