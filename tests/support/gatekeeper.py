"""Who may pass, for tests of routes: two keys of two teams, one without rights."""

from uuid import UUID

from mno.observability.spans.queries import Tenant
from mno.platform.errors import Unauthenticated
from mno.platform.principal import Principal, PrincipalKind


class Gatekeeper:
    """An `Authenticator` that knows the principals it was given."""

    def __init__(self, keys: dict[str, Principal], sessions: dict[str, Principal] | None = None) -> None:
        self._keys = keys
        self._sessions = sessions or {}

    async def principal_of_key(self, key: str) -> Principal:
        if key not in self._keys:
            raise Unauthenticated("This key is not known.")
        return self._keys[key]

    def forget_everybody(self) -> None:
        self._keys.clear()
        self._sessions.clear()

    async def principal_of_session(self, token: str) -> Principal:
        if token not in self._sessions:
            raise Unauthenticated("This session is not known.")
        return self._sessions[token]


def a_reader(tenant: Tenant, *permissions: str) -> Principal:
    """A key of this team and project with these permissions."""
    return Principal(
        PrincipalKind.API_KEY,
        UUID(int=1),
        "test key",
        UUID(tenant.team_id),
        UUID(tenant.project_id),
        frozenset(permissions),
    )
