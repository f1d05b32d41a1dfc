"""Who asked for something earlier, and what they may now: what happens later must not rest on what held then."""

from uuid import UUID

from mno.identity.keys.service import Keys
from mno.identity.policy.service import Policy
from mno.platform.errors import Unauthenticated
from mno.platform.principal import Principal, PrincipalKind


class Standing:
    """Of people and keys."""

    def __init__(self, keys: Keys, policy: Policy) -> None:
        self._keys = keys
        self._policy = policy

    async def now(self, team_id: UUID, project_id: UUID, kind: str, id_: UUID, name: str) -> Principal:
        """`Unauthenticated` for a key that does not work any more, and for somebody who left the team."""
        match PrincipalKind(kind):
            case PrincipalKind.API_KEY:
                return await self._keys.principal_of_id(team_id, id_)
            case PrincipalKind.USER:
                return await self._policy.user_principal(team_id, project_id, id_, name)
        raise Unauthenticated("What the program itself asked for is not done later.")
