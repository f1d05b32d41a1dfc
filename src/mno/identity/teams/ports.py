"""What teams need from others, satisfied in bootstrap."""

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from mno.identity.sign_in.model import SignedIn
from mno.identity.teams.model import Person
from mno.platform.database import Connection
from mno.platform.facts import Fact
from mno.platform.principal import Principal
from mno.platform.scope import Scope


class Rights(Protocol):
    """The policy, as far as teams ask it."""

    async def may_anywhere(self, principal: Principal, permission: str, scope: Scope) -> bool:
        """Also about a team in which the principal does not act at the moment."""
        ...

    async def require_grantable(self, tx: Connection, principal: Principal, role_id: UUID, scope: Scope) -> None:
        """`NotFound` for a role that the team does not have, `Denied` when it allows more than the principal may."""
        ...

    async def require_group_grantable(
        self, tx: Connection, principal: Principal, group_id: UUID, *, denials: bool = True
    ) -> None:
        """`Denied` when the group's roles allow (or deny) more than the principal may."""
        ...

    async def require_may_put_into(self, tx: Connection, principal: Principal, group_id: UUID, user_id: UUID) -> None:
        """The same, and `Denied` when that would deny an Owner something who is more than the principal."""
        ...

    async def require_owner_left(self, tx: Connection, team_id: UUID) -> None:
        """`Conflict` when no active Owner is left in this transaction; holds off others that ask the same."""
        ...

    async def changed(self, tx: Connection, team_id: UUID) -> None:
        """Makes every process forget what it knows of the team's grants, groups, members and keys."""
        ...

    async def visible_projects(self, principal: Principal) -> Sequence[UUID] | None:
        """The projects of its team that the principal may see; None for all of them."""
        ...


class Endings(Protocol):
    """Makes every process forget the sessions of a person that end in the caller's transaction."""

    async def sessions_ended(self, tx: Connection, user_id: UUID) -> None: ...


class Facts(Protocol):
    """Tells others what happened, in the transaction of the change."""

    async def publish(self, tx: Connection, fact: Fact) -> None: ...


class Accounts(Protocol):
    """What sign-in does for somebody who sets up an account by an invitation."""

    async def hashed(self, person: Person, password: str) -> str:
        """What is kept of a password; `Invalid` for one that is too weak. Slow, so outside of a transaction."""
        ...

    async def keep_password(self, tx: Connection, user_id: UUID, hashed: str) -> None: ...

    async def open_session(self, tx: Connection, person: Person, team_id: UUID) -> SignedIn:
        """The invitation is the factor that was shown."""
        ...


class Letters(Protocol):
    """Sends e-mail, where a mail server is set."""

    def is_on(self) -> bool: ...

    async def send(self, to: str, subject: str, text: str, language: str = "en") -> None:
        """`Unavailable` when the mail server does not take it."""
        ...


class Preferences(Protocol):
    """Settings that may change while the program runs."""

    def value(self, name: str, team_id: UUID) -> object: ...
